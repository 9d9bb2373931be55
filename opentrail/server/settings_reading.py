"""Reading the settings file of `serve`: unknown names are refused with the nearest right one, and what cannot be done.

Units are part of a setting's name; what each table holds is in server/settings.py.
"""

import difflib
import ipaddress
import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from opentrail.server.settings import (
    SANDBOX_ACCOUNT,
    SANDBOX_KEY,
    BadSettings,
    Delivery,
    History,
    Journal,
    Lake,
    Limits,
    Organization,
    Principal,
    Regions,
    Server,
    Settings,
    Upstream,
)

LEAST_RETENTION_DAYS = 90  # as CloudTrail's own event history
MOST_WORKERS = 64
LEAST_DELIVERY_SECONDS = 1
LEAST_DIGEST_SECONDS = 2  # a digest is named by its second
LEAST_ORGANIZATION_SECONDS = 1
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_ACCOUNT = re.compile(r"\d{12}")
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}")

_TABLES: dict[str, type[msgspec.Struct]] = {
    "server": Server,
    "history": History,
    "journal": Journal,
    "regions": Regions,
    "organization": Organization,
    "upstream": Upstream,
    "principal": Principal,
    "delivery": Delivery,
    "lake": Lake,
    "limits": Limits,
}


def with_options(settings: Settings, *, tls_cert: str, tls_key: str, workers: int | None) -> Settings:
    """`settings` with what the command line says otherwise. Raises BadSettings."""
    told: dict[str, Any] = {name: value for name, value in (("tls_cert", tls_cert), ("tls_key", tls_key)) if value}
    if workers is not None:
        told["workers"] = workers
    server = msgspec.structs.replace(settings.server, **told)
    check_server(server)
    return msgspec.structs.replace(settings, server=server)


def with_home_account(settings: Settings, management: str | None) -> Settings:
    """`settings` of a folder with this management account, None: with no principals of its own. Raises BadSettings."""
    if management is None:
        if not settings.principal:
            raise BadSettings(
                "nobody could call: the settings name no [[principal]], and the data folder has no principals of its "
                "own; opentrail init makes it such a folder"
            )
        return settings
    if settings.server.account != SANDBOX_ACCOUNT:
        return settings
    return msgspec.structs.replace(settings, server=msgspec.structs.replace(settings.server, account=management))


def check_server(server: Server) -> None:
    """Raise BadSettings where nobody can be served so."""
    if bool(server.tls_cert) != bool(server.tls_key):
        raise BadSettings("tls_cert and tls_key are given together, or neither of them")
    if not 1 <= server.workers <= MOST_WORKERS:
        raise BadSettings(f"workers: 1 to {MOST_WORKERS}")


def read_settings(path: Path) -> Settings:
    """The settings in the TOML file at `path`. Raises BadSettings, saying where and what is meant."""
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except OSError as failure:
        raise BadSettings(f"cannot read {path}: {failure.strerror}") from failure
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as failure:
        raise BadSettings(f"{path} is not TOML: {failure}") from failure
    _refuse_unknown(document, Settings, "")
    for table, kind in _TABLES.items():
        found = document.get(table, [])
        for entry in found if isinstance(found, list) else [found]:
            if isinstance(entry, dict):
                _refuse_unknown(entry, kind, f"[{table}] ")
    try:
        settings = msgspec.convert(document, Settings)
    except msgspec.ValidationError as failure:
        raise BadSettings(f"{path}: {failure}") from failure
    return _checked(_with_absolute_paths(settings, path.resolve().parent))


def _with_absolute_paths(settings: Settings, folder: Path) -> Settings:
    """Files of policies are named from where the settings file is."""

    def absolute(names: list[str]) -> list[str]:
        return [str(folder / name) for name in names]

    change = msgspec.structs.replace
    return change(
        settings,
        organization=change(
            settings.organization,
            service_control_policies=absolute(settings.organization.service_control_policies),
        ),
        upstream=[change(one, policies=absolute(one.policies)) for one in settings.upstream],
        principal=[
            change(one, policies=absolute(one.policies), boundary=str(folder / one.boundary) if one.boundary else "")
            for one in settings.principal
        ],
    )


