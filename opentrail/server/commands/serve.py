"""`opentrail serve`: a server with upstreams and principals from a settings file."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from opentrail.server.administering import home_account
from opentrail.server.data_folder import DataFolder
from opentrail.server.running import run_server
from opentrail.server.settings_reading import check_delivery, read_settings, with_home_account, with_options


def serve_command(
    config: Annotated[Path, typer.Option(help="The settings, a TOML file.")],
    data_dir: Annotated[Path | None, typer.Option(help="Where everything is kept; overrides the file.")] = None,
    tls_cert: Annotated[str, typer.Option(help="PEM file: serve TLS with this certificate and its chain.")] = "",
    tls_key: Annotated[str, typer.Option(help="PEM file: the certificate's key.")] = "",
    workers: Annotated[int | None, typer.Option(help="Processes that answer calls; overrides the file.")] = None,
    delivery_interval: Annotated[
        float | None, typer.Option(help="Seconds between log files of trails, from 1; overrides the file.")
    ] = None,
    digest_interval: Annotated[
        float | None, typer.Option(help="Seconds between digests, from 2; overrides the file.")
    ] = None,
    allow_shorter_retention: Annotated[
        bool, typer.Option("--allow-shorter-retention", help="Let [history] retention_days be less than it was.")
    ] = False,
) -> None:
    """Start the server and run until SIGTERM or Ctrl-C."""
    settings = with_options(read_settings(config), tls_cert=tls_cert, tls_key=tls_key, workers=workers)
    told = {"interval_seconds": delivery_interval, "digest_interval_seconds": digest_interval}
    delivery = msgspec.structs.replace(settings.delivery, **{k: v for k, v in told.items() if v is not None})
    check_delivery(delivery)
    settings = msgspec.structs.replace(settings, delivery=delivery)
    chosen = data_dir if data_dir is not None else Path(settings.data_dir) if settings.data_dir else None
    folder = DataFolder.resolve(chosen)
    settings = with_home_account(settings, home_account(folder))
    run_server(folder, settings, with_sandbox=False, may_shorten_retention=allow_shorter_retention)
