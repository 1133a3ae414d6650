"""The lines of ``gateway plan``. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateway.cli.numbers import counted, rate, size
from gateway.cli.prospect import ConnectionLine, Move, Prospect, Running, ShardLine, StreamLine

SHOWN = 6
"""Of streams of a connection, of moves of a kind, of names left out: more are counted."""


def lines(found: Prospect, all_streams: bool) -> Iterator[str]:
    """Yield what is shown; ``all_streams``: each by name."""
    most = 1 << 30 if all_streams else SHOWN
    yield f"next start, from {found.upstream}: {_sums(found)}"
    yield f"  rates       {_rates(found)}"
    yield f"  memory      {_memory(found)}"
    for shard in found.shards:
        yield from _shard(shard, most)
    if found.left_out:
        yield f"left out: {counted(len(found.left_out), 'name')}"
        names = [f"  {name}: {why}" for name, why in found.left_out.items()]
        yield from _few(names, most)
    yield from _running(found.running, most)


def _sums(found: Prospect) -> str:
    streams = sum(shard.streams for shard in found.shards)
    connections = sum(_real(shard) for shard in found.shards)
    return ", ".join(
        (
            counted(streams, "stream"),
            counted(connections, "connection"),
            counted(len(found.shards), "shard"),
        )
    )


def _rates(found: Prospect) -> str:
    streams = [
        stream for shard in found.shards for each in shard.connections for stream in each.streams
    ]
    total = rate(sum(shard.rate for shard in found.shards))
    measured = sum(stream.measured for stream in streams)
    if measured == len(streams):
        return f"{total} messages/s, all measured in earlier runs"
    if not measured:
        return f"{total} messages/s, all assumed (~): none was measured yet"
    assumed = len(streams) - measured
    return f"{total} messages/s; {measured} measured in earlier runs, {assumed} assumed (~)"


def _memory(found: Prospect) -> str:
    room = found.room
    back = f", {size(room.back)} more once the one that runs has stopped" if room.back else ""
    text = f"{size(room.needed)}; {size(room.free)} free in {room.place}{back}"
    if room.is_enough:
        return text
    return f"TOO LITTLE: needs {text}; enlarge the tmpfs, or make the rings smaller ([memory])"


def _shard(shard: ShardLine, most: int) -> Iterator[str]:
    cpus = f", CPU {','.join(map(str, shard.cpus))}" if shard.cpus else ""
    counts = f"{counted(shard.symbols, 'symbol')}, {counted(shard.streams, 'stream')}"
    yield f"shard {shard.id}: {counts}, {rate(shard.rate)}/s, {size(shard.bytes)}{cpus}"
    for connection in shard.connections:
        yield from _connection(connection, most)


def _connection(connection: ConnectionLine, most: int) -> Iterator[str]:
    counts = counted(len(connection.streams), "stream")
    yield f"  {connection.name:<20} {counts:>13} {rate(connection.rate):>9}/s"
    yield from _few([_stream(stream) for stream in connection.streams], most)


def _stream(stream: StreamLine) -> str:
    text = f"{'' if stream.measured else '~'}{rate(stream.rate)}"
    return f"    {stream.name:<32} {text:>9}/s"


def _running(running: Running | None, most: int) -> Iterator[str]:
    if running is None:
        yield "no gateway runs: nothing to compare with"
        return
    yield (
        f"against the gateway in {running.run_dir}, pid {running.pid}: "
        f"{counted(running.streams, 'stream')}, {counted(running.shards, 'shard')}"
    )
    kinds = {
        "moves": [move for move in running.moves if None not in (move.before, move.after)],
        "comes": [move for move in running.moves if move.before is None],
        "goes": [move for move in running.moves if move.after is None],
    }
    if not running.moves:
        yield "  every stream stays on its shard"
    for word, moved in kinds.items():
        if moved:
            verb = word if len(moved) == 1 else word.removesuffix("es" if word == "goes" else "s")
            yield f"  {counted(len(moved), 'stream')} {verb}"
            yield from _few([f"    {move.stream:<40} {_where(move)}" for move in moved], most)


def _where(move: Move) -> str:
    if move.before is None:
        return f"to shard {move.after}"
    if move.after is None:
        return f"from shard {move.before}"
    return f"shard {move.before} to {move.after}"


def _few(found: Sequence[str], most: int) -> Iterator[str]:
    yield from found[:most]
    if len(found) > most:
        yield f"    … and {len(found) - most} more (--streams names all)"


def _real(shard: ShardLine) -> int:
    return sum("/" in connection.name for connection in shard.connections)
