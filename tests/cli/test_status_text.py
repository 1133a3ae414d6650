"""``gateway status`` in lines: totals at any size, names only of what is not as it should be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.cli.status_text import NAMED, lines
from gateway.cli.view import View
from gateway_client import Gateway
from gateway_client.status import ConnectionStatus, GatewayStatus, ShardStatus, StreamStatus
from tests import golden
from tests.clients.test_golden_segment import Golden

SECOND = 10**9


@pytest.fixture
def quiet(run_dir: Path) -> ShardStatus:
    """A shard's status to make others from."""
    (shard,) = Gateway(Golden(run_dir, golden.MINOR_1).run_dir).status().shards
    counters = dict.fromkeys(shard.counters, 0)
    return replace(shard, counters=counters, streams=[], connections=[], deliveries={}, halted=[])


def told(*shards: ShardStatus) -> dict[str, str]:
    """The lines by their first word; of several only the first."""
    links = [link.name for shard in shards for link in shard.connections]
    status = GatewayStatus("/run/x", "1", 1, "binance", 0, list(shards))
    view = View(status, 5.0, 10.0, dict.fromkeys(links, 2.0))
    found: dict[str, str] = {}
    for line in lines(view, 3600 * SECOND):
        word = line.strip().partition("  ")[0]
        found.setdefault(word, line)
    return found


def stream(name: str, delivery: str, silent_ns: int | None = SECOND) -> StreamStatus:
    status = "STALE" if delivery == "SILENT" else "LIVE"
    return StreamStatus(name, status, True, 0, 0, 0, 0, silent_ns, delivery=delivery)


def with_streams(shard: ShardStatus, streams: list[StreamStatus]) -> ShardStatus:
    deliveries: dict[str, int] = {}
    for each in streams:
        deliveries[each.delivery] = deliveries.get(each.delivery, 0) + 1
    return replace(shard, streams=streams, deliveries=deliveries)


def test_streams_are_counted_and_silent_ones_named(quiet: ShardStatus) -> None:
    streams = [stream(f"spot:s{n}@trade", "DELIVERING") for n in range(9990)]
    streams += [stream("usdm:a@depth", "SILENT", 12 * SECOND)]
    streams += [stream("usdm:b@depth", "SILENT", None), stream("usdm:c@trade", "WAITING", None)]
    found = told(with_streams(quiet, streams))
    assert "9,993: 9,990 delivering, 2 SILENT, 1 waiting for first data" in found["streams"]
    assert "usdm:a@depth (12 s), usdm:b@depth (never sent)" in found["silent"]
    assert found["no data yet usdm:c@trade"]
    assert sum(len(line) for line in found.values()) < 2000


def test_no_list_is_longer_than_ten(quiet: ShardStatus) -> None:
    streams = [stream(f"spot:s{n}@trade", "SILENT") for n in range(500)]
    found = told(with_streams(replace(quiet, halted=[f"spot:H{n}" for n in range(30)]), streams))
    assert found["silent"].count("@trade") == NAMED
    assert found["silent"].endswith("and 490 more")
    assert found["halted"].endswith("and 20 more")


def test_streams_of_all_shards_are_added_up(quiet: ShardStatus) -> None:
    one = with_streams(quiet, [stream("a:a@trade", "DELIVERING")])
    counters = one.counters | {"subscriptions_refused": 4}
    found = told(one, replace(one, shard_id=1, row_streams=1500, counters=counters))
    assert "2: 2 delivering; 4 refused by the venue; 1,50" in found["streams"]


def link(name: str, state: str = "ACTIVE", **more: int) -> ConnectionStatus:
    return ConnectionStatus(name, state, 1, SECOND, 9, 9, more.pop("errors", 0), **more)


def test_standby_links_are_folded(quiet: ShardStatus) -> None:
    pairs = [link(f"usdm/market/{n}/a") for n in range(3)]
    pairs += [link(f"usdm/market/{n}/b", "IDLE") for n in range(3)]
    shard = replace(quiet, connections=[*pairs, link("spot/ws/9/a", "RETIRED")])
    text = "\n".join(told(shard))
    found = told(shard)
    assert found["connections 3 up, 3 on standby"]
    assert "usdm/market/0/a" in text
    assert "/b" not in text
    assert "RETIRED" not in text


def test_of_many_links_only_those_that_are_not_well_are_named(quiet: ShardStatus) -> None:
    links = [link(f"usdm/market/{n}/a") for n in range(50)]
    links += [link("a/a", "DOWN"), link("b/a", lag_ns=2 * SECOND), link("c/a", errors=3)]
    text = "\n".join(told(replace(quiet, connections=links)).values())
    assert "52 up, 0 on standby, 1 DOWN, greatest lag 2 s" in text
    assert [name for name in ("a/a", "b/a", "c/a") if f"    {name}" in text] == [
        "a/a",
        "b/a",
        "c/a",
    ]
    assert "usdm/market/" not in text


def test_gaps_and_audits_have_lines_of_their_own(quiet: ShardStatus) -> None:
    found = told(quiet)
    assert found["gaps"].split() == ["gaps", "none"]
    assert found["books"].split() == ["books", "0", "audits"]
    counters = quiet.counters | {
        "gaps": 9, "gaps_filled": 3, "gaps_partial": 1, "gaps_healed": 2, "gaps_lost": 1,
        "events_backfilled": 1234, "audits": 40, "audits_differing": 2, "books_deepened": 5,
        "books_thin": 1,
    }  # fmt: skip
    found = told(replace(quiet, counters=counters))
    assert found["gaps"].endswith(
        "9: 2 open, 3 filled, 1 partial, 2 healed, 1 lost; 1,234 events back-filled; "
        "see 'gateway gaps'"
    )
    assert found["books"].endswith("40 audits, 2 DIFFERED, 5 deepened, 1 ran thin")
    assert "audits" not in found["counted"]


def test_weight_is_shown_pool_by_pool(quiet: ShardStatus) -> None:
    status = GatewayStatus("/run/x", "1", 1, "binance", 0, [quiet])
    view = View(status, 5.0, 10.0, {})
    weight = {
        "spot": {"limit": 4800, "spent": 1250.0, "held_s": 0.0},
        "futures": {"limit": 1920, "spent": 20, "held_s": 3.25},
    }
    found = [line.split(maxsplit=1)[1] for line in lines(view, 0, weight) if "weight" in line]
    assert found == [
        "spot: 1,250 of 4,800 in the last minute",
        "futures: 20 of 1,920 in the last minute, HELD for 3.25 s",
    ]


def test_counters_of_trouble_are_shown_once_they_are_not_0(quiet: ShardStatus) -> None:
    assert "frames_foreign" not in told(quiet)["counted"]
    counters = quiet.counters | {"frames_foreign": 3, "rows_unknown": 2, "rows_split": 10**6}
    counted = told(replace(quiet, counters=counters))["counted"]
    assert "stalls 0" in counted
    assert "frames_foreign 3, rows_unknown 2" in counted
    assert "rows_split" not in counted


def test_hosts_that_refused_us_are_named_while_they_are_left_alone(quiet: ShardStatus) -> None:
    status = GatewayStatus("/run/x", "1", 1, "binance", 0, [quiet])
    view = View(status, 5.0, 10.0, {})
    hosts = {
        "stream.binance.com": {"attempts": 3, "held_s": 120.0, "status": 403},
        "binance.com": {"attempts": 3, "held_s": 0.0, "status": 0},
    }
    found = [line.strip() for line in lines(view, 0, None, hosts) if "refused  " in line]
    assert found == ["refused     stream.binance.com: HTTP 403, left alone for 2 min"]
