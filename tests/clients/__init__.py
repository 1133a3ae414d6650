"""Tests of the readers in clients/, against a test writer of their own."""
