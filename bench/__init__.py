"""Benchmarks: one file a question, each with a toy size that the tests run. See README.md."""