def is_loopback(host: str) -> bool:
    """Whether `host` can be reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse_unknown(entry: dict[str, Any], kind: type[msgspec.Struct], where: str) -> None:
    known = kind.__struct_fields__
    for name in entry:
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"did you mean {nearest[0]}?" if nearest else f"known are: {', '.join(known)}"
            raise BadSettings(f"unknown setting {where}{name}; {hint}")


def check_delivery(delivery: Delivery) -> None:
    """Raise BadSettings where deliveries cannot be done so."""
    if delivery.interval_seconds < LEAST_DELIVERY_SECONDS:
        raise BadSettings(f"[delivery] interval_seconds: at least {LEAST_DELIVERY_SECONDS}")
    if delivery.digest_interval_seconds < LEAST_DIGEST_SECONDS:
        raise BadSettings(f"[delivery] digest_interval_seconds: at least {LEAST_DIGEST_SECONDS}")
    if delivery.key_rotation_days <= 0 or delivery.outbox_gib <= 0:
        raise BadSettings("[delivery] key_rotation_days and outbox_gib must be more than 0")
    if bool(delivery.access_key_id) != bool(delivery.secret()):
        raise BadSettings("[delivery] access_key_id and its secret are given together, or neither of them")
    if delivery.directory and not Path(delivery.directory).is_absolute():
        raise BadSettings("[delivery] directory: an absolute path")


def check_lake(lake: Lake) -> None:
    """Raise BadSettings where stores cannot be written, or queries not be run so."""
    if lake.commit_interval_seconds <= 0 or lake.ingest_threads < 0:
        raise BadSettings("[lake] commit_interval_seconds: more than 0; ingest_threads: 0 or more")
    if lake.queries_at_once < 0 or lake.query_memory_gib <= 0 or lake.query_seconds <= 0:
        raise BadSettings("[lake] queries_at_once: 0 or more; query_memory_gib and query_seconds: more than 0")


def check_limits(told: Limits) -> None:
    """Raise BadSettings where nobody could call so."""
    if any(rate < 0 for rate in msgspec.structs.astuple(told)) or told.burst_seconds <= 0:
        raise BadSettings("[limits] calls per second: 0 or more; burst_seconds: more than 0")


def _check_verification(upstream: Upstream) -> None:
    if upstream.signing == "resign" and upstream.verify == "upstream":
        raise BadSettings(
            f'upstream {upstream.name}: what is signed anew is verified here; leave out verify = "upstream"'
        )
    look_up = upstream.look_up
    if look_up is None:
        return
    if upstream.verify != "upstream":
        raise BadSettings(f'upstream {upstream.name}: look_up is for verify = "upstream"')
    for name, url in (("sts_url", look_up.sts_url), ("iam_url", look_up.iam_url)):
        if url and not url.startswith(("http://", "https://")):
            raise BadSettings(f"upstream {upstream.name}: {name} must begin with http:// or https://")
    if look_up.access_key_id and not look_up.secret():
        raise BadSettings(f"upstream {upstream.name}: the look-up key has no secret")


def _checked(settings: Settings) -> Settings:
    check_server(settings.server)
    if settings.server.enforce_iam:
        raise BadSettings("enforce_iam is for the sandbox: opentrail up --enforce-iam")
    check_delivery(settings.delivery)
    check_lake(settings.lake)
    check_limits(settings.limits)
    _check_upstreams(settings)
    _check_principals(settings)
    if settings.history.retention_days < LEAST_RETENTION_DAYS:
        raise BadSettings(f"retention_days: an event stays for at least {LEAST_RETENTION_DAYS} days")
    _check_accounts(settings)
    for network in settings.server.trusted_proxies:
        try:
            ipaddress.ip_network(network)
        except ValueError as failure:
            raise BadSettings(f"trusted_proxies: {failure}") from failure
    return settings


def _check_upstreams(settings: Settings) -> None:
    names = [upstream.name for upstream in settings.upstream]
    for name in names:
        if names.count(name) > 1:
            raise BadSettings(f"two upstreams are named {name}")
    for upstream in settings.upstream:
        if not upstream.url.startswith(("http://", "https://")):
            raise BadSettings(f"upstream {upstream.name}: url must begin with http:// or https://")
        if upstream.signing == "resign" and not (upstream.access_key_id and upstream.secret()):
            raise BadSettings(
                f"upstream {upstream.name}: to sign anew, access_key_id and secret_access_key are needed; "
                'or say signing = "passthrough"'
            )
        _check_verification(upstream)


def _check_principals(settings: Settings) -> None:
    verified_there = any(upstream.verify == "upstream" for upstream in settings.upstream)
    for principal in settings.principal:
        if principal.access_key_id == SANDBOX_KEY and not is_loopback(settings.server.host):
            raise BadSettings(f"the well-known key {SANDBOX_KEY!r} is for loopback alone")
        if not principal.secret() and not verified_there:
            raise BadSettings(f"principal {principal.access_key_id} has no secret")
        if (principal.policies or principal.boundary) and not principal.user:
            raise BadSettings(f"principal {principal.access_key_id}: policies are for users; name one")


def _check_accounts(settings: Settings) -> None:
    """Regions, and who belongs to the organization."""
    for region in settings.regions.enabled:
        if not _REGION.fullmatch(region):
            raise BadSettings(f"[regions] enabled: {region!r} is not a Region")
    organization = settings.organization
    told = (organization.id, organization.management_account, organization.members)
    if organization.upstream:
        if any(told):
            raise BadSettings("[organization] upstream tells id, management_account and members: leave them out")
        asked = next((one for one in settings.upstream if one.name == organization.upstream), None)
        if asked is None or not {"organizations", "*"} & set(asked.services):
            raise BadSettings(
                f"[organization] upstream: there is no upstream {organization.upstream} for organizations"
            )
        if asked.signing != "resign" and not (asked.look_up is not None and asked.look_up.access_key_id):
            raise BadSettings(f"[organization] upstream {asked.name}: its look_up must have a key to ask with")
        if organization.refresh_seconds < LEAST_ORGANIZATION_SECONDS:
            raise BadSettings(f"[organization] refresh_seconds: at least {LEAST_ORGANIZATION_SECONDS}")
        return
    if not any((*told, organization.service_control_policies)):
        return
    if not _ORGANIZATION.fullmatch(organization.id):
        raise BadSettings(
            f"[organization] id: {organization.id!r} is not an organization's (o- and 10 to 32 characters)"
        )
    for account in (organization.management_account, *organization.members):
        if not _ACCOUNT.fullmatch(account):
            raise BadSettings(f"[organization] {account!r} is not an account (12 digits)")
