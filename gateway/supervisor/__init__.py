"""The supervisor: decides what is carried, starts and watches the shards, and answers them.

Which way things go; what stands in brackets are the rules of the file before it, pure::

    service          the life of it all: ask the venue what it lists, run, reload, stop
    │   check        what is said of a configuration
    running          everything that works meanwhile, wired together
    │
    │   WHAT IS WANTED
    ├── control      bytes of the control socket (admission: who may ask how often)
    │   └── clerk    serves the requests (requests: the protocol; snapshots: books as JSON)
    ├── consumers    what ZeroMQ subscribers ask for (demand)
    ├── listings     what the venue lists, halts and delists (looks: when to look)
    │   └── catalogue    exchangeInfo of every market, fetched
    │   all of which change, through one door
    ├── steward      what is to be carried now, and who is told of it
    │   │            (subscriptions: of whom; rules: what was asked at run time)
    │   SHARDS
    ├── fleet        keeps the processes running (restart: when one starts anew)
    │   ├── child    one process and its channel
    │   └── heartbeat    whether its loop stands still
    ├── desk         answers what they ask: snapshots, history, instruments
    │   │            (cold_start: how long the first snapshots take)
    │   └── gate     leave to connect (attempts: one count for all gateways of a user)
    │   WHAT OTHERS READ
    ├── manifest     manifest.json: what runs where
    ├── notify       what systemd is told
    ├── memory       what the C library keeps of memory that is free
    ├── metrics      a folder of its own: /metrics, /healthz, /readyz
    └── rate_keeper  counts messages for the plan of the next start (rates)
"""
