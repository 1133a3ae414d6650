"""Monitoring of a whole gateway under load: numbers that add up, and health as it is."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.running import GATEWAY, Service, Simulator, go_on, stop
from tests.metrics.promtool import check_metrics
from tests.metrics.scrape import Metric, get, parse
from tests.waiting import wait_for

STREAMS = (
    "spot:btcusdt@depth@100ms", "spot:btcusdt@bookTicker", "spot:btcusdt@trade",
    "usdm:btcusdt@depth@100ms", "usdm:btcusdt@aggTrade", "usdm:!ticker@arr",
)  # fmt: skip
CONFIG = """
shards = 2
[connections]
redundancy = 2
[metrics]
listen = "127.0.0.1:0"
"""
FAULTS = {
    "seed": 3,
    "frames": [{"streams": "*", "corrupt": 0.01, "drop": 0.01, "duplicate": 0.02, "after": 10}],
}
SLACK = 64  # frames that are between two of their counters while a text is made


@pytest.fixture
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = Path(f"/dev/shm/gateway-metrics-{os.getpid()}-{tmp_path_factory.mktemp('run').name}")
    path.mkdir()
    yield path
    for left in path.iterdir():
        left.unlink()
    path.rmdir()


def config(folder: Path, text: str = CONFIG) -> tuple[str, str]:
    path = folder / "gateway.toml"
    path.write_text(text)
    return "--config", str(path)


def address(service: Service) -> str:
    """Where it said that its metrics are."""
    found = wait_for(
        lambda: re.search(r"^  metrics   (\S+)/metrics$", service.log.read_text(), re.MULTILINE)
    )
    return found[1]


def scraped(url: str) -> dict[str, Metric]:
    status, _, text = get(f"{url}/metrics")
    assert status == 200
    return {name.removeprefix("binance_gateway_"): each for name, each in parse(text).items()}


def test_frames_received_are_those_delivered_and_those_dropped_by_name(
    run_dir: Path, tmp_path: Path
) -> None:
    faults = tmp_path / "faults.json"
    faults.write_text(json.dumps(FAULTS))
    with Simulator("--rate", "10", "--faults", str(faults)) as simulator:
        service = Service(run_dir, simulator, STREAMS, config(tmp_path))
        with service:
            url = address(service)

            def has_met_everything() -> bool:
                found = scraped(url)
                received, fates = found["frames_received_total"], found["frames_total"]
                for shard, count in received.by("shard").items():
                    assert abs(count - fates.total(shard=shard)) <= SLACK
                wanted = {"delivered", "duplicate", "unreadable", "control"}
                by = fates.by("fate")
                return received.total() > 5000 and all(by[fate] for fate in wanted)

            wait_for(has_met_everything, "5,000 frames of every fate")
            simulator.process.terminate()
            simulator.process.wait(10)
            before = scraped(url)

            def is_quiet() -> bool:
                nonlocal before
                last, before = before, scraped(url)
                counts = [each["frames_received_total"].samples for each in (last, before)]
                return counts[0] == counts[1] and not before["connections"].total(state="ACTIVE")

            wait_for(is_quiet, "the last frames")
            received, fates = before["frames_received_total"], before["frames_total"]
            assert received.by("shard") == fates.by("shard")
            rows = before["array_rows_total"].by("fate")
            assert rows["delivered"] > 0
            stages = before["latency_seconds"].samples
            measured = sum(
                count
                for (name, labels), count in stages.items()
                if name.endswith("_count") and ("stage", "recv_to_publish") in labels
            )
            assert measured > 5000 // 2


def test_hung_shard_shows_until_it_beats_again(run_dir: Path, tmp_path: Path) -> None:
    with (
        Simulator() as simulator,
        Service(run_dir, simulator, STREAMS, config(tmp_path, '[metrics]\nlisten="[::1]:0"')) as it,
    ):
        url = address(it)
        wait_for(lambda: get(f"{url}/readyz")[0] == 200, "readiness")
        assert get(f"{url}/healthz")[::2] == (200, "ok: 1 shard up\n")
        problem = check_metrics(get(f"{url}/metrics")[2])
        if problem is not None:
            assert problem == ""
        stop(it.shard_pid())
        try:
            said = wait_for(lambda: _unwell(url), "the heartbeat to be missed")
        finally:
            go_on(it.shard_pid())
        assert re.fullmatch(r"shard 0: last heartbeat \d+\.\d s ago\n", said)
        wait_for(lambda: get(f"{url}/readyz")[0] == 200, "readiness")


def test_book_is_waited_for_until_it_was_live_once(run_dir: Path, tmp_path: Path) -> None:
    one_shard = config(tmp_path, '[metrics]\nlisten = "127.0.0.1:0"')
    with (
        Simulator("--rest-delay", "2", "--drop", "40") as simulator,
        Service(run_dir, simulator, STREAMS[:1], one_shard) as service,
    ):
        url = address(service)
        line = "books not LIVE yet: 1: spot:BTCUSDT\n"
        wait_for(lambda: get(f"{url}/readyz")[::2] == (503, line), "the first snapshot")
        wait_for(lambda: get(f"{url}/readyz")[0] == 200, "readiness")
        # Every 40th diff is missing: the book is mended again and again, as its readers see.
        wait_for(lambda: service.gateway.book("spot:BTCUSDT").state.name == "GAPPED", "a gap")
        assert get(f"{url}/readyz")[0] == 200
        found = scraped(url)
        assert found["slots"].total(slot="book", status="GAPPED") == 1
        assert found["gaps_open"].total() == 1


def _unwell(url: str) -> str:
    status, _, line = get(f"{url}/healthz")
    return line if status == 503 else ""


def test_port_that_is_taken_ends_the_start_with_98(run_dir: Path, tmp_path: Path) -> None:
    with (
        Simulator() as simulator,
        Service(run_dir, simulator, STREAMS[:1], config(tmp_path)) as first,
    ):
        taken = address(first).removeprefix("http://")
        options = config(tmp_path, f'[metrics]\nlisten = "{taken}"')
        second = run_dir.with_name(f"{run_dir.name}-second")
        done = subprocess.run(
            [*GATEWAY, "start", "--simulate", "--run-dir", str(second), *options],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 98
        assert done.stderr.splitlines()[-1] + "\n" == (
            f"gateway: {taken}: the address is taken by another process; choose another address "
            "in [metrics] listen, or port 0 for any free one\n"
        )
        assert not second.exists()
