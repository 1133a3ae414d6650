"""A Binance one can point any client at: recorded or generated markets, on loopback.

It knows the true book at every update id, so that tests can judge what a reader saw, and enforces
the venue's limits, so that tests can say that a client kept them: ``violations`` of its status is 0
in an ordinary run. What it does wrong (lost frames, silent streams, slow and half-open links,
refused handshakes) it does only when ``control`` is told so, or a plan of faults (``fault_plan``),
which is seeded: the n-th frame of a stream meets the same fault in every run.

The rules are pure (names, truth, tape, timeline, replay, market, session, message_rate, heartbeat,
lifetime, handshake, weight, link, microseconds, faults and others know no socket and no clock);
``server``, ``connection``, ``rest`` and ``control_routes`` are shells, joined by ``simulator``.
It stands for the venue alone and uses nothing of the gateway but its errors.

::

    captures -> timeline -> player         \\                     / server      WebSocket clients
    market, board -> exchange -> generator  > hub (who gets what) < connection (rules, one a socket)
    load_book -> load_streams -> load      /         |           \\ rest, control    HTTP clients
                                                     |             \\ api_connection WebSocket API
    fault_plan -> faults -> fault_wire -> fault_sending            answers, past_answers
               -> fault_times -> fault_runner (episodes)
"""
