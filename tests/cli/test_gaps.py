"""``gateway gaps``: the gaps of a run directory, as a user asks for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.__main__ import main
from gateway.cli.gaps import lines
from gateway_client import Gateway
from gateway_client.layout import NULL, GapState, Kind
from tests.clients.support import Shard

OPENED = 1_790_000_000_123_456_789
SECOND = 10**9


@pytest.fixture
def gapped(run_dir: Path) -> Shard:
    """A shard with a filled gap, an open one and one without ids."""
    shard = Shard(run_dir).start()
    trade = shard.add_stream("spot:btcusdt@trade", Kind.TRADE)
    forced = shard.add_stream("usdm:!forceOrder@arr", Kind.LIQUIDATION)
    rows: list[dict[str, Any]] = [
        {
            "stream": trade, "subject": Kind.TRADE, "gap_state": GapState.FILLED, "first_id": 100,
            "last_id": 1102, "missing": 1003, "recovered": 1003, "closed_real": OPENED + 3 * SECOND,
        },
        {
            "stream": trade, "subject": Kind.TRADE, "gap_state": GapState.OPEN, "first_id": 2000,
            "last_id": 2000, "missing": 1, "recovered": 0, "closed_real": NULL,
        },
        {
            "stream": forced, "subject": Kind.LIQUIDATION, "gap_state": GapState.LOST,
            "first_id": 0, "last_id": 0, "missing": 0, "recovered": 0, "closed_real": OPENED,
        },
    ]  # fmt: skip
    for number, row in enumerate(rows, 1):
        shard.write_cell(
            "gaps", number, layout="gap", gap_number=number, opened_real=OPENED,
            ts_before=OPENED - SECOND, ts_after=NULL, **row,
        )  # fmt: skip
    return shard


def ask(capfd: pytest.CaptureFixture[str], shard: Shard, *words: str) -> str:
    assert main(["gaps", "--run-dir", str(shard.run_dir), *words]) == 0
    out, err = capfd.readouterr()
    assert err == ""
    return out


def test_gaps_are_a_line_each(gapped: Shard, capfd: pytest.CaptureFixture[str]) -> None:
    title, *rows = ask(capfd, gapped).splitlines()
    assert title.startswith("state   stream")
    found, before = "09-21 14:13:20.123", "09-21 14:13:19.123"
    assert [" ".join(row.split()) for row in rows] == [
        f"FILLED spot:btcusdt@trade 100-1102 1,003 1,003 {found} 3 s {before} -",
        f"OPEN spot:btcusdt@trade 2000-2000 1 0 {found} still open {before} -",
        f"LOST usdm:!forceOrder@arr - ? 0 {found} 0 ns {before} -",
    ]


def test_open_ones_alone(gapped: Shard, capfd: pytest.CaptureFixture[str]) -> None:
    (row,) = ask(capfd, gapped, "--open").splitlines()[1:]
    assert row.startswith("OPEN")


def test_json_is_one_array(gapped: Shard, capfd: pytest.CaptureFixture[str]) -> None:
    found = json.loads(ask(capfd, gapped, "--json"))
    assert [each["state"] for each in found] == ["FILLED", "OPEN", "LOST"]
    assert found[0] == {
        "shard": 0, "number": 1, "stream": "spot:btcusdt@trade", "subject": "TRADE",
        "state": "FILLED", "first_id": 100, "last_id": 1102, "missing": 1003, "recovered": 1003,
        "opened": OPENED, "closed": OPENED + 3 * SECOND, "ts_before": OPENED - SECOND,
        "ts_after": None,
    }  # fmt: skip
    assert (found[1]["closed"], found[2]["first_id"], found[2]["last_id"]) == (None, None, None)


def test_none_is_said_and_not_an_error(run_dir: Path, capfd: pytest.CaptureFixture[str]) -> None:
    shard = Shard(run_dir).start()
    assert ask(capfd, shard) == "no gap since the start\n"
    assert ask(capfd, shard, "--open") == "no open gap; 0 found since the start\n"
    assert json.loads(ask(capfd, shard, "--json")) == []


def test_without_a_gateway_it_ends_with_69(
    run_dir: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["gaps", "--run-dir", str(run_dir / "nowhere")]) == 69
    assert capfd.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("width", [80, 60, 40])
def test_gaps_fit_a_terminal(gapped: Shard, width: int) -> None:
    with Gateway(gapped.run_dir) as gateway:
        found = lines(gateway.gaps(), width)
    assert max(map(len, found)) <= width
    assert found[2].split()[0] == "OPEN"
    assert any("see --json" in line for line in found) == (width < 100)


def test_gaps_are_whole_where_there_is_no_terminal(gapped: Shard) -> None:
    with Gateway(gapped.run_dir) as gateway:
        found = lines(gateway.gaps(), None)
    assert "100-1102" in found[1]
    assert len(found) == 4
