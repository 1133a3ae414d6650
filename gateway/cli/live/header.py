"""The gateway as a whole: the first lines of every screen. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from gateway.cli.live.styles import BAD, BOLD, DIM, state
from gateway.cli.live.text import Line, Piece, columns_of, ends, fit, flow
from gateway.cli.numbers import duration, rate, size
from gateway.watch.changes import View
from gateway.watch.readings import Reading
from gateway.watch.states import SEVERITY

_WELL = ("DELIVERING", "QUIET")


def header(view: View, width: int) -> list[Line]:
    """Return who it is, and what concerns it as a whole: two to four lines at 80 columns."""
    reading = view.reading
    lines = [_who(reading, width)]
    if not reading.is_alive:
        said = "NO SHARD IS ALIVE: what stands below is the last there was"
        lines.append([(fit(said, width), BAD)])
    return lines + flow(_facts(view), width)


def _who(reading: Reading, width: int) -> Line:
    clock = datetime.fromtimestamp(reading.time_ns / 1e9, UTC).strftime("%H:%M:%S UTC")
    up = f"up {duration(max(0, reading.uptime_ns))}" if reading.is_alive else "ended"
    more = f"  pid {reading.pid}  {up}"
    room = max(12, width - columns_of(f"gateway {more}  ") - len(clock))
    place = reading.run_dir
    # The directory's end tells more than its beginning.
    place = place if columns_of(place) <= room else "…" + place[-(room - 1) :]
    return ends([(f"gateway {place}", BOLD), (more, "")], [(clock, DIM)], width)


def _facts(view: View) -> Iterator[Line]:
    reading = view.reading
    yield [(f"{rate(view.rate)} frames/s", BOLD), (f", {size(view.bytes_rate)}/s", "")]
    yield [("from ", DIM), (reading.upstream or "nowhere", "")]
    yield _instruments(reading)
    yield _streams(reading)
    yield _gaps(reading)
    yield from _lost(view)
    yield from _weights(reading)


def _instruments(reading: Reading) -> Line:
    states = Counter(each.state for each in reading.instruments)
    parts = [
        (f"{states[each]:,} {state(each)[0]}", state(each)[1]) for each in SEVERITY if states[each]
    ]
    return [(f"{len(reading.instruments):,} instruments: ", ""), *_listed(parts)]


def _streams(reading: Reading) -> Line:
    does: Counter[str] = Counter()
    for shard in reading.shards:
        does.update(shard.deliveries)
    parts = [
        (f"{count:,} {name if name not in _WELL else name.lower()}", state(name)[1])
        for name, count in sorted(does.items(), key=lambda item: item[0] not in _WELL)
    ]
    return [(f"{sum(does.values()):,} streams: ", ""), *_listed(parts)]


def _listed(parts: list[Piece]) -> Line:
    found: Line = []
    for part in parts:
        found += [(", ", ""), part] if found else [part]
    return found or [("none", DIM)]


def _gaps(reading: Reading) -> Line:
    found = reading.total("gaps")
    open_now = sum(gap.is_open for gap in reading.gaps)
    if not found and not open_now:
        return [("no gaps", "")]
    said: Line = [(f"{found:,} gap{'s' * (found != 1)}", "")]
    return [*said, (", ", ""), (f"{open_now:,} OPEN", state("OPEN")[1])] if open_now else said


def _lost(view: View) -> Iterator[Line]:
    """Yield what grows only when something is wrong, while it grows."""
    for name, said in (("stalls", "stalls"), ("zmq_refused", "refused by ZeroMQ")):
        if view.rates.get(name):
            yield [(f"{rate(view.rates[name])} {said}/s", BAD)]


def _weights(reading: Reading) -> Iterator[Line]:
    report = reading.report or {}
    for pool, found in report.get("weight", {}).items():
        spent, limit, held = found.get("spent", 0), found.get("limit", 0), found.get("held_s", 0)
        style = "bold yellow" if limit and spent > 0.9 * limit else ""
        said: Line = [(f"REST {pool} {int(spent):,}/{int(limit):,}", style)]
        yield [*said, (f" HELD {duration(held * 1e9)}", BAD)] if held > 0 else said
    for host, found in report.get("hosts", {}).items():
        if found.get("held_s", 0) > 0:
            refusal = f"{host} refused us: HTTP {int(found.get('status', 0))}"
            yield [(f"{refusal}, left alone for {duration(found['held_s'] * 1e9)}", BAD)]
