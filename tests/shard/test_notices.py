"""What the core says, as lines for people."""

from __future__ import annotations

import logging

import pytest

from gateway.core.engine import NO_ROW, Notice, NoticeCode
from gateway.shard.notices import LINES, NAMES_A_LINE, NAMES_KEPT, OF_A_KIND, NoticeLog, SilenceLog


def notice(
    code: NoticeCode, row: int = 3, a: int = 0, head: bytes = b"", b: int = 0, number: int = 0
) -> Notice:
    return Notice(code, row, "SYNTAX", a, b, head, number)


def named(what: str) -> NoticeLog:
    return NoticeLog(
        lambda row: f"symbol {row}", lambda row: f"stream {row}", lambda row: f"link {row} {what}"
    )


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (notice(NoticeCode.LAGGING, a=4_200_000_000), "link 3 x: lags by 4.2 s"),
        (notice(NoticeCode.RESYNC), "symbol 3: book needs a snapshot"),
        (notice(NoticeCode.GAP, a=7, b=9, number=5), "stream 3: gap 5, 7 to 9 missing"),
        (notice(NoticeCode.GAP, number=6), "stream 3: gap 6, what was sent meanwhile is lost"),
        (notice(NoticeCode.THIN), "symbol 3: the price nears the end of what is known"),
        (notice(NoticeCode.UNREADABLE, head=b"{oops"), "stream 3: frame refused, SYNTAX: {oops"),
        (notice(NoticeCode.UNREADABLE, NO_ROW), "unknown stream: frame refused, SYNTAX: "),
    ],
)
def test_a_notice_names_what_it_is_about(
    given: Notice, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        named("x").write(given)
    assert caplog.messages == [line]


def test_what_concerns_every_book_is_no_line_for_each(caplog: pytest.LogCaptureFixture) -> None:
    log = named("x")
    with caplog.at_level(logging.INFO):
        for row in range(2000):
            log.write(notice(NoticeCode.RESYNC, row))
        log.write(notice(NoticeCode.GAP, a=7, b=9, number=5))
    assert caplog.messages[:2] == [
        "symbol 0: book needs a snapshot",
        "symbol 1: book needs a snapshot",
    ]
    assert len(caplog.messages) == OF_A_KIND + 1, "and other kinds are not held up"
    assert caplog.messages[-1] == "stream 3: gap 5, 7 to 9 missing"


@pytest.mark.parametrize(
    "code",
    [
        NoticeCode.SILENT,
        NoticeCode.RESUMED,
        NoticeCode.ROW_UNKNOWN,
        NoticeCode.LOOKED,
        NoticeCode.LOOK_FAILED,
    ],
)
def test_what_others_tell_is_not_told_twice(
    code: NoticeCode, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        named("x").write(notice(code))
    assert caplog.messages == []


def test_a_notice_that_repeats_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    log = named("x")
    for _ in range(20):
        log.write(notice(NoticeCode.GAP))
    assert len(caplog.messages) == 5


def test_every_silent_stream_is_named_many_to_a_line(caplog: pytest.LogCaptureFixture) -> None:
    log = SilenceLog()
    for number in range(30):
        log.silent("usdm/public/0", f"usdm:s{number}@trade", 30.0, 0)
    log.silent("usdm/market/0", "usdm:x@ticker", 3.0, 5)
    log.silent("usdm/market/0", "usdm:y@ticker", 25.0, 9)
    log.flush(0.0)
    mute = [text for text in caplog.messages if text.startswith("ack")]
    (third,) = [text for text in caplog.messages if text not in mute]
    first, second = mute
    assert first.startswith(
        "acknowledged but nothing came for 30 s on usdm/public/0: usdm:s0@trade, "
    )
    assert first.count(",") == NAMES_A_LINE - 1
    assert second.count("usdm:s") == 30 - NAMES_A_LINE
    assert third == (
        "fell silent, nothing came for 3 to 25 s on usdm/market/0: usdm:x@ticker, usdm:y@ticker"
    )


def test_those_that_deliver_again_are_named_too(caplog: pytest.LogCaptureFixture) -> None:
    log = SilenceLog()
    log.resumed("usdm/public/0", "usdm:a@trade")
    with caplog.at_level(logging.INFO):
        log.flush(0.0)
    assert caplog.messages == ["delivering again on usdm/public/0: usdm:a@trade"]


def test_lines_come_at_a_limited_rate_and_none_is_left_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log, count = SilenceLog(), 25 * NAMES_A_LINE
    for number in range(count):
        log.silent(f"usdm/public/{number % 2}", f"usdm:s{number}@trade", 30.0, 0)
    lines = []
    for second in range(30):
        log.flush(float(second))
        lines.append(len(caplog.messages))
    assert lines[0] == lines[9] == LINES
    names = {word.strip(",") for line in caplog.messages for word in line.split() if "@" in word}
    assert names == {f"usdm:s{number}@trade" for number in range(count)}


def test_a_flood_is_bounded_and_said_so(caplog: pytest.LogCaptureFixture) -> None:
    log = SilenceLog()
    for number in range(NAMES_KEPT + 7):
        log.silent("usdm/public/0", f"usdm:s{number}@trade", 30.0, 0)
    log.flush(0.0)
    assert caplog.messages[0] == "7 more streams fell silent or deliver again"
