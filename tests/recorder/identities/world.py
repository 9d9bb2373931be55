"""The recorder before a real SeaweedFS and a real moto, and the people who call through it."""

import base64
import contextlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from botocore import UNSIGNED
from botocore.exceptions import ClientError

from opentrail.recorder.forwarding.upstreams import Upstream, moto
from opentrail.server.data_folder import DataFolder
from opentrail.server.processes.children import stop_all
from opentrail.server.sandbox.cloud import start_sandbox, wait_sandbox
from tests.recorder.rig import ACCOUNT, KEY, OTHER_ACCOUNT, SECRET, USER_KEY, USER_SECRET, RecorderServer

SESSION = "session-1"
CREATED = "<creationDate>"  # stands for the time of the call that made the session
ROLE_TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
OIDC = "https://token.actions.example.com"


class Signer(NamedTuple):
    """What somebody signs with."""

    key: str
    secret: str
    token: str | None = None


ROOT = Signer(KEY, SECRET)
DANA = Signer(USER_KEY, USER_SECRET)  # configured, a user of the other account


@dataclass
class World:
    """One recorder, many callers."""

    server: RecorderServer
    moto_url: str

    def client(self, service: str, signer: Signer | None = ROOT, **options: Any) -> Any:
        if signer is None:
            return self.server.client(service, signature_version=UNSIGNED, **options)
        return self.server.client(service, signer.key, signer.secret, session_token=signer.token, **options)

    def behind(self, service: str, account: str = ACCOUNT) -> Any:
        """A client that goes around the recorder, straight to moto."""
        client = self.server.client(service, endpoint_url=self.moto_url)

        def tell_account(request: Any, **_: Any) -> None:
            request.headers["x-moto-account-id"] = account

        client.meta.events.register(f"before-send.{service}", tell_account)
        return client

    def last(self, name: str = "") -> dict[str, Any]:
        """The newest record, of that event."""
        records = [record for record in self.server.records() if name in ("", record["eventName"])]
        return records[-1]

    def user(self, name: str, path: str = "/", by: Signer = ROOT) -> dict[str, Any]:
        return self.client("iam", by).create_user(UserName=name, Path=path)["User"]

    def key(self, name: str, by: Signer = ROOT) -> Signer:
        made = self.client("iam", by).create_access_key(UserName=name)["AccessKey"]
        return Signer(made["AccessKeyId"], made["SecretAccessKey"])

    def role(self, name: str, path: str = "/", by: Signer = ROOT) -> dict[str, Any]:
        return self.client("iam", by).create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=ROLE_TRUST)["Role"]

    def sts(self, operation: str, by: Signer | None = ROOT, **parameters: Any) -> Signer:
        """The credentials that a call of STS hands out."""
        answer = getattr(self.client("sts", by), operation)(**parameters)
        return signer_of(answer["Credentials"])

    def assume(self, role: dict[str, Any], by: Signer = ROOT, name: str = SESSION, **parameters: Any) -> Signer:
        return self.sts("assume_role", by, RoleArn=role["Arn"], RoleSessionName=name, **parameters)

    def act(self, signer: Signer) -> dict[str, Any]:
        """The record of a call by `signer`, whether it was let pass or not."""
        before = len(self.server.records())
        with contextlib.suppress(ClientError):  # a refusal is recorded too
            self.client("sqs", signer).list_queues()
        records = self.server.records()[before:]
        assert [record["eventName"] for record in records] == ["ListQueues"]
        return records[0]

    def identity(self, signer: Signer) -> dict[str, Any]:
        """`userIdentity` of `signer`, the time at which a session was made checked and taken out."""
        record = self.act(signer)
        return without_time(record["userIdentity"], record["eventTime"])


def signer_of(credentials: dict[str, Any]) -> Signer:
    secret = credentials.get("SecretAccessKey") or credentials["SecretKey"]
    return Signer(credentials["AccessKeyId"], secret, credentials["SessionToken"])


