"""The oracle: decode, book and sequencing in plain Python, written from the venue's documents.

It shares no code with the compiled core, so that where the two agree neither can be wrong by
accident. Slow and short on purpose; nothing here is imported by the gateway.

    decimals    "91234.56" -> mantissa at an exponent
    json_text   is it JSON, and where does it stop being JSON
    payload_keys  what each key of a payload means
    values      one JSON value of a known meaning -> the value of a field
    decode      payload bytes -> fields, or the set of faults in it
    rows        whose an object of an array is, and where it ends
    book        price levels of one instrument
    sequencing  may this diff be applied, and the life of a book around it
    captures    recorded sessions -> events in arrival order
    replay      a capture -> its books, and how often bookTicker agrees
    ring        records of an EVENTS ring, from the bytes of a segment
    follower    those records -> books
"""
