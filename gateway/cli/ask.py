"""Ask a running gateway for a change, over its control socket: the client's own request."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gateway.errors import ControlError, NotRunning
from gateway_client import NoAnswer, RequestRefused, rundir
from gateway_client.control import request

ANSWER_SECONDS = 90.0  # a market that was not used before costs a look at its exchangeInfo


def ask(run_dir: str, method: str, streams: Sequence[str]) -> dict[str, Any]:
    """Return the result of one request to the gateway in ``run_dir`` (empty: the default search).

    Raises NotRunning or the client's own error where none is there, ControlError where it refuses.
    """
    found = rundir.find(run_dir or None)
    try:
        return request(found.control, method, ANSWER_SECONDS, streams=list(streams))
    except NoAnswer as exc:
        if isinstance(exc.__cause__, FileNotFoundError | ConnectionRefusedError):  # a leftover
            raise NotRunning([Path(found.run_dir)]) from exc
        raise ControlError(found.run_dir, exc.why) from exc
    except RequestRefused as exc:
        problem, _, remedy = exc.message.rpartition("; ")
        if not problem:
            raise ControlError(found.run_dir, remedy, code=exc.code) from exc
        raise ControlError(found.run_dir, problem, remedy, exc.code) from exc
