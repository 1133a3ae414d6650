"""SUBSCRIBE batches, and what the venue's answers mean."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.shard.subscribe import (
    ACK_S,
    FRAME_BYTES_MAX,
    NAMES_MAX,
    SPLITS_MAX,
    Answer,
    Outcome,
    Requests,
    batches,
    is_shutdown,
    parse_answer,
    request_frame,
)


@given(st.lists(st.text(min_size=1, max_size=60), max_size=700), st.integers(1, NAMES_MAX))
def test_batches_keep_every_name_in_order_and_fit_the_venue(names: list[str], most: int) -> None:
    parts = list(batches(names, most))
    assert [name for part in parts for name in part] == names
    for part in parts:
        assert 0 < len(part) <= most
        assert len(request_frame("UNSUBSCRIBE", part, 2**31)) <= FRAME_BYTES_MAX


def test_two_hundred_names_go_into_one_frame_when_they_are_short() -> None:
    assert len(list(batches(["a@b"] * 200))) == 1
    assert len(list(batches(["a@b"] * 201))) == 2


def test_a_subscription_is_the_venues_message() -> None:
    message = orjson.loads(request_frame("SUBSCRIBE", ["btcusdt@trade"], 7))
    assert message == {"method": "SUBSCRIBE", "params": ["btcusdt@trade"], "id": 7}


@pytest.mark.parametrize(
    ("payload", "answer"),
    [
        (b'{"result":null,"id":1}', Answer(1, "")),
        (b'{"error":{"code":2,"msg":"Invalid"},"id":2}', Answer(2, "code 2: Invalid", 2)),
        (b'{"code":4,"msg":"Too many","id":3}', Answer(3, "code 4: Too many", 4)),
        (b'{"error":{"code":4,"msg":"Too many"}}', Answer(None, "code 4: Too many", 4)),
        (b'{"error":{"code":"x"},"id":"y"}', Answer(None, "code x: no message")),
        (b'{"e":"serverShutdown","E":1}', None),
        (b"[]", None),
        (b"rubbish", None),
    ],
)  # fmt: skip
def test_answers_are_read_in_both_forms(payload: bytes, answer: Answer | None) -> None:
    assert parse_answer(payload) == answer


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b'{"e":"serverShutdown","E":1770123456789}', True),
        (b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}', True),
        (b'{"event":{"e":"serverShutdown","E":1770123456789}}', True),
        (b'{"result":null,"id":1}', False),
    ],
)
def test_shutdown_is_seen_in_every_form(payload: bytes, expected: bool) -> None:
    assert is_shutdown(payload) is expected


def sent(requests: Requests, now: float = 0.0) -> list[dict[str, Any]]:
    frames = []
    while requests.has_more:
        frames.append(orjson.loads(requests.next_frame(now)))
    return frames


def ack(requests: Requests, message: dict[str, Any]) -> Outcome:
    return requests.answered(Answer(message["id"], ""))


def test_acks_find_their_request_in_any_order() -> None:
    requests = Requests(names_max=2)
    requests.add(["a@x", "b@x", "c@x"])
    first, second = sent(requests)
    assert ack(requests, second).acked == ("c@x",)
    assert not requests.is_settled
    assert ack(requests, first).acked == ("a@x", "b@x")
    assert requests.is_settled
    assert ack(requests, first) == Outcome()


def test_an_error_without_an_id_is_for_the_oldest_request() -> None:
    requests = Requests(names_max=1)
    requests.add(["a@x", "b@x"])
    _, second = sent(requests)
    assert requests.answered(Answer(None, "code 4: Too many", 4)).refused == ("a@x",)
    assert ack(requests, second).acked == ("b@x",)


def test_one_bad_name_is_found_and_its_neighbours_are_subscribed() -> None:
    requests, names = Requests(), [f"s{number}@trade" for number in range(50)]
    requests.add(names)
    acked, refused = set(), []
    while requests.has_more:
        for message in sent(requests):
            is_bad = "s17@trade" in message["params"]
            error = ("code 2: Invalid request: invalid stream", 2) if is_bad else ("", 0)
            outcome = requests.answered(Answer(message["id"], *error))
            acked.update(outcome.acked)
            refused += outcome.refused
    assert refused == ["s17@trade"]
    assert acked == set(names) - {"s17@trade"}
    assert requests.is_settled


def test_looking_for_bad_names_comes_to_an_end() -> None:
    requests = Requests()
    requests.add(f"s{number}@trade" for number in range(200))
    frames, refused = 0, 0
    while requests.has_more:
        for message in sent(requests):
            frames += 1
            refused += len(requests.answered(Answer(message["id"], "code 2: no", 2)).refused)
    assert refused == 200
    assert frames <= 2 * SPLITS_MAX + 1


def test_too_many_streams_are_not_tried_in_halves() -> None:
    requests = Requests()
    requests.add(["a@x", "b@x"])
    [message] = sent(requests)
    outcome = requests.answered(Answer(message["id"], "code 4: Too many subscriptions", 4))
    assert outcome.refused == ("a@x", "b@x")
    assert not requests.has_more


def test_what_was_not_asked_for_yet_is_not_asked_for_at_all() -> None:
    requests = Requests()
    requests.add(["a@x", "b@x"])
    requests.drop(["b@x"])
    assert [m["params"] for m in sent(requests)] == [["a@x"]]


def test_what_was_asked_for_is_unsubscribed_and_may_be_subscribed_again_behind_it() -> None:
    requests = Requests()
    requests.add(["a@x"])
    sent(requests)
    requests.drop(["a@x"])
    requests.add(["a@x"])
    assert [m["method"] for m in sent(requests)] == ["UNSUBSCRIBE", "SUBSCRIBE"]


def test_an_answer_to_unsubscribe_acknowledges_nothing() -> None:
    requests = Requests()
    requests.drop(["a@x"])
    [message] = sent(requests)
    assert ack(requests, message) == Outcome()
    assert requests.is_settled


def test_a_request_without_an_answer_is_named() -> None:
    requests = Requests(names_max=1)
    requests.add(["a@x", "b@x"])
    requests.next_frame(100.0)
    requests.next_frame(105.0)
    assert requests.overdue(100.0 + ACK_S) == ()
    assert requests.overdue(100.1 + ACK_S) == ("a@x",)
    requests.answered(Answer(1, ""))
    assert requests.overdue(100.1 + ACK_S) == ()
