"""The command line: one command, one module."""

import sys

import typer

from opentrail import __version__
from opentrail.errors import OpenTrailError
from opentrail.server.commands.check import check_command
from opentrail.server.commands.events import events_command
from opentrail.server.commands.importing import import_command
from opentrail.server.commands.serve import serve_command
from opentrail.server.commands.up import up_command

app = typer.Typer(
    name="opentrail",
    help="CloudTrail that you run yourself: who did what, when, from where and with what result.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("up", help="Start the sandbox: an embedded cloud behind the recorder, on loopback.")(up_command)
app.command("serve", help="Start a server from a settings file, with upstreams and principals of its own.")(
    serve_command
)
app.command("import", help="Read CloudTrail log files into the event history.")(import_command)
app.command("events", help="List events of the history, newest first.")(events_command)
app.command("check", help="Prove a data folder whole, or name what is not.")(check_command)


@app.command("version", help="Print the version.")
def version_command() -> None:
    """Print the version."""
    typer.echo(f"opentrail {__version__}")


def main() -> None:
    """Run the command line; named failures are one line on standard error and status 1."""
    try:
        app()
    except OpenTrailError as failure:
        typer.echo(f"opentrail: {failure.message}", err=True)
        sys.exit(1)
