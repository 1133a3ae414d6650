"""A Binance one can point any client at: recorded or generated markets, on loopback.

It knows the true book at every update id, so that tests can judge what a reader saw. The rules are
pure (names, truth, tape, timeline, replay, market, session, heartbeat, faults and others know no
socket and no clock); ``server``, ``rest`` and ``control`` are thin shells, joined by ``simulator``.
It stands for the venue alone and uses nothing of the gateway but its errors.

::

    captures -> timeline -> player  \\                     / server    WebSocket clients
                                     > hub (who gets what) <
    listing -> exchange -> generator /                     \\ rest, control   HTTP clients
"""
