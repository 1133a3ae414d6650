"""Help of every command reads like a short manual page, and none meets a typo with a traceback."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import click
import pytest

from gateway.__main__ import main
from gateway.cli.group import group
from gateway.cli.manual import ALWAYS
from gateway.errors import EXIT_CODES

WIDTH = 80
Words = tuple[str, ...]


def commands(
    command: click.Command = group, path: Words = ()
) -> Iterator[tuple[Words, click.Command]]:
    """Yield every command and group with the words that call it."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None, name
            yield from commands(below, (*path, name))


ALL = dict(commands())
LEAVES = {path: command for path, command in ALL.items() if not isinstance(command, click.Group)}


def named(paths: dict[Words, click.Command]) -> list[object]:
    return [pytest.param(path, id=" ".join(path) or "gateway") for path in paths]


@pytest.fixture
def page(capfd: pytest.CaptureFixture[str]) -> Callable[[Words], str]:
    """Return what ``--help`` of a command prints."""

    def ask(path: Words) -> str:
        assert main([*path, "--help"]) == 0
        out, err = capfd.readouterr()
        assert err == ""
        return out

    return ask


@pytest.mark.parametrize("path", named(ALL))
def test_help_fits_a_terminal(page: Callable[[Words], str], path: Words) -> None:
    assert [line for line in page(path).splitlines() if len(line) > WIDTH] == []


@pytest.mark.parametrize("path", named(ALL))
def test_help_says_which_codes_the_command_ends_with(
    page: Callable[[Words], str], path: Words
) -> None:
    _, title, codes = page(path).partition("Exit codes:\n")
    assert title
    found = {int(code): text for code, text in re.findall(r"^ +(\d+)  (.+)$", codes, re.MULTILINE)}
    assert set(ALWAYS) <= found.keys()
    assert found.items() <= EXIT_CODES.items()


@pytest.mark.parametrize("path", named(LEAVES))
def test_help_says_what_a_command_does_and_how_it_is_called(
    page: Callable[[Words], str], path: Words
) -> None:
    text = page(path)
    assert text.startswith(f"Usage: {' '.join(('gateway', *path))} ")
    first = (ALL[path].help or "").partition("\n\n")[0]
    assert re.search(r"[.:]\s*$", first), "a sentence first"
    block = text.partition("Examples:\n")[2].partition("\n\n")[0]
    called = [
        line for line in block.splitlines() if re.search(rf"gateway {' '.join(path)}\b", line)
    ]
    assert called
    assert all(line.startswith("    ") for line in block.splitlines())


@pytest.mark.parametrize("path", named(LEAVES))
def test_every_option_says_what_it_is(path: Words) -> None:
    options = [each for each in ALL[path].params if isinstance(each, click.Option)]
    assert [each.name for each in options if not each.help] == []


@pytest.mark.parametrize("path", named(LEAVES))
def test_variables_that_a_command_reads_are_in_its_help(
    page: Callable[[Words], str], path: Words
) -> None:
    for parameter in ALL[path].params:
        if parameter.envvar:
            assert str(parameter.envvar) in page(path)


@pytest.mark.parametrize("path", named(ALL))
def test_bad_option_is_one_line(capfd: pytest.CaptureFixture[str], path: Words) -> None:
    assert main([*path, "--no-such-option"]) == 2
    out, err = capfd.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("gateway: ")
    assert f"see '{' '.join(('gateway', *path))} --help'" in err


@pytest.mark.parametrize("path", [(), ("config",)], ids=["gateway", "config"])
def test_help_of_a_group_lists_its_commands_in_a_line_each(
    page: Callable[[Words], str], path: Words
) -> None:
    block = page(path).partition("Commands:\n")[2].partition("\n\n")[0]
    below = [words[-1] for words in ALL if words[:-1] == path and words]
    assert [line.split()[0] for line in block.splitlines()] == below
    assert all(line.endswith(".") and "..." not in line for line in block.splitlines())
