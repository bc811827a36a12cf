"""Passwords for commands: from a file, from standard input, or asked for; never from the command line."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from pathlib import Path

from crmdesk.errors import FileFault, InvalidInput, KeyUnavailable


def add_options(command: argparse.ArgumentParser, *, file: bool = False) -> None:
    """Let *command* say where the password comes from; *file*: from a file, too."""
    where = command.add_mutually_exclusive_group()
    where.add_argument(
        "--password-stdin",
        action="store_true",
        help="read the password from the first line of standard input; otherwise it is asked for",
    )
    if file:
        where.add_argument("--password-file", type=Path, metavar="F", help="read it from this file")


def password_of(given: argparse.Namespace, prompt: str, *, twice: bool = False) -> str:
    """Return the password from where *given* says, or ask whoever sits here.

    Args:
        given: the command line; see :func:`add_options`.
        prompt: what is asked for.
        twice: ask again and compare.

    Raises:
        InvalidInput: nobody sits here, two different answers, or no password at all.
        FileFault: the file cannot be read.
    """
    word = _read(given, prompt, twice=twice)
    if not word:
        raise InvalidInput("The password is empty.", fields=("password",))
    return word


def _read(given: argparse.Namespace, prompt: str, *, twice: bool) -> str:
    file: Path | None = getattr(given, "password_file", None)
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
        except (OSError, UnicodeDecodeError) as error:
            raise FileFault("The file {path} cannot be read.", path=file) from error
    if given.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise InvalidInput(
            "Nobody is here to type the password. Send it on standard input and say --password-stdin.",
            fields=("password",),
        )
    first = getpass.getpass(f"{prompt}: ")
    if twice and getpass.getpass("Once more: ") != first:
        raise InvalidInput("The two passwords differ. Try again.", fields=("password",))
    return first


class KeyringOrNone:
    """The secrets of this computer; where no keyring answers there are none: servers have none."""

    def get(self, profile: str, name: str) -> str | None:
        """Return the secret, None when there is none or nobody can say."""
        from crmdesk.services.store.keys import secrets_of

        try:
            return secrets_of(os.environ).get(profile, name)
        except KeyUnavailable:
            return None

    def set(self, profile: str, name: str, value: str) -> None:
        """Keep *value*."""
        from crmdesk.services.store.keys import secrets_of

        secrets_of(os.environ).set(profile, name, value)

    def delete(self, profile: str, name: str) -> None:
        """Forget the secret."""
        from crmdesk.services.store.keys import secrets_of

        secrets_of(os.environ).delete(profile, name)
