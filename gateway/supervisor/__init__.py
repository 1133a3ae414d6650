"""The supervisor: plans, starts and watches the shards, and asks the venue's REST for them."""
