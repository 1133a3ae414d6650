"""What stands below the options in every command's help: examples, environment, exit codes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gateway.errors import EXIT_CODES

ALWAYS = (0, 2, 70)  # whatever the command
VARIABLES = {
    "GATEWAY_RUN_DIR": "run directory, as --run-dir",
    "GATEWAY_CONFIG": "configuration file, as --config or FILE",
    "GATEWAY_<KEY>": "a key of the configuration: GATEWAY_BOOK_LEVELS=50",
    "GATEWAY_LOG": "log as json or text (default: json under systemd)",
}


def manual(
    examples: Sequence[str],
    codes: Iterable[int] = (),
    variables: Sequence[str] = ("GATEWAY_RUN_DIR",),
) -> str:
    """Return the ``epilog`` of a command.

    ``examples`` are command lines, ``codes`` the exit codes that it can give besides those that
    every command can, ``variables`` those of VARIABLES that it reads.
    """
    blocks = [_block("Examples", examples)]
    if variables:
        lines = (f"{name:<16} {VARIABLES[name]}" for name in variables)
        blocks.append(_block("Environment", lines))
    numbers = sorted({*ALWAYS, *codes})
    blocks.append(_block("Exit codes", (f"{code:>3}  {EXIT_CODES[code]}" for code in numbers)))
    return "\n\n".join(blocks)


def _block(title: str, lines: Iterable[str]) -> str:
    # \b: click is to leave the lines as they are.
    return "\n".join(["\b", f"{title}:", *(f"  {line}" for line in lines)])
