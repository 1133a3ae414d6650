"""One shard: a process that owns some instruments, their connections and one segment.

Data path: connection (picows listener) -> gateway.core (decode, state, shared memory) -> publisher
(ZeroMQ). Beside it: resync (snapshots), and the pure rules subscribe, backoff, liveness, precision.
``worker`` alone joins them.
"""
