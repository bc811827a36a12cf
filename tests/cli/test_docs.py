"""What the pages for people name is there: commands with their options, and the policy as it stands."""

import argparse
import re
import shlex
from pathlib import Path

import pytest

from crmdesk.cli import program
from crmdesk.settings import read_policy

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("README.md", "docs/it.md", "docs/workflow.md", "docs/architecture.md")
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r"`(crmdesk [^`]+)`")
_COMMAND = re.compile(r"(?:^|[\s\\/])(crmdesk [a-z-]+(?=\s)[^#\n]*)", re.MULTILINE)
"""A database of that name is followed by no word in small letters."""


def named(page: str) -> list[str]:
    """Return every command that a page names, in a block or within a sentence."""
    text = (ROOT / page).read_text(encoding="utf-8")
    shown = "\n".join(block for language, block in _BLOCK.findall(text) if language != "toml")
    return _COMMAND.findall(shown) + _INLINE.findall(_BLOCK.sub("", text))


def choices(command: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the commands below *command*."""
    for action in command._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def unknown(words: list[str]) -> list[str]:
    """Return what of a command line the program does not know."""
    command, wrong = program.parser(), []
    for word in words:
        below = choices(command)
        if word.startswith("--"):
            wrong += [word] if word.partition("=")[0] not in command._option_string_actions else []
        elif below and not word.startswith("crmdesk://"):
            wrong += [each for each in word.split("|") if each not in below]
            command = below.get(word.partition("|")[0], command)
    return wrong


@pytest.mark.parametrize("page", PAGES)
def test_every_command_on_a_page_exists_with_its_options(page: str) -> None:
    lines = named(page)
    assert lines or page.endswith("architecture.md")
    wrong = {line: unknown(shlex.split(line.replace("'", " "))[1:]) for line in lines}
    assert {line: words for line, words in wrong.items() if words} == {}


def test_the_policy_on_the_page_is_one(tmp_path: Path) -> None:
    (shown,) = (
        block
        for language, block in _BLOCK.findall((ROOT / "docs/it.md").read_text(encoding="utf-8"))
        if language == "toml"
    )
    policy = tmp_path / "policy.toml"
    policy.write_text(shown, encoding="utf-8")
    fixed = read_policy(policy)
    assert (fixed["server"], fixed["calendar"]) == ("db.example.com:5432/crmdesk", "cn-default")
