"""Which requests are served, with times as plain numbers."""

from __future__ import annotations

from gateway.supervisor.admission import (
    CLIENTS_MAX,
    IN_WORK_MAX,
    REQUESTS_PER_SECOND,
    Admission,
)


def test_one_request_at_a_time() -> None:
    admission = Admission()
    assert admission.begin(b"a") == ""
    assert admission.begin(b"a") == "one request at a time; wait for the reply"
    assert admission.begin(b"b") == ""
    admission.done(b"a")
    assert admission.begin(b"a") == ""


def test_hundred_a_second_and_client() -> None:
    admission = Admission()
    for _ in range(REQUESTS_PER_SECOND):
        assert admission.count(b"a", 5.0) == ""
    assert admission.count(b"a", 5.9) == "over 100 requests a second; wait"
    assert admission.count(b"b", 5.9) == ""
    assert admission.count(b"a", 6.0) == ""


def test_all_clients_together_are_bounded() -> None:
    admission = Admission()
    for n in range(IN_WORK_MAX):
        assert admission.begin(b"%d" % n) == ""
    assert admission.begin(b"x") == "64 requests of others are in work; wait"
    admission.done(b"0")
    assert admission.begin(b"x") == ""


def test_clients_that_come_and_go_do_not_fill_the_memory() -> None:
    admission = Admission()
    assert admission.begin(b"first") == ""
    for n in range(5 * CLIENTS_MAX):
        admission.count(b"%d" % n, 0.0)
    assert len(admission._clients) == CLIENTS_MAX
    assert admission.begin(b"first") != "", "one in work is not forgotten"
