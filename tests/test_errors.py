"""Every class of the tree has a documented exit code, its facts, and a sentence with a remedy."""

from __future__ import annotations

import pytest

from gateway import errors
from gateway.errors import EXIT_CODES, GatewayError

EXAMPLES: list[tuple[GatewayError, int, str]] = [
    (
        errors.UsageError("x@y", "has no market", "write it so"),
        2,
        "x@y: has no market; write it so",
    ),
    (errors.ConfigError("a.toml", "p", "r", "rest.x"), 78, "a.toml: rest.x: p; r"),
    (errors.ConfigMissing("a.toml", "p", "r"), 66, "a.toml: p; r"),
    (errors.VenueError("https://x", "no answer", "wait"), 69, "https://x: no answer; wait"),
    (
        errors.DecodeError("SYNTAX", 7, 90, "spot:a@trade"),
        69,
        "spot:a@trade: SYNTAX at byte 7 of 90",
    ),
    (errors.LayoutError("a.seg", "is half-made", "wait"), 76, "a.seg: is half-made; wait"),
    (errors.RunDirError("/x", "is not on tmpfs", "move"), 73, "/x: is not on tmpfs; move"),
    (errors.AlreadyRunning("/x", 42), 75, "/x: a gateway is already running here, pid 42; "),
    (errors.AlreadyRunning("/x", 0), 75, "/x: a gateway is already running here, in another pid"),
    (errors.NotRunning(["/a", "/b"]), 69, "no gateway is running (looked in /a, /b); start one"),
    (
        errors.NotFound("spot:A", ["spot:B"]),
        67,
        "spot:A: this gateway does not carry it; it has spot:B",
    ),
    (errors.ControlError("/x", "no answer within 60 s"), 69, "/x: no answer within 60 s; see the "),
    (errors.ControlError("/x", "no room", "restart", 73), 73, "/x: no room; restart"),
    (errors.DataFileError("a.gz", "is cut short", "get it again"), 65, "a.gz: is cut short; get"),
    (errors.DataFileMissing("a.gz", "is not there", "check"), 66, "a.gz: is not there; check"),
    (errors.FileRefused("a.toml", "is there", "remove it"), 73, "a.toml: is there; remove it"),
    (errors.ShardFailed(0, -9), 70, "shard 0 ended with signal 9 before it was ready; see its"),
    (errors.ShardFailed(0, 73), 73, "shard 0 ended with code 73 before it was ready; see its"),
    (errors.PortTaken("127.0.0.1", 99), 98, "127.0.0.1:99: the address is taken"),
]


@pytest.mark.parametrize(
    ("error", "exit_code", "sentence"), EXAMPLES, ids=[type(e[0]).__name__ for e in EXAMPLES]
)
def test_error_has_its_code_and_says_what_to_do(
    error: GatewayError, exit_code: int, sentence: str
) -> None:
    assert error.exit_code == exit_code
    assert exit_code in EXIT_CODES
    assert str(error).startswith(sentence)
    assert str(error).endswith(error.remedy)
    assert error.remedy
    assert "\n" not in str(error)


def test_every_class_has_an_example() -> None:
    def tree(base: type[GatewayError]) -> set[type[GatewayError]]:
        own = [c for c in base.__subclasses__() if c.__module__ == "gateway.errors"]
        return set(own).union(*map(tree, own))

    assert tree(GatewayError) == {type(error) for error, _, _ in EXAMPLES}


def test_long_list_of_what_is_known_is_cut() -> None:
    error = errors.NotFound("spot:A", [f"spot:S{n}" for n in range(20)])
    assert "spot:S7 and 12 more" in str(error)
    assert len(error.known) == 20


def test_shard_that_said_what_is_wrong_is_not_reported_twice() -> None:
    assert errors.ShardFailed(0, 73).is_reported
    for returncode in (-9, 0, 1, 70, 130):
        failed = errors.ShardFailed(0, returncode)
        assert not failed.is_reported
        assert failed.exit_code == 70
