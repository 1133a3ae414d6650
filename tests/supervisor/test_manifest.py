"""The manifest: its fields are a contract with every reader."""

from __future__ import annotations

import json
import os
from pathlib import Path

from gateway.layout import Kind, Market
from gateway.plan import PlanStream, PlanSymbol, Ready, ShardPlan
from gateway.supervisor.manifest import Manifest


def plan(run_dir: Path) -> ShardPlan:
    symbols = [
        PlanSymbol(Market.SPOT, "BTCUSDT", -2, -5),
        PlanSymbol(Market.USDM, "测试USDT", -2, -5),
        PlanSymbol(Market.USDM, "BTCUSDT", -2, -5, variant="RPI"),
    ]
    streams = [PlanStream("spot:btcusdt@trade", Kind.TRADE, 0, 0)]
    return ShardPlan(0, 1, 7, str(run_dir), symbols, [], streams)


def manifest(run_dir: Path) -> Manifest:
    return Manifest(run_dir, 0xAB, 123, "binance")


def test_content_is_what_readers_expect(run_dir: Path) -> None:
    manifest(run_dir).write([plan(run_dir)], {0: Ready(0, 77, 99)})
    path = run_dir / "manifest.json"
    assert json.loads(path.read_text("utf-8")) == {
        "version": 1,
        "instance": "00000000000000ab",
        "pid": os.getpid(),
        "started_ns": 123,
        "upstream": "binance",
        "on_demand": False,
        "control": f"ipc://{run_dir}/control.sock",
        "shards": [
            {
                "id": 0,
                "pid": 77,
                "generation": 99,
                "segment": "shard-0.seg",
                "publisher": f"ipc://{run_dir}/shard-0.pub",
                "arrays": f"ipc://{run_dir}/shard-0.arrays.pub",
                "symbols": ["spot:BTCUSDT", "usdm:测试USDT", "usdm:BTCUSDT.RPI"],
                "streams": ["spot:btcusdt@trade"],
            }
        ],
    }
    assert path.stat().st_mode & 0o777 == 0o640


def test_replaced_manifest_is_another_file(run_dir: Path) -> None:
    """Readers that hold the old one keep a whole one."""
    written = manifest(run_dir)
    written.write([plan(run_dir)], {0: Ready(0, 77, 99)})
    with (run_dir / "manifest.json").open() as old:
        written.write([plan(run_dir)], {0: Ready(0, 78, 100)})
        assert json.load(old)["shards"][0]["pid"] == 77
    assert json.loads((run_dir / "manifest.json").read_text())["shards"][0]["pid"] == 78
    assert [path.name for path in run_dir.iterdir()] == ["manifest.json"]


def test_shard_that_is_not_ready_is_left_out(run_dir: Path) -> None:
    assert manifest(run_dir).content([plan(run_dir)], {})["shards"] == []


def test_removing_twice_is_fine(run_dir: Path) -> None:
    written = manifest(run_dir)
    written.write([], {})
    written.remove()
    written.remove()
    assert list(run_dir.iterdir()) == []
