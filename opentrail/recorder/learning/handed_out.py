"""Credentials that other services hand out: of Identity Center, EKS, S3 Express, Lake Formation and the like.

Source of the table: the output shapes of botocore's models that hold an access key, its secret and a session token.
Their answers seldom say whose the credentials are: a look-up at the upstream's STS tells it, where one is configured.
Otherwise the answer itself, and where it says too little, only what is certain is known, or nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from opentrail.accounts.principal import Principal, Session
from opentrail.recorder.learning.told import Known, Step, Steps, Told, credentials_in

Certain = Callable[[Told], Principal | None]

# Where the credentials stand in the answer.
_PLACES: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("account-access-runtime", "GetRoleCredentials"): ("credentialsDetails", "programmaticAccess"),
    ("datazone", "GetEnvironmentCredentials"): (),
    ("deadline", "AssumeFleetRoleForRead"): ("credentials",),
    ("deadline", "AssumeFleetRoleForWorker"): ("credentials",),
    ("deadline", "AssumeQueueRoleForRead"): ("credentials",),
    ("deadline", "AssumeQueueRoleForUser"): ("credentials",),
    ("deadline", "AssumeQueueRoleForWorker"): ("credentials",),
    ("eks-auth", "AssumeRoleForPodIdentity"): ("credentials",),
    ("gamelift", "GetComputeAccess"): ("Credentials",),
    ("lakeformation", "AssumeDecoratedRoleWithSAML"): (),
    ("lakeformation", "GetTemporaryDataLocationCredentials"): ("Credentials",),
    ("lakeformation", "GetTemporaryGluePartitionCredentials"): (),
    ("lakeformation", "GetTemporaryGlueTableCredentials"): (),
    ("s3", "CreateSession"): ("Credentials",),
    ("s3control", "GetDataAccess"): ("Credentials",),
    ("signin", "CreateOAuth2Token"): ("tokenOutput", "accessToken"),
    ("ssm", "GetAccessToken"): ("Credentials",),
    ("sso", "GetRoleCredentials"): ("roleCredentials",),
    ("sts", "GetDelegatedAccessToken"): ("Credentials",),
}


def _of_portal(told: Told) -> Principal | None:
    """Identity Center: a session of a role in the account that was asked for; of which role, the answer hides."""
    account = told.text("accountId")
    if not account:
        return None
    return Principal(account, "AssumedRole", "", "", session=Session(None, told.now_us))


def _of_pod(told: Told) -> Principal | None:
    user = told.part("assumedRoleUser")
    return session_named(str(user.get("arn", "")), str(user.get("assumeRoleId", "")), told.now_us)


def _of_delegate(told: Told) -> Principal | None:
    return session_named(told.answered("AssumedPrincipal"), "", told.now_us)


def _of_caller(told: Told) -> Principal | None:
    return told.caller


_CERTAIN: Final[Mapping[tuple[str, str], Certain]] = {
    ("eks-auth", "AssumeRoleForPodIdentity"): _of_pod,
    ("s3", "CreateSession"): _of_caller,
    ("sso", "GetRoleCredentials"): _of_portal,
    ("sts", "GetDelegatedAccessToken"): _of_delegate,
}


def session_named(arn: str, session_id: str, now_us: int) -> Principal | None:
    """The role session of this ARN, `arn:P:sts::A:assumed-role/R/S`; None where it is none."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "sts" or not parts[5].startswith("assumed-role/"):
        return None
    return Principal(parts[4], "AssumedRole", session_id, arn, session=Session(None, now_us))


def _step(service: str, operation: str, place: tuple[str, ...]) -> Step:
    certain = _CERTAIN.get((service, operation))

    def handed_out(known: Known, told: Told) -> None:
        part: Any = told.output
        for name in place:
            part = part.get(name) if isinstance(part, dict) else None
        credentials = credentials_in(part) if isinstance(part, dict) else None
        if credentials is None:
            return
        principal = known.look_ups.caller(service, credentials) or (certain(told) if certain is not None else None)
        if principal is not None:
            known.session_key(credentials, principal)

    return handed_out


STEPS: Final[Steps] = {(service, name): _step(service, name, place) for (service, name), place in _PLACES.items()}
