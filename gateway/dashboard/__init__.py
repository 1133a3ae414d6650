"""A page for a browser that shows a gateway as it runs; served by a process of its own.

It is a reader as any other: shared memory in, one WebSocket to each page out. What stands in
brackets is pure::

    server         HTTP on loopback: the files of the page, and a WebSocket for what moves on it
    ├── (guard)    which address may be listened on, which requests are answered, with what headers
    ├── pages      the files in page/, read once at the start
    ├── (looks)    what a page says that it shows: an instrument, an order, some rows of the table
    ├── (messages) a moment and a look → the JSON of one message
    └── feed       the gateway, read again and again while somebody looks; the newest moment only

Each page is sent what it shows and nothing else, and always the newest: a browser that is slow gets
fewer messages, never late ones, and costs no memory.
"""
