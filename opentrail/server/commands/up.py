"""`opentrail up`: the sandbox, with no configuration."""

from pathlib import Path
from typing import Annotated

import typer

from opentrail.server.administering import home_account
from opentrail.server.data_folder import DataFolder
from opentrail.server.running import run_server
from opentrail.server.settings import (
    DEFAULT_CONSOLE_PORT,
    DEFAULT_PORT,
    GUARANTEES,
    NO_LIMITS,
    SANDBOX_ACCOUNT,
    SANDBOX_KEY,
    SANDBOX_SERVICES,
    BadSettings,
    Delivery,
    History,
    Lake,
    Organization,
    Principal,
    Server,
    Settings,
)
from opentrail.server.settings_reading import check_delivery, is_loopback, with_options


def up_command(
    data_dir: Annotated[Path | None, typer.Option(help="Where everything is kept.")] = None,
    host: Annotated[str, typer.Option(help="Loopback address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of the AWS endpoint.")] = DEFAULT_PORT,
    console_port: Annotated[int, typer.Option(help="Port of health, metrics and console.")] = DEFAULT_CONSOLE_PORT,
    sandbox: Annotated[bool, typer.Option("--sandbox/--no-sandbox", help="Run the embedded cloud.")] = True,
    guarantee: Annotated[str, typer.Option(help=f"One of: {', '.join(GUARANTEES)}.")] = "durable",
    tls_cert: Annotated[str, typer.Option(help="PEM file: serve TLS with this certificate and its chain.")] = "",
    tls_key: Annotated[str, typer.Option(help="PEM file: the certificate's key.")] = "",
    workers: Annotated[int, typer.Option(help="Processes that answer calls.")] = 1,
    enforce_iam: Annotated[
        bool, typer.Option("--enforce-iam", help="Decide calls by the IAM policies attached in the sandbox.")
    ] = False,
    commit_interval: Annotated[float, typer.Option(help="Seconds between commits of tables.")] = 60.0,
    delivery_interval: Annotated[float, typer.Option(help="Seconds between log files of trails, from 1.")] = 300.0,
    digest_interval: Annotated[float, typer.Option(help="Seconds between digests, from 2.")] = 3600.0,
) -> None:
    """Start the sandbox and run until SIGTERM or Ctrl-C."""
    if not is_loopback(host):
        raise BadSettings(
            f"{host} is not a loopback address: the sandbox has a well-known key; use `opentrail serve` instead"
        )
    promised = next((known for known in GUARANTEES if known == guarantee), None)
    if promised is None:
        raise BadSettings(f"--guarantee is one of: {', '.join(GUARANTEES)}")
    settings = Settings(
        server=Server(
            host=host,
            port=port,
            console_host=host,
            console_port=console_port,
            account=SANDBOX_ACCOUNT,
            guarantee=promised,
            enforce_iam=enforce_iam,
        ),
        organization=Organization(upstream=SANDBOX_SERVICES) if sandbox else Organization(),
        history=History(commit_interval_seconds=commit_interval),
        lake=Lake(commit_interval_seconds=commit_interval),
        delivery=Delivery(interval_seconds=delivery_interval, digest_interval_seconds=digest_interval),
        limits=NO_LIMITS,
        principal=[Principal(access_key_id=SANDBOX_KEY, secret_access_key=SANDBOX_KEY, account=SANDBOX_ACCOUNT)],
    )
    if enforce_iam and not sandbox:
        raise BadSettings("--enforce-iam needs the embedded cloud, whose policies it enforces")
    check_delivery(settings.delivery)
    settings = with_options(settings, tls_cert=tls_cert, tls_key=tls_key, workers=workers)
    folder = DataFolder.resolve(data_dir)
    if home_account(folder) is not None:
        raise BadSettings(
            f"{folder.root} has principals of its own, and the sandbox has a well-known key: "
            "use opentrail serve, or another --data-dir"
        )
    run_server(folder, settings, with_sandbox=sandbox)
