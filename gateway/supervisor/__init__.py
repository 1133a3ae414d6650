"""The supervisor: decides what is carried, starts and watches the shards, and answers them."""