def without_time(identity: dict[str, Any], event_time: str) -> dict[str, Any]:
    attributes = identity.get("sessionContext", {}).get("attributes")
    if attributes is not None:
        age = datetime.fromisoformat(event_time) - datetime.fromisoformat(attributes["creationDate"])
        assert timedelta(0) <= age < timedelta(seconds=60)
        attributes["creationDate"] = CREATED
    return identity


def user_identity(user: dict[str, Any], signer: Signer, mfa: str | None = None) -> dict[str, Any]:
    """What AWS writes of an IAM user; `mfa` where it calls with temporary credentials."""
    return {
        "type": "IAMUser",
        "principalId": user["UserId"],
        "arn": user["Arn"],
        "accountId": user["Arn"].split(":")[4],
        "accessKeyId": signer.key,
        "userName": user["UserName"],
        **({"sessionContext": {"attributes": {"creationDate": CREATED, "mfaAuthenticated": mfa}}} if mfa else {}),
    }


def role_identity(
    role: dict[str, Any], signer: Signer, name: str = SESSION, mfa: str = "false", **context: Any
) -> dict[str, Any]:
    """What AWS writes of a role session; `context`: what else is in its sessionContext."""
    account = role["Arn"].split(":")[4]
    return {
        "type": "AssumedRole",
        "principalId": f"{role['RoleId']}:{name}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{role['RoleName']}/{name}",
        "accountId": account,
        "accessKeyId": signer.key,
        "sessionContext": {
            "sessionIssuer": issuer("Role", role["RoleId"], role["Arn"], role["RoleName"]),
            "attributes": {"creationDate": CREATED, "mfaAuthenticated": mfa},
            **context,
        },
    }


def issuer(kind: str, principal_id: str, arn: str, name: str | None) -> dict[str, Any]:
    about = {"type": kind, "principalId": principal_id, "arn": arn, "accountId": arn.split(":")[4]}
    return {**about, "userName": name} if name else about


def root_identity(signer: Signer = ROOT, account: str = ACCOUNT) -> dict[str, Any]:
    return {
        "type": "Root",
        "principalId": account,
        "arn": f"arn:aws:iam::{account}:root",
        "accountId": account,
        "accessKeyId": signer.key,
    }


def stranger(signer: Signer) -> dict[str, Any]:
    """Whoever could not prove who it is."""
    return {"type": "Unknown", "principalId": "", "accessKeyId": signer.key}


def web_token(**claims: Any) -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'RS256'})}.{part(claims)}.{part('signature')}"


def saml_response(role_arn: str, provider_arn: str, subject: str, session_name: str, **attributes: list[str]) -> str:
    """A response as an identity provider posts it, without its signature."""
    stated = {
        "Role": [f"{role_arn},{provider_arn}"],
        "RoleSessionName": [session_name],
        **{name.replace("Tag_", "Tag:"): values for name, values in attributes.items()},
    }
    statements = "".join(
        f'<saml:Attribute Name="https://aws.amazon.com/SAML/Attributes/{name}">'
        + "".join(f"<saml:AttributeValue>{value}</saml:AttributeValue>" for value in values)
        + "</saml:Attribute>"
        for name, values in stated.items()
    )
    text = (
        '<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"'
        ' xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">'
        '<saml:Assertion ID="_a1"><saml:Issuer>https://idp.example.com/saml</saml:Issuer>'
        f"<saml:Subject><saml:NameID>{subject}</saml:NameID></saml:Subject>"
        f"<saml:AttributeStatement>{statements}</saml:AttributeStatement></saml:Assertion></samlp:Response>"
    )
    return base64.b64encode(text.encode()).decode()


@contextmanager
def world(folder: Path) -> Iterator[World]:
    data = DataFolder(folder)
    data.create()
    sandbox = start_sandbox(data)
    try:
        wait_sandbox(sandbox)
        key = sandbox.s3_key
        s3 = Upstream("s3", sandbox.s3_url, frozenset({"s3"}), "resign", key.access_key_id, key.secret_access_key)
        server = RecorderServer(data.root / "recorder", [s3, moto("moto", sandbox.services_url)]).start()
        yield World(server, sandbox.services_url)
        server.stop()
    finally:
        stop_all(sandbox.children)


__all__ = ["ACCOUNT", "OTHER_ACCOUNT"]
