"""What people look at: a gateway read again and again from shared memory, and what changed between.

For every way to show it, in a terminal or a browser; what stands in brackets is pure::

    watcher        shared memory, as any reader sees it → (readings), and one book at a time
    ├── places     which slot of an instrument lies where; made anew when anything moves
    ├── streams    directory of streams → what the streams of each instrument say together
    └── supervisor the supervisor's own status, asked for now and then in a thread
    (changes)      two readings → rates, latencies of the time between, a row for each instrument
    ├── (stages)   difference and sum of log-linear histograms, percentiles
    ├── (rows)     rows sorted and filtered
    └── (states)   which of several states a person should see
    (ladder)       a book → levels with cumulated quantities, spread, imbalance

No process of the gateway is asked for data: looking costs it nothing. A shard or the whole gateway
may end, hang or start anew between two readings; that is a state in the next one.
"""
