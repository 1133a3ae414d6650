"""``gateway tail``: messages as they come over ZeroMQ."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from gateway.cli import complete
from gateway.cli.manual import manual
from gateway.cli.options import run_dir_option
from gateway.cli.record_text import record_text
from gateway.errors import UsageError
from gateway.markets import BY_NAME
from gateway.rundir import MANIFEST_NAME
from gateway.streams import parse, parse_symbol
from gateway_client import Gateway, Message, Subscription, UnknownStream

_STATE = "state:"
_PREFIX_ENDS = ("@", "!", "*")
_IDLE_SECONDS = 0.005
_CHECK_SECONDS = 1.0


@click.command(
    "tail",
    epilog=manual(
        (
            "gateway tail spot:btcusdt@trade",
            "gateway tail 'spot:btcusdt@'",
            "gateway tail 'usdm:*' --count 100",
            "gateway tail 'state:*'",
        ),
        (67, 69, 76, 130),
    ),
)
@click.argument("topic", shell_complete=complete.streams)
@click.option("--count", metavar="N", type=click.IntRange(1), help="End after N messages.")
@click.option("--binary", is_flag=True, help="Take the event records, and print them as JSON.")
@run_dir_option
def command(topic: str, count: int | None, binary: bool, run_dir: str) -> None:
    """Print the messages of TOPIC: a stream, or all that begin with it if it ends in @, ! or *.

    \b
      gateway tail 'spot:btcusdt@'           every stream of one instrument
      gateway tail spot:btcusdt@trade        one stream
      gateway tail 'usdm:!'                  whole-market streams
      gateway tail 'usdm:*' --count 100      everything of a market
      gateway tail state:spot:BTCUSDT        changes of its trust state
      gateway tail 'state:*'                 the same of all

    A line has six fields, parted by single spaces: topic, epoch, sequence, receive time in ns,
    flags, and the venue's own JSON. What this reader was too slow for is said on stderr.

    An array, as usdm:!markPrice@arr, comes as one line of many rows; each row is also a stream of
    its own, as usdm:btcusdt@markPrice.
    """
    _check_topic(topic)
    with Gateway(run_dir or None) as gateway:
        _check_carried(gateway, topic)
        if binary:
            _check_has_records(gateway, topic)
        subscription = gateway.subscribe(_asked(topic), binary=binary)
        try:
            _print(gateway, subscription, count, _binary(gateway) if binary else _json)
        except KeyboardInterrupt:
            if count is not None:
                raise
        finally:
            subscription.close()


def _check_topic(topic: str) -> None:
    """Raise UsageError for what can never be a topic."""
    if topic == _STATE:
        remedy = f"write {_STATE}spot:BTCUSDT, or '{_STATE}*' for all"
        raise UsageError(topic, "names no symbol", remedy)
    if topic.startswith(_STATE):
        if not topic.endswith("*"):
            parse_symbol(topic.removeprefix(_STATE))
    elif not topic.endswith(_PREFIX_ENDS):
        parse(topic)
    elif topic != "*" and topic.partition(":")[0].rstrip("*") not in BY_NAME:
        allowed = ", ".join(BY_NAME)
        raise UsageError(topic, "begins with no market", f"begin it with one of {allowed} and ':'")


def _asked(topic: str) -> str:
    """The topic as the client wants it, which takes @ and * alone for a beginning."""
    return f"{topic}*" if topic.endswith("!") else topic


def _check_carried(gateway: Gateway, topic: str) -> None:
    """Raise UnknownStream for a beginning that nothing here has."""
    if topic.endswith(_PREFIX_ENDS):
        is_state = topic.startswith(_STATE)
        known = [_STATE + name for name in gateway.symbols()] if is_state else gateway.streams()
        if not any(_takes(topic, name) for name in known):
            raise UnknownStream(topic, known)


def _takes(topic: str, name: str) -> bool:
    is_beginning = topic.endswith(_PREFIX_ENDS)
    return name.startswith(topic.removesuffix("*")) if is_beginning else name == topic


def _check_has_records(gateway: Gateway, topic: str) -> None:
    """Raise UsageError for what has no records, or in its rows alone: nothing would ever come."""
    if topic.startswith(_STATE):
        raise UsageError(topic, "has no records", "leave --binary away")
    taken = [name for name in gateway.streams() if _takes(topic, name)]
    if taken and all(gateway.stream(name).is_whole for name in taken):
        raise UsageError(
            topic, "has no records of its own, its rows have", "take the stream of a row"
        )


def _print(
    gateway: Gateway,
    subscription: Subscription,
    count: int | None,
    text: Callable[[Message], str],
) -> None:
    for number, message in enumerate(_messages(gateway, subscription), 1):
        if message.lost:
            _say(f"{message.topic}: {message.lost} messages were lost here, this reader is slow")
        sys.stdout.write(text(message) + "\n")
        if number == count:
            return


def _messages(gateway: Gateway, subscription: Subscription) -> Iterator[Message]:
    """Yield messages for ever; say so when the gateway stops."""
    manifest = Path(gateway.run_dir) / MANIFEST_NAME
    checked_at, was_there = time.monotonic(), True
    while True:
        message = subscription.poll()
        if message is not None:
            yield message
            continue
        sys.stdout.flush()
        time.sleep(_IDLE_SECONDS)
        if time.monotonic() - checked_at > _CHECK_SECONDS:
            checked_at, is_there = time.monotonic(), manifest.exists()
            if was_there and not is_there:
                _say("the gateway has stopped; waiting for the next, Ctrl-C ends this")
            was_there = is_there


def _say(sentence: str) -> None:
    sys.stdout.flush()
    print(f"gateway: {sentence}", file=sys.stderr, flush=True)


def _head(message: Message) -> str:
    numbers = f"{message.epoch} {message.sequence} {message.ts_recv}"
    return f"{message.topic} {numbers} {message.flags}"


def _json(message: Message) -> str:
    return f"{_head(message)} {message.payload.decode(errors='replace')}"


def _binary(gateway: Gateway) -> Callable[[Message], str]:
    return lambda message: f"{_head(message)} {record_text(gateway.event(message))}"
