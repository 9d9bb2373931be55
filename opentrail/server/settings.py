"""The server's settings as frozen values, told once: by the options of `up`, or by the file of `serve`.

How the file is read, and what is refused: server/settings_reading.py. Units are part of a setting's name.
"""

import os
from typing import Literal, get_args

import msgspec

from opentrail import limits
from opentrail.errors import OpenTrailError
from opentrail.recorder.proxy.tls import TlsVersion
from opentrail.selectors.coverage import DEFAULT_REGIONS

SANDBOX_ACCOUNT = "123456789012"
SANDBOX_KEY = "test"
SANDBOX_SERVICES = "moto"  # the name of the sandbox's upstream for everything but S3
DEFAULT_PORT = 4566
DEFAULT_CONSOLE_PORT = 4567


Guarantee = Literal["durable", "write-ahead", "async"]
GUARANTEES: tuple[Guarantee, ...] = get_args(Guarantee)


class BadSettings(OpenTrailError):
    """The settings cannot be used."""


class Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the server listens, whose account it is, and what it promises."""

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    console_host: str = "127.0.0.1"
    console_port: int = DEFAULT_CONSOLE_PORT
    account: str = SANDBOX_ACCOUNT
    guarantee: Guarantee = "durable"
    trusted_proxies: list[str] = []
    log_json: bool = False
    tls_cert: str = ""  # PEM, with its chain; empty: without TLS
    tls_key: str = ""
    tls_minimum: TlsVersion = "1.2"
    workers: int = 1  # processes that answer calls
    enforce_iam: bool = False  # of `opentrail up` alone: policies that users attached in the sandbox decide calls


class History(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the event history is kept."""

    commit_interval_seconds: float = 60.0
    retention_days: int = 90


class Journal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long the journal keeps what every follower has handled."""

    keep_hours: float = 24.0


class Regions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which Regions the accounts have enabled: multi-Region trails cover these."""

    enabled: tuple[str, ...] = DEFAULT_REGIONS


class Organization(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The organization that accounts belong to; an empty id: none. `members`: accounts beside the manager."""

    id: str = ""
    management_account: str = ""
    members: list[str] = []
    service_control_policies: list[str] = []  # files of what the members may do at most
    upstream: str = ""  # the name of the upstream whose Organizations API says all of this instead
    refresh_seconds: float = 300.0  # between two questions to that upstream


class LookUp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where an upstream with `verify = "upstream"` is asked about callers that were never seen here, and with what key.

    `cache_seconds`: how long an answer holds.
    """

    sts_url: str = ""
    iam_url: str = ""
    access_key_id: str = ""
    secret_access_key: str = ""
    secret_access_key_env: str = ""
    region: str = "us-east-1"
    cache_seconds: float = 3600.0

    def secret(self) -> str:
        """The look-up key's secret, from the file or from the environment variable that the file names."""
        return _secret(self.secret_access_key, self.secret_access_key_env, f"look-up key {self.access_key_id}")


class Upstream(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An AWS-compatible endpoint behind the recorder.

    `services` are botocore's names; one upstream may say `["*"]` and gets what no other claims.
    `signing = "resign"`: the recorder verifies and signs anew with the upstream's own key;
    `"passthrough"`: requests go on as they came. `verify = "ours"`: callers' signatures are verified before a call
    goes on; `"upstream"`: the upstream verifies them, and what it lets pass is believed.
    """

    name: str
    url: str
    services: list[str]
    signing: Literal["resign", "passthrough"] = "resign"
    verify: Literal["ours", "upstream"] = "ours"
    access_key_id: str = ""
    secret_access_key: str = ""
    secret_access_key_env: str = ""
    region: str = ""
    ca_file: str = ""  # PEM: the authorities that an https url is checked against; empty: the system's
    policies: list[str] = []  # files of policies that deny calls before they go there
    look_up: LookUp | None = None

    def secret(self) -> str:
        """The upstream's secret, from the file or from the environment variable that the file names."""
        return _secret(self.secret_access_key, self.secret_access_key_env, f"upstream {self.name}")


class Principal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who may call: the root of an account, or a user of it.

    Without a secret where an upstream verifies its signatures; it cannot sign for anybody else then.
    """

    access_key_id: str
    secret_access_key: str = ""
    secret_access_key_env: str = ""
    account: str = ""
    user: str = ""  # empty: the account's root
    user_id: str = ""  # AIDA..., as IAM has it
    path: str = "/"
    policies: list[str] = []  # files of what a user may do at CloudTrail's API; none: everything
    boundary: str = ""  # file of what those policies may allow at most

    def secret(self) -> str:
        """The principal's secret, from the file or from the environment variable that the file names."""
        return _secret(self.secret_access_key, self.secret_access_key_env, f"principal {self.access_key_id}")


class Delivery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How trails deliver. Without endpoints and key: through the server's own port, so that deliveries are recorded."""

    interval_seconds: float = 300.0
    digest_interval_seconds: float = 3600.0
    key_rotation_days: float = 90.0
    server_side_encryption: Literal["AES256", "bucket"] = "AES256"
    outbox_gib: float = 10.0
    directory: str = ""
    s3_endpoint: str = ""
    sns_endpoint: str = ""
    logs_endpoint: str = ""
    access_key_id: str = ""
    secret_access_key: str = ""
    secret_access_key_env: str = ""

    def secret(self) -> str:
        """The secret of the key that deliveries are signed with; empty where CloudTrail's own key signs."""
        return _secret(self.secret_access_key, self.secret_access_key_env, "delivery")


class Lake(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Event data stores: how they are written, and how their queries are run."""

    commit_interval_seconds: float = 60.0
    ingest_threads: int = 0  # that make columns of events; 0: half as many as there are processors
    queries_at_once: int = 0  # further ones wait; 0: as many as there are processors
    query_memory_gib: float = 1.0  # of one query
    query_seconds: float = limits.QUERY_SECONDS
    least_retention_days: int = 7  # AWS's own least


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often somebody may call; 0: as often as he likes. What may come at once is `burst_seconds` of the rate."""

    principal_calls_per_second: float = 500.0  # of CloudTrail's own API
    account_calls_per_second: float = 2000.0
    lookup_events_per_second: float = 0.0  # of one account
    forwarded_principal_calls_per_second: float = 0.0
    forwarded_account_calls_per_second: float = 0.0
    burst_seconds: float = 2.0


NO_LIMITS = Limits(principal_calls_per_second=0.0, account_calls_per_second=0.0)


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that `opentrail serve --config FILE` reads."""

    data_dir: str = ""
    server: Server = Server()
    history: History = History()
    journal: Journal = Journal()
    regions: Regions = Regions()
    organization: Organization = Organization()
    upstream: list[Upstream] = []
    principal: list[Principal] = []
    delivery: Delivery = Delivery()
    lake: Lake = Lake()
    limits: Limits = Limits()


def _secret(written: str, variable: str, whose: str) -> str:
    if not variable:
        return written
    try:
        return os.environ[variable]
    except KeyError as missing:
        raise BadSettings(f"{whose}: the environment has no {variable}") from missing
