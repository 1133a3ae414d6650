"""One shard: a process that owns some instruments, their connections and one segment.

Data path: link (picows listener) -> gateway.core (decode, state, shared memory) -> publisher
(ZeroMQ). A connection has two links, so that one can replace the other without a break. Beside it:
rows (what the segment holds), books (first snapshots), looks (deeper ones, and audits), refill
(missed events), refresh (latest values of quiet streams), dump (whole books for late joiners),
widening (finer exponents), permits (leave to connect), dial (how). Pure rules: subscribe, pacing,
liveness, rotation, silence, lag, refusal, address, backoff, topics, precision, strangers; calls
(places for REST calls by need), depths, resync, deepening, audit, looking (second looks in
progress), backfill, refreshing. ``carrier`` brings the plan and its changes into force; ``worker``
joins everything.
"""
