"""The live screen of ``gateway top`` and ``gateway demo``; what stands in brackets is pure::

    show           readings and keys → screens, again and again, until it is time to end
    ├── terminal   a terminal taken over and given back: keys, size, signals, lines to be seen
    │   └── (keys)     bytes from a terminal → names of keys
    ├── (state)    what the person looks at, and what a key changes in it
    └── (whole)    view, state and size → the lines of a screen
        ├── (header)   the gateway as a whole
        ├── (listing)  a row for each instrument
        ├── (panels)   shards, connections, latencies, gaps, streams in trouble
        ├── (rungs)    one book as a ladder
        ├── (guide)    keys and what they do
        └── (text)     pieces of text with a style → lines of an exact width, tables

Lines are made without a terminal, so that they can be looked at in tests at any size. No state is
told by colour alone: each is a word too.
"""
