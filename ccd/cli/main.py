"""`ccd`: the command line. A command's module is read when the command is used, so that `ccd --help` is quick."""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from ccd.cli.failure import Failure

DEFAULT_URL = "http://127.0.0.1:8080"
COMMANDS = {
    "run": ("ccd.cli.run", "run", "Run the daemon."),
    "check": ("ccd.cli.check", "check", "Check configuration and flows."),
    "reload": ("ccd.cli.reload", "reload", "Read the configuration again; running calls are not touched."),
    "status": ("ccd.cli.status", "status", "How the centre stands: switches, health, queues."),
    "agents": ("ccd.cli.agents", "app", "The agents, and what they can be made to do."),
    "calls": ("ccd.cli.calls", "app", "The calls that run or ran, and what can be done to one."),
    "why": ("ccd.cli.why", "why", "A call's way through the flow, and why each agent was chosen."),
    "campaign": ("ccd.cli.campaign", "app", "Campaigns: the list, start to stop, contacts, report."),
    "do-not-call": ("ccd.cli.do_not_call", "app", "Numbers that are not to be called."),
    "tail": ("ccd.cli.tail", "tail", "Follow what happens; Ctrl-C ends it."),
    "replay": ("ccd.cli.replay", "replay_day", "A journalled day through the engine again: the same decisions?"),
    "recordings": ("ccd.cli.recordings", "app", "Recordings as files."),
    "simulate": (
        "ccd.cli.simulate",
        "simulate",
        "Days of simulated callers and agents on your own configuration: service level, waits, occupancy.",
    ),
    "callers": ("ccd.cli.callers", "app", "Those who call: what is kept of them."),
    "backup": (
        "ccd.cli.backup",
        "backup",
        "Configuration, records, contacts, journal into a file; the daemon may run.",
    ),
    "restore": ("ccd.cli.restore", "restore", "A backup back in its place; the daemon must not run."),
    "token": ("ccd.cli.token", "token", "Make a token for the API, and its line for the configuration."),
    "hash": ("ccd.cli.hash", "hash_pin", "Hash an agent's PIN for the configuration."),
    "lab": ("ccd.cli.lab", "app", "A private PBX with phones, on loopback and free ports."),
    "demo": ("ccd.cli.demo", "demo", "Eight callers, five agents, a private PBX: all of it at work."),
}


class LazyGroup(TyperGroup):
    """Lists commands by the table above; imports the one that is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Those whose module is there."""
        return [name for name, (module, _, _) in COMMANDS.items() if find_spec(module)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A stand-in that knows its name and help: enough to list it, to suggest it and to complete it."""
        if cmd_name not in self.list_commands(ctx):
            return None
        return TyperCommand(cmd_name, help=COMMANDS[cmd_name][2])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The real one."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, (_command(name) if command is not None and name is not None else command), rest


def _command(name: str) -> Any:
    module, attribute, text = COMMANDS[name]
    found = getattr(import_module(module), attribute)
    if not isinstance(found, typer.Typer):
        app = typer.Typer(add_completion=False)
        app.command(name, help=found.__doc__ or text)(found)
        found = app
    command = typer.main.get_command(found)
    command.name = name
    return command


app = typer.Typer(cls=LazyGroup, no_args_is_help=True, pretty_exceptions_enable=False)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ccd {version('ccd')}")
        raise typer.Exit


@app.callback()
def ccd(
    context: typer.Context,
    url: Annotated[str, typer.Option(envvar="CCD_URL", help="Where the daemon listens.")] = DEFAULT_URL,
    token: Annotated[
        str, typer.Option(envvar="CCD_TOKEN", help="What lets you in; better in a file, others see a command line.")
    ] = "",
    token_file: Annotated[
        Path | None,
        typer.Option(envvar="CCD_TOKEN_FILE", help="Its file; else ~/.config/ccd/token or /etc/ccd/cli.token."),
    ] = None,
    ca: Annotated[
        Path | None, typer.Option(envvar="CCD_CA", exists=True, help="Who signed the daemon's certificate (PEM).")
    ] = None,
    version: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True)] = False,
) -> None:
    """A call centre out of your Asterisk.

    Exit codes: 0 done, 1 refused, 2 wrong usage, 3 no daemon, 4 token missing, wrong or of too low a role, 5 unknown.
    """
    from ccd.cli.client import Access

    context.obj = Access(url, token, token_file, ca)


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script."""
    try:
        app(arguments)
    except Failure as failure:
        print(f"ccd: {failure}", file=sys.stderr)
        sys.exit(failure.code)


if __name__ == "__main__":
    main()
