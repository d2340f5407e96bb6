"""`ccd hash`."""

import sys

import typer

from ccd.cli.failure import REFUSED, Failure


def hash_pin() -> None:
    """Hash an agent's PIN for the configuration.

    Asks for it twice without showing it; from a pipe it reads one line.
    """
    from ccd.config.secret import hash_secret

    if sys.stdin.isatty():
        pin = typer.prompt("PIN", hide_input=True, confirmation_prompt=True)
    else:
        pin = sys.stdin.readline().rstrip("\n")
    if not (pin.isascii() and pin.isdigit() and 4 <= len(pin) <= 16):
        raise Failure("a PIN is 4 to 16 digits", REFUSED)
    typer.echo(hash_secret(pin))
