"""The command line: one command, one module; only the asked one is loaded, since some take half a second to load."""

import importlib
import os
import sys
from typing import NamedTuple

import typer

from opentrail import __version__
from opentrail.errors import OpenTrailError
from opentrail.server.processes.ending import end_process

PRIVATE_UMASK = 0o077
SERVERS = ("up", "serve")


class Command(NamedTuple):
    """Where a command lives, and what it says of itself."""

    module: str
    function: str  # or the group of its own commands
    help: str


COMMANDS = {
    "up": Command("up", "up_command", "Start the sandbox: an embedded cloud behind the recorder, on loopback."),
    "init": Command("init", "init_command", "Make a data folder with principals of its own, sealed by a master key."),
    "principals": Command("principals", "app", "Accounts, users, roles, policies and access keys of a data folder."),
    "master-key": Command("master_key", "master_key_command", "Where the master key is kept; a new one in its place."),
    "serve": Command("serve", "serve_command", "Start a server from a settings file, with upstreams of its own."),
    "import": Command("importing", "import_command", "Read CloudTrail log files into the event history."),
    "events": Command("events", "events_command", "List events of the history, newest first."),
    "validate": Command("validate", "validate_command", "Prove log files by their signed digests."),
    "digest-keys": Command("digest_keys", "digest_keys_command", "List or replace the keys that sign digests."),
    "sql": Command("sql", "sql_command", "Ask log files in CloudTrail Lake's SQL."),
    "check": Command("check", "check_command", "Prove a data folder whole, or name what is not."),
}


def command_line(asked: str | None) -> typer.Typer:
    """The application with the command `asked`, or with all of them where that is none of ours."""
    app = typer.Typer(
        name="opentrail",
        help="CloudTrail that you run yourself: who did what, when, from where and with what result.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )

    @app.command("version", help="Print the version.")
    def version_command() -> None:
        typer.echo(f"opentrail {__version__}")

    for name in [asked] if asked in COMMANDS else COMMANDS:
        command = COMMANDS[name]
        module = importlib.import_module(f"opentrail.server.commands.{command.module}")
        found = getattr(module, command.function)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name, help=command.help)
        else:
            app.command(name, help=command.help)(found)
    return app


def main() -> None:
    """Run the command line; named failures are one line on standard error and status 1.

    Whatever it and its children write is closed to other users.
    """
    os.umask(PRIVATE_UMASK)
    asked = sys.argv[1] if len(sys.argv) > 1 else None
    try:
        command_line(asked)()
    except OpenTrailError as failure:
        typer.echo(f"opentrail: {failure.message}", err=True)
        sys.exit(1)
    except SystemExit as ended:
        if asked in SERVERS and not ended.code:
            end_process()
        raise
