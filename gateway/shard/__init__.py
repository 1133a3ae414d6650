"""One shard: a process that owns some instruments, their connections and one segment.

Data path: link (picows listener) -> gateway.core (decode, state, shared memory) -> publisher
(ZeroMQ). A connection has two links, so that one can replace the other without a break. Beside it:
rows (what the segment holds), books (snapshots), widening (finer exponents), permits (leave to
connect), dial (how). Pure rules: subscribe, pacing, liveness, rotation, silence, lag, refusal,
address, backoff, topics, resync, precision, strangers. ``carrier`` brings the plan and its changes
into force; ``worker`` joins everything.
"""
