"""What monitoring reads over HTTP: /metrics, /healthz and /readyz.

The way of a scrape; what stands in brackets is pure::

    server        HTTP on one address: bounded, one reading at a time, in a thread
    ├── reader    shared memory, as any reader sees it → (readings)
    │   ├── (families)    readings and the supervisor's own status → metrics
    │   │   └── (buckets)     log-linear latencies → bounds that all shards share
    │   └── (health)      readings → well or not, and why
    └── (exposition)      metrics → text

Series are bounded by what is configured, never by what the venue lists: ten thousand streams are
counted by market, kind and what they do. A series for each would be the largest part of a
Prometheus server's memory, and would end and begin with every listing. ``gateway status --json``
and ``gateway top`` name the stream that a count is about.
"""
