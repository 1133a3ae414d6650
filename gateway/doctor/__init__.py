"""``gateway doctor``: looks at everything a gateway needs, and says what mends what is wrong.

    visit         all checks at once, bounded in time; findings in the order they come
    ├── state_files   the folder for state: bans, attempts, spent weight   → judge
    ├── place         the run directory: file system, room, other gateways  → judge
    ├── readers       whether who asks can read the gateway that runs
    ├── secrets       credentials that others could read
    ├── host_clock    whether the kernel's clock is synchronised            → judge
    ├── venue         the venue's clock, what it lists
    ├── addresses     hosts by TCP and TLS                                  → judge_venue
    └── routes        frames, really received                              → judge_venue
    findings      what a check says, and the exit code of them all; pure, as judge… are

A check changes nothing here or there. What it asks of the venue is counted as a gateway's own: REST
weight by ``rest``, connections by the gate in the state directory; while one of them says no,
nothing is asked. RLIMIT_MEMLOCK is not looked at: no part of a gateway locks memory.
"""
