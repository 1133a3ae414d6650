"""``gateway simulate``: run the simulator until told to stop."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import orjson
import uvloop

from gateway.cli.manual import manual
from gateway.cli.simulated_faults import FAULTS_HELP, fault_options, plan_of
from gateway.cli.simulated_rules import control_help, rule_options, rules_of
from gateway.errors import UsageError
from gateway.simulator.load import LOAD_SYMBOLS
from gateway.simulator.names import Market, parse_symbol_ids
from gateway.simulator.player import ReplayOptions
from gateway.simulator.replay import parse_speed
from gateway.simulator.simulator import DEFAULT_SYMBOLS, Simulator, SimulatorOptions

_EPILOG = """\b
Capture files (gzipped or plain), told apart by their content:
  <time in s, ms, us or ns> <combined-stream frame, or REST depth body>
  cryptofeed playback: one .all file, or .ws and .http (and .sync) together

Recordings of one instrument that follow each other are joined; those of different instruments are
laid over each other by the time since their own first line.

"""


@click.command(
    "simulate",
    epilog=_EPILOG
    + FAULTS_HELP
    + control_help()
    + "\n\n"
    + manual(
        (
            "gateway simulate --port 9100 --seed 7",
            "gateway simulate --replay capture.gz --speed max",
            "gateway simulate --load 80000",
        ),
        (65, 66, 98),
        (),
    ),
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="N",
    help="WebSocket port; REST takes the next one. Default: any free ones.",
)
@click.option(
    "--replay",
    multiple=True,
    metavar="FILE",
    help="Replay a capture; repeat it, or name several files.",
)
@click.option(
    "--speed",
    metavar="X|max",
    help="Times recorded speed (default 1), or max: as fast as sockets take it.",
)
@click.option(
    "--loop", is_flag=True, help="Begin the replay anew at its end; all sockets are closed then."
)
@click.option("--paused", is_flag=True, help="Do not begin the replay before POST /sim/resume.")
@click.option(
    "--symbols",
    metavar="LIST",
    help="Generate these, as spot:BTCUSDT,coinm:BTCUSD_PERP; usdm:*50 are 50 made-up ones.",
)
@click.option("--seed", type=int, metavar="N", help="Seed of the generated market (default 0).")
@click.option(
    "--rate",
    type=click.FloatRange(0, min_open=True),
    metavar="X",
    help="Times 20 actions a second and symbol in the generated market.",
)
@click.option(
    "--load",
    type=click.FloatRange(0, min_open=True),
    metavar="MSGS_PER_S",
    help="Send so many messages a second of a cheap market; 2000 symbols if none are named.",
)
@click.option(
    "--drop",
    type=click.IntRange(1),
    metavar="N",
    help="Take every N-th frame of each diff-depth stream off the wire.",
)
@click.option(
    "--coinm-routed",
    is_flag=True,
    help="Let COIN-M's unrouted address deliver book streams only, as USD-M's does.",
)
@fault_options
@rule_options
@click.argument("files", nargs=-1, metavar="")
def command(
    port: int,
    replay: tuple[str, ...],
    speed: str | None,
    loop: bool,
    paused: bool,
    symbols: str | None,
    seed: int | None,
    rate: float | None,
    load: float | None,
    drop: int | None,
    coinm_routed: bool,
    faults: Path | None,
    rest_delay: float | None,
    files: tuple[str, ...],
    **limits: Any,
) -> None:
    """Simulate Binance on loopback, with recorded or generated markets.

    Prints one JSON line with its addresses when it is ready, and runs until SIGTERM or Ctrl-C.
    Without --replay the market is generated. It enforces the venue's limits: 5 messages a second
    on spot and 10 on futures, 1024 streams a connection, 300 handshakes in 5 minutes, pings that
    must be answered, a day of 24 hours, and REST weight.
    """
    of_replay = {"--speed": speed, "--loop": loop, "--paused": paused}
    of_generator = {"--symbols": symbols, "--seed": seed, "--rate": rate}
    _refuse_mixture(replay, files, of_replay, of_generator, load)
    options = SimulatorOptions(
        port=port,
        replay=replay + files,
        replay_options=ReplayOptions(parse_speed(speed or "1"), loop, paused),
        symbols=_symbols(symbols, load),
        seed=seed or 0,
        rate=rate or 1.0,
        load=load,
        drop_every=drop,
        coinm_routed=coinm_routed,
        faults=plan_of(faults=faults, rest_delay=rest_delay),
        rules=rules_of(**limits),
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(options))


def _symbols(listed: str | None, load: float | None) -> tuple[tuple[Market, str], ...]:
    if listed is not None:
        return parse_symbol_ids(listed)
    return DEFAULT_SYMBOLS if load is None else LOAD_SYMBOLS


def _refuse_mixture(
    replay: tuple[str, ...],
    files: tuple[str, ...],
    of_replay: Mapping[str, object],
    of_generator: Mapping[str, object],
    load: float | None,
) -> None:
    """Raise UsageError when options of the one source are given to the other."""
    if load is not None:
        of_generator = {name: value for name, value in of_generator.items() if name != "--symbols"}
        given = [name for name, value in of_generator.items() if value is not None]
        given += ["--replay"] if replay else []
        if given:
            raise UsageError(given[0], "does not go with --load", "leave one of them out")
    if files and not replay:
        raise UsageError(files[0], "is not expected here", "name captures with --replay")
    misplaced = of_generator if replay else of_replay
    given = [name for name, value in misplaced.items() if value not in (None, False)]
    if given and replay:
        raise UsageError(given[0], "does not go with --replay", "leave one of them out")
    if given:
        raise UsageError(given[0], "needs --replay FILE", "name a capture, or leave it out")


async def _serve(options: SimulatorOptions) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with Simulator(options) as simulator:
        sys.stdout.write(orjson.dumps(simulator.addresses).decode() + "\n")
        sys.stdout.flush()
        simulator.on_failure = stopped.set
        await stopped.wait()
    if simulator.failure is not None:
        raise simulator.failure
