"""Which host is asked, with times as plain numbers."""

from __future__ import annotations

from gateway.rest.hosts import RETURN_SECONDS, Hosts


def test_first_host_is_preferred() -> None:
    assert Hosts(3).order(0.0) == [0, 1, 2]


def test_failed_host_comes_last_until_it_is_tried_again() -> None:
    hosts = Hosts(3)
    hosts.failed(0, 10.0)
    assert hosts.order(11.0) == [1, 2, 0]
    hosts.failed(1, 20.0)
    assert hosts.order(21.0) == [2, 0, 1]
    assert hosts.order(19.0 + RETURN_SECONDS) == [2, 0, 1]
    assert hosts.order(20.0 + RETURN_SECONDS) == [0, 1, 2]


def test_late_news_of_a_host_that_is_not_first_changes_nothing() -> None:
    hosts = Hosts(3)
    hosts.failed(0, 0.0)
    hosts.failed(0, 1.0)
    assert hosts.order(2.0) == [1, 2, 0]


def test_only_host_stays_the_first() -> None:
    hosts = Hosts(1)
    hosts.failed(0, 0.0)
    assert hosts.order(0.0) == [0]
