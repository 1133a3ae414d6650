"""``status``, ``top``, ``book`` and ``tail`` on a gateway's files, as a user runs them."""

from __future__ import annotations

import json
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.__main__ import main
from gateway_client.layout import FIELDS, SIZES, Kind
from tests import golden
from tests.clients.support import Shard
from tests.clients.test_golden_segment import Golden
from tests.clients.test_subscriber import Publisher

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def gateway(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command line in this process; returns exit code, stdout and stderr."""
    monkeypatch.delenv("GATEWAY_RUN_DIR", raising=False)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        return code, *capfd.readouterr()

    return run


@pytest.fixture
def full(run_dir: Path) -> str:
    """A run directory with a stream of every kind."""
    return str(Golden(run_dir, golden.MINOR_1).run_dir)


def test_status_in_lines(gateway: Run, full: str) -> None:
    code, out, err = gateway("status", "--run-dir", full)
    assert (code, err) == (0, "")
    assert "streams     24: 23 delivering, 1 SILENT; 13 refused by the venue; 3 more" in out
    assert "usdm:ethusdt@kline_5m (never sent)" in out
    assert "connections 3 up, 1 on standby, 1 DOWN, greatest lag 2.5 ms, 28 duplicates" in out
    assert "mark_price  7 EMPTY, 2 LIVE" in out
    assert "values      1 EMPTY, 12 LIVE" in out


def test_status_as_json_has_everything(gateway: Run, full: str) -> None:
    code, out, _ = gateway("status", "--json", "--run-dir", full)
    found = json.loads(out)
    assert code == 0
    assert found["deliveries"] == {"DELIVERING": 23, "SILENT": 1}
    (shard,) = found["shards"]
    assert len(shard["streams"]) == 27
    assert shard["streams"][18]["shape"] == "ROW"
    assert shard["connections"][1]["peer"] == "spot/ws/0/a"
    assert (shard["halted"], shard["never_delivered"]) == (["usdm:ETHUSDT"], 1)
    assert len(found["symbols"]) == 9


def test_top_shows_instruments_without_quotes(gateway: Run, full: str) -> None:
    code, out, _ = gateway("top", "--once", "--run-dir", full)
    rows = {words[0]: words for line in out.splitlines() if (words := line.split())}
    assert code == 0
    assert rows["coinm:BTCUSD"][1:7] == ["LIVE", "-", "-", "-", "-", "91236.5786"]
    assert rows["usdm:ETHUSDT"][1] == "STALE"
    assert rows["spot:BTCUSDT"][3] == "91234.55"


def test_top_shows_as_many_as_asked_for(gateway: Run, full: str) -> None:
    _, out, _ = gateway("top", "--once", "--sort", "state", "--limit", "2", "--run-dir", full)
    _, _, rows = out.partition("\n\n")
    assert [line.split()[0] for line in rows.splitlines()[1:]] == [
        "usdm:ETHUSDT",
        "usdm:BTCUSDT.RPI",
    ]


def test_book_with_retail_orders(gateway: Run, full: str) -> None:
    code, out, _ = gateway("book", "usdm:BTCUSDT.RPI", "--run-dir", full)
    assert code == 0
    assert out.splitlines()[2].split() == ["5.210", "91230.0", "91230.1", "4.966"]


def test_book_says_to_which_prices_it_is_complete(gateway: Run, run_dir: Path) -> None:
    newest = str(Golden(run_dir, golden.MINOR_3).run_dir)
    _, out, _ = gateway("book", "usdm:BTCUSDT.RPI", "--run-dir", newest)
    assert out.splitlines()[-1] == "every level is known from 91220.0 to the last ask"
    _, out, _ = gateway("book", "usdm:BTCUSDT.RPI", "--json", "--run-dir", newest)
    assert json.loads(out)["bid_complete"] == "91220.0"
    assert json.loads(out)["ask_complete"] is None
    _, out, _ = gateway("book", "spot:BTCUSDT", "--run-dir", newest)
    assert out.splitlines()[1:] == ["  quantity       bid    ask       quantity"]


def test_tail_prints_an_array_as_one_line(gateway: Run, full: str) -> None:
    arrays = Publisher(Path(full) / "shard-0.arrays.pub")
    _add_arrays(full)
    topic = "usdm:!miniTicker@arr"
    sender = _send_when_heard(arrays, f"{topic} ".encode(), f"{topic} 5 1 123 - [1,2]".encode())
    code, out, _ = gateway("tail", topic, "--count", "1", "--run-dir", full)
    sender.join()
    arrays.socket.close()
    assert (code, out) == (0, f"{topic} 5 1 123 - [1,2]\n")


def test_tail_takes_all_streams_of_a_whole_market(gateway: Run, full: str) -> None:
    arrays = Publisher(Path(full) / "shard-0.arrays.pub")
    _add_arrays(full)
    sender = _send_when_heard(arrays, b"usdm:!", b"usdm:!miniTicker@arr 5 1 123 - [1,2]")
    code, out, _ = gateway("tail", "usdm:!", "--count", "1", "--run-dir", full)
    sender.join()
    arrays.socket.close()
    assert (code, out) == (0, "usdm:!miniTicker@arr 5 1 123 - [1,2]\n")


def test_tail_takes_the_states_of_all_instruments(gateway: Run, full: str) -> None:
    publisher = Publisher(Path(full) / "shard-0.pub")
    line = "state:spot:BTCUSDT 5 1 123 S {}"
    sender = _send_when_heard(publisher, b"state:", line.encode())
    code, out, _ = gateway("tail", "state:*", "--count", "1", "--run-dir", full)
    sender.join()
    publisher.socket.close()
    assert (code, out) == (0, f"{line}\n")


@pytest.mark.parametrize("topic", ["coinm:!", "state:spot:NOPE*", "spot:nope@"])
def test_tail_of_a_beginning_that_nothing_has_is_67(gateway: Run, full: str, topic: str) -> None:
    code, out, err = gateway("tail", topic, "--count", "1", "--run-dir", full)
    assert (code, out, err.count("\n")) == (67, "", 1)
    assert err.startswith(f"gateway: {topic}: ")


def test_tail_prints_records_of_a_new_kind(gateway: Run, run_dir: Path) -> None:
    shard, name = Shard(run_dir).start(), "spot:btcusdt@kline_1m"
    shard.add_stream(name, Kind.KLINE, has_value=True)
    record = bytearray(SIZES["kline"])
    for field, value in {"kind": Kind.KLINE, "close_px": 5, "px_exponent": -2}.items():
        offset, kind, _ = FIELDS["kline"][field]
        struct.pack_into({"u8": "<B", "i64": "<q", "i32": "<i"}[kind], record, offset, value)
    publisher = Publisher(run_dir / "shard-0.pub")
    topic = b"bin:" + name.encode() + b"\0"
    sender = _send_when_heard(publisher, topic, topic + struct.pack("<QQ", 5, 1) + bytes(record))
    code, out, _ = gateway("tail", name, "--binary", "--count", "1", "--run-dir", str(run_dir))
    sender.join()
    publisher.socket.close()
    assert code == 0
    assert json.loads(out.split(" ", 5)[5])["close_px"] == "0.05"


@pytest.mark.parametrize("topic", ["usdm:!miniTicker@arr", "usdm:!miniTicker@"])
def test_tail_refuses_records_of_an_array(gateway: Run, full: str, topic: str) -> None:
    code, out, err = gateway("tail", topic, "--binary", "--run-dir", full)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "has no records of its own, its rows have; take the stream of a row" in err


def test_tail_refuses_records_of_states(gateway: Run, full: str) -> None:
    code, out, err = gateway("tail", "state:*", "--binary", "--run-dir", full)
    assert (code, out) == (2, "")
    assert err == "gateway: state:*: has no records; leave --binary away\n"


def _add_arrays(run_dir: str) -> None:
    path = Path(run_dir) / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["shards"][0]["arrays"] = f"ipc://{run_dir}/shard-0.arrays.pub"
    path.write_text(json.dumps(manifest))


def _send_when_heard(publisher: Publisher, topic: bytes, message: bytes) -> threading.Thread:
    """Send once somebody subscribes to ``topic``; the socket belongs to that thread then."""

    def send() -> None:
        for _ in range(3000):
            publisher.socket.poll(10)
            if publisher.has(topic):
                publisher.socket.send(message)
                return

    thread = threading.Thread(target=send)
    thread.start()
    return thread
