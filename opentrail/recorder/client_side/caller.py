"""Who a program is, in its own records: what STS's GetCallerIdentity tells, asked once for each access key."""

import logging
import time
from typing import Any
from urllib.parse import urlsplit

import botocore.session
import msgspec
from botocore.config import Config

from opentrail import limits
from opentrail.recorder.client_side.watching import Noted
from opentrail.wire.signature import Signature

_LOG = logging.getLogger("opentrail.client")
_AWS_HOSTS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")


class Caller(msgspec.Struct, frozen=True):
    """The account, empty where it is not known, and `userIdentity`, None where it is not."""

    account: str = ""
    identity: dict[str, Any] | None = None


UNKNOWN = Caller()


class Callers:
    """Callers by access key. Asks over the network; for one thread alone.

    AWS's own endpoints are asked where the call went to AWS, else the endpoint that the call went to; `endpoint` in
    place of both, where it is given. What cannot be told is asked again after limits.CLIENT_IDENTITY_SECONDS.
    """

    def __init__(self, endpoint: str | None = None, *, ask: bool = True) -> None:
        self._endpoint = endpoint
        self._ask = ask  # a program that ends asks nobody any more: see `hurry`
        self._known: dict[str, Caller] = {}
        self._again_at: dict[str, float] = {}

    def hurry(self) -> None:
        """Ask nobody from now on: the program ends, and its records matter more than whose they are."""
        self._ask = False

    def find(self, noted: Noted, signature: Signature | None) -> Caller:
        """Who made the call."""
        if signature is None:
            return UNKNOWN
        key = signature.access_key
        found = self._known.get(key)
        if found is not None:
            return found
        if not self._ask or time.monotonic() < self._again_at.get(key, 0.0):
            return UNKNOWN
        if len(self._known) + len(self._again_at) >= limits.CLIENT_IDENTITIES:
            self._known.clear()
            self._again_at.clear()
        try:
            found = self._told(noted, key)
        except Exception as fault:  # noqa: BLE001 - whatever STS, the network or a profile says: the record goes on
            _LOG.info("the caller's identity is not known: %s", type(fault).__name__)
            found = None
        if found is None:
            self._again_at[key] = time.monotonic() + limits.CLIENT_IDENTITY_SECONDS
            return UNKNOWN
        self._known[key] = found
        return found

    def _told(self, noted: Noted, access_key: str) -> Caller | None:
        credentials = noted.credentials.get_frozen_credentials() if noted.credentials is not None else None
        if credentials is None or credentials.access_key != access_key:
            return None  # replaced since; whose the old key was, nobody can ask any longer
        session = botocore.session.Session()
        session.set_credentials(credentials.access_key, credentials.secret_key, credentials.token)
        config = Config(
            connect_timeout=limits.CLIENT_IDENTITY_TIMEOUT_SECONDS,
            read_timeout=limits.CLIENT_IDENTITY_TIMEOUT_SECONDS,
            retries={"total_max_attempts": 2},
            ignore_configured_endpoint_urls=True,
        )
        endpoint = self._endpoint or _own_endpoint(noted.url)
        client = session.create_client(
            "sts", region_name=noted.region or "us-east-1", endpoint_url=endpoint, config=config
        )
        try:
            told = client.get_caller_identity()
        finally:
            client.close()
        return Caller(told["Account"], identity_told(told["Arn"], told["UserId"], told["Account"], access_key))


def identity_told(arn: str, user_id: str, account: str, access_key: str) -> dict[str, Any]:
    """`userIdentity` from the answer of GetCallerIdentity.

    It does not tell a role's path, nor when or how a session began: they are left out.
    """
    resource = arn.split(":", 5)[-1]
    kind, _, name = resource.partition("/")
    identity: dict[str, Any] = {"principalId": user_id, "arn": arn, "accountId": account, "accessKeyId": access_key}
    if resource == "root":
        return {"type": "Root", **identity, "principalId": account}
    if kind == "user":
        return {"type": "IAMUser", **identity, "userName": name.rpartition("/")[2]}
    if kind == "federated-user":
        return {"type": "FederatedUser", **identity}
    if kind == "assumed-role":
        issuer = {
            "type": "Role",
            "principalId": user_id.partition(":")[0],
            "accountId": account,
            "userName": name.partition("/")[0],
        }
        return {"type": "AssumedRole", **identity, "sessionContext": {"sessionIssuer": issuer}}
    return {"type": "Unknown", **identity}


def _own_endpoint(url: str) -> str | None:
    parts = urlsplit(url)
    if (parts.hostname or "").endswith(_AWS_HOSTS):
        return None
    return f"{parts.scheme}://{parts.netloc}"
