"""``gateway completion``: print what makes a shell complete commands, options and names.

The shell then runs ``gateway`` itself at every press of TAB, with what was typed so far in
variables; ``answer`` is what it runs. All of it is click's, but for bash's own words: readline
parts a line also at ``:`` and ``@``, of which the names here are full.
"""

from __future__ import annotations

import os
from typing import Final

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    split_arg_string,
)

from gateway.cli import complete
from gateway.cli.group import COMPLETE_VARIABLE as VARIABLE
from gateway.cli.manual import manual

_PROGRAM: Final = "gateway"

_BASH: Final = r"""%(complete_func)s() {
    local line=${COMP_LINE:0:COMP_POINT} response type value
    # The word as it was typed, and of it what readline takes for words before: it begins a new one
    # behind a colon, and with an @. Not so between quotes.
    local word=${line##*[[:space:]]} head= quote= rest
    case $word in
        [\'\"]*) quote=yes ;;
        *)
            [[ $COMP_WORDBREAKS == *:* ]] && head=${word%%"${word##*:}"}
            rest=${word#"$head"}
            [[ $COMP_WORDBREAKS == *@* && $rest == *@* ]] && head+=${rest%%@*} ;;
    esac
    response=$(COMP_LINE=$line %(complete_var)s=bash_complete "$1" 2>/dev/null)
    COMPREPLY=()
    while IFS=, read -r type value; do
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain|part)
                [[ $type == part ]] && compopt -o nospace
                [[ $quote ]] || printf -v value %%q "$value"
                COMPREPLY+=("${value#"$head"}") ;;
        esac
    done <<< "$response"
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class Bash(BashComplete):
    """Completes the line as it was typed, not as readline has parted it."""

    source_template = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        line = os.environ["COMP_LINE"]
        words = split_arg_string(line)
        is_begun = bool(words) and not line[-1:].isspace()
        return words[1:-1] if is_begun else words[1:], words[-1] if is_begun else ""

    @staticmethod
    def _check_version() -> None:
        """Not asked: it takes a process."""


class Zsh(ZshComplete):
    """Has no words that end without a space."""

    def format_completion(self, item: CompletionItem[str]) -> str:
        return super().format_completion(_plain(item))


class Fish(FishComplete):
    """The same."""

    def format_completion(self, item: CompletionItem[str]) -> str:
        return super().format_completion(_plain(item))


def _plain(item: CompletionItem[str]) -> CompletionItem[str]:
    kind = "plain" if item.type == complete.PART else item.type
    return CompletionItem(item.value, kind, item.help)


SHELLS: Final[dict[str, type[ShellComplete]]] = {"bash": Bash, "zsh": Zsh, "fish": Fish}


@click.command(
    "completion",
    epilog=manual(
        (
            "source <(gateway completion bash)        # in ~/.bashrc",
            "source <(gateway completion zsh)         # in ~/.zshrc, after compinit",
            "gateway completion fish | source         # in ~/.config/fish/config.fish",
        ),
        (),
        ("GATEWAY_RUN_DIR",),
    ),
)
@click.argument("shell", type=click.Choice(list(SHELLS)))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the script that makes SHELL complete the line of this command.

    Symbols and streams are those of the gateway that runs, if one does: after 'gateway book ' its
    symbols, after 'gateway tail ' its streams.
    """
    group = ctx.find_root().command
    click.echo(SHELLS[shell](group, {}, _PROGRAM, VARIABLE).source(), nl=False)


def answer(group: click.Command, instruction: str) -> int:
    """Print what fits the line that a shell has; never an error, which would stand in the line."""
    shell, _, verb = instruction.partition("_")
    if shell not in SHELLS or verb != "complete":
        return 1
    try:
        click.echo(SHELLS[shell](group, {}, _PROGRAM, VARIABLE).complete())
    except Exception:  # a half-typed line may be anything
        return 1
    return 0
