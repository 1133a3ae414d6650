"""Entry of the ``gateway`` command: runs it and turns what is raised into exit codes.

Errors a user can cause are one line on stderr. A traceback means a bug of ours (exit 70). A reader
that closed the pipe has all it wanted: exit 0, quietly.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

import click

from gateway.cli.group import COMPLETE_VARIABLE, group
from gateway.errors import INTERRUPTED, GatewayError, NotFound
from gateway.redaction import redacted

_PROGRAM = "gateway"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if COMPLETE_VARIABLE in os.environ:
        from gateway.cli.completion import answer

        return answer(group, os.environ[COMPLETE_VARIABLE])
    try:
        with group.make_context(_PROGRAM, given) as context:
            group.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as exc:
        return exc.exit_code
    except click.exceptions.NoArgsIsHelpError as exc:
        exc.show()
        return exc.exit_code
    except click.ClickException as exc:
        return _complain(_usage(exc), exc.exit_code)
    except BrokenPipeError:
        # What is still buffered goes nowhere, or the interpreter complains at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except Exception as exc:
        return _report(exc)
    return 0


def _usage(exc: click.ClickException) -> str:
    problem = exc.format_message().rstrip(".")
    context = exc.ctx if isinstance(exc, click.UsageError) else None
    path = context.command_path if context else _PROGRAM
    return f"{problem}; see '{path} --help'"


def _report(exc: Exception) -> int:
    if isinstance(exc, GatewayError) and exc.is_reported:
        return exc.exit_code
    if isinstance(exc, GatewayError):
        return _complain(str(exc), exc.exit_code)
    if _is_client_error(exc):
        return _complain(_client_sentence(exc), getattr(exc, "exit_code", GatewayError.exit_code))
    print(redacted("".join(traceback.format_exception(exc))), end="", file=sys.stderr)
    return _complain("internal error; please report the lines above", GatewayError.exit_code)


def _is_client_error(exc: Exception) -> bool:
    # Not imported here: only the reading commands need the client library.
    client = sys.modules.get("gateway_client.errors")
    return client is not None and isinstance(exc, client.ClientError)


def _client_sentence(exc: Exception) -> str:
    """Return the client library's sentence, or ours where its own speaks of Python calls."""
    known = getattr(exc, "known", None)
    if known is None or getattr(exc, "matches", None):
        return str(exc)
    return str(NotFound(getattr(exc, "name", ""), known))


def _complain(sentence: str, exit_code: int) -> int:
    print(f"{_PROGRAM}: {redacted(sentence)}", file=sys.stderr)
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
