"""The AWS-compatible endpoints behind the recorder, and which one answers for a service."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote

from opentrail.accounts.policy.guard import Guard
from opentrail.errors import OpenTrailError

ANY_SERVICE = "*"
MOTO_ACCOUNT_HEADER = "x-moto-account-id"
MOTO_HIDDEN_PATHS = ("/moto-api", "/favicon.ico", "/latest/meta-data/", "/latest/api/")  # moto's own doors, not AWS's


class ServiceClaimedTwice(OpenTrailError):
    """Two upstreams claim the same service."""


@dataclass(frozen=True, slots=True)
class LookUp:
    """Where and with which key an upstream is asked about callers that were never seen here."""

    sts_url: str = ""  # scheme://host:port; empty: STS is not asked
    iam_url: str = ""
    access_key_id: str = ""
    secret_access_key: str = field(default="", repr=False)
    region: str = "us-east-1"
    cache_seconds: float = 3600.0  # how long an answer holds


@dataclass(frozen=True, slots=True)
class Upstream:
    """An endpoint, the services it answers for (botocore's names, or `*`), and how calls are handed to it.

    `resign`: the caller's signature is verified and replaced with one of `access_key_id`.
    `passthrough`: requests go on as they came. `account_header`, where set, tells the upstream the caller's account;
    copies sent by callers are taken out. `verify = "ours"`: signatures are verified here; `"upstream"`: it does
    that, and an identity is believed once it has let the call pass. Paths below `hidden_paths` are the upstream's own
    and are never reached.
    """

    name: str
    url: str  # scheme://host:port, without path
    services: frozenset[str]
    signing: Literal["resign", "passthrough"] = "passthrough"
    access_key_id: str = ""
    secret_access_key: str = field(default="", repr=False)
    region: str = ""  # sign for this Region; empty: the caller's
    verify: Literal["ours", "upstream"] = "ours"
    account_header: str | None = None
    hidden_paths: tuple[str, ...] = ()
    look_up: LookUp | None = None
    ca_file: str = ""  # PEM: the authorities that an https url is checked against; empty: the system's
    guards: tuple[Guard, ...] = ()  # policies that deny calls before they go there

    @property
    def takes_our_word(self) -> bool:
        """Whether it cannot tell callers apart itself: it sees our key in all calls, or believes what it is told."""
        return self.signing == "resign" or self.account_header is not None

    def hides(self, raw_path: str) -> bool:
        """Whether `raw_path` (percent-encoded) is one of the upstream's own doors."""
        if not self.hidden_paths:
            return False
        path = "/" + unquote(raw_path).lstrip("/")
        return path.startswith(self.hidden_paths)


def moto(name: str, url: str, services: Iterable[str] = (ANY_SERVICE,)) -> Upstream:
    """A moto server: told the caller's account, so that it never falls back to one of its own."""
    return Upstream(
        name=name,
        url=url,
        services=frozenset(services),
        account_header=MOTO_ACCOUNT_HEADER,
        hidden_paths=MOTO_HIDDEN_PATHS,
    )


class Upstreams:
    """Which upstream answers for which service."""

    def __init__(self, upstreams: Iterable[Upstream]) -> None:
        self._by_service: dict[str, Upstream] = {}
        for upstream in upstreams:
            for service in upstream.services:
                if service in self._by_service:
                    raise ServiceClaimedTwice(
                        f"{service} is claimed by {self._by_service[service].name} and by {upstream.name}"
                    )
                self._by_service[service] = upstream
        self._rest = self._by_service.get(ANY_SERVICE)

    def for_service(self, service: str | None) -> Upstream | None:
        """The upstream that claims `service`, else the one that takes all, else None."""
        if service is None:
            return self._rest
        return self._by_service.get(service, self._rest)
