"""userIdentity as AWS writes it."""

import json

import pytest

from opentrail.accounts.identity import unknown_identity, user_identity
from opentrail.accounts.principal import Principal, Session, SessionIssuer, assumed_role, iam_user, root

EIGHT_O_CLOCK = 1_772_611_200_000_000


def as_text(identity):
    return json.dumps(identity, separators=(",", ":"))


def test_root():
    assert as_text(user_identity(root("123456789012"), "AKIAROOT")) == (
        '{"type":"Root","principalId":"123456789012","arn":"arn:aws:iam::123456789012:root",'
        '"accountId":"123456789012","accessKeyId":"AKIAROOT"}'
    )


def test_user():
    dana = iam_user("111122223333", "dana", "AIDAEXAMPLEUSER00001")
    assert as_text(user_identity(dana, "AKIAEXAMPLEKEY000001")) == (
        '{"type":"IAMUser","principalId":"AIDAEXAMPLEUSER00001","arn":"arn:aws:iam::111122223333:user/dana",'
        '"accountId":"111122223333","accessKeyId":"AKIAEXAMPLEKEY000001","userName":"dana"}'
    )
    assert iam_user("1", "dana", "AIDA", "/a/b/").arn == "arn:aws:iam::1:user/a/b/dana"


def test_session_of_a_role():
    session = assumed_role(
        "arn:aws:iam::111122223333:role/ci/Deployer", "AROAEXAMPLEROLE00001", "build-7", EIGHT_O_CLOCK,
        source_identity="dana",
    )  # fmt: skip
    assert as_text(user_identity(session, "ASIAEXAMPLEKEY000002")) == (
        '{"type":"AssumedRole","principalId":"AROAEXAMPLEROLE00001:build-7",'
        '"arn":"arn:aws:sts::111122223333:assumed-role/Deployer/build-7","accountId":"111122223333",'
        '"accessKeyId":"ASIAEXAMPLEKEY000002",'
        '"sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLEROLE00001",'
        '"arn":"arn:aws:iam::111122223333:role/ci/Deployer","accountId":"111122223333","userName":"Deployer"},'
        '"attributes":{"creationDate":"2026-03-04T08:00:00Z","mfaAuthenticated":"false"},'
        '"sourceIdentity":"dana"}}'
    )


def test_session_of_a_user_has_no_issuer():
    dana = iam_user("111122223333", "dana", "AIDA", session=Session(None, EIGHT_O_CLOCK, mfa=True))
    assert user_identity(dana, "ASIA")["sessionContext"] == {
        "attributes": {"creationDate": "2026-03-04T08:00:00Z", "mfaAuthenticated": "true"}
    }


def test_federated_user_of_root():
    issuer = SessionIssuer("Root", "111122223333", "arn:aws:iam::111122223333:root", "111122223333", None)
    federated = Principal(
        "111122223333", "FederatedUser", "111122223333:jo", "arn:aws:sts::111122223333:federated-user/jo",
        session=Session(issuer, EIGHT_O_CLOCK),
    )  # fmt: skip
    identity = user_identity(federated, "ASIA")
    assert "userName" not in identity
    assert "userName" not in identity["sessionContext"]["sessionIssuer"]


@pytest.mark.parametrize("arn", ["", "arn:aws:iam::1:user/a", "arn:aws:iam::1:role/", "arn:aws:sts::1:role/a"])
def test_only_roles_are_assumed(arn):
    with pytest.raises(ValueError, match="not the ARN of a role"):
        assumed_role(arn, "AROA", "s", 0)


def test_the_partition_of_a_role_stays():
    assert assumed_role("arn:aws-cn:iam::1:role/r", "A", "s", 0).arn == "arn:aws-cn:sts::1:assumed-role/r/s"


def test_who_cannot_prove_who_they_are():
    assert unknown_identity("AKIA?") == {
        "type": "Unknown", "principalId": "", "accessKeyId": "AKIA?",
    }  # fmt: skip
    assert "accessKeyId" not in unknown_identity(None)
