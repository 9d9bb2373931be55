"""Which door a call goes to is told by what its signature is verified with."""

import pytest

from opentrail.server.ports.doors import _is_our_own
from opentrail.wire.http import HttpRequest

SCOPE = "AKIAEXAMPLEROOT00001/20260101/us-east-1/{}/aws4_request"


def _asked(query: str = "", **headers: str) -> bool:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return _is_our_own(HttpRequest("POST", "/", query, named, "127.0.0.1", "http"))


@pytest.mark.parametrize("service", ["cloudtrail", "cloudtrail-data", "s3", "CloudTrail"])
@pytest.mark.parametrize("name", ["X-Amz-Credential", "x-amz-credential", "%58-Amz-Credential", "X-Amz-Credentia%6c"])
def test_a_presigned_call_goes_to_the_door_of_its_scope_however_it_is_written(service: str, name: str) -> None:
    scope = SCOPE.format(service)
    for written in (scope, scope.replace("/", "%2F"), scope.replace("/", "%2f")):
        ours = _asked(f"a=b&{name}={written}&X-Amz-Signature=0")
        assert ours == (service in ("cloudtrail", "cloudtrail-data"))


def test_a_signed_call_goes_to_the_door_of_its_scope() -> None:
    for service, ours in (("cloudtrail", True), ("s3", False)):
        authorization = f"AWS4-HMAC-SHA256 Credential={SCOPE.format(service)}, SignedHeaders=host, Signature=0"
        assert _asked(authorization=authorization) == ours
        assert _asked("X-Amz-Credential=" + SCOPE.format("cloudtrail"), authorization=authorization) == ours
    assert _asked(x_amz_target="CloudTrail_20131101.LookupEvents")
    assert not _asked("prefix=mz-%26X-Amz-Credential%3D" + SCOPE.format("cloudtrail"))


@pytest.mark.parametrize("cut", range(0, 130, 7))
def test_what_is_remembered_of_a_scope_decides_for_no_other(cut: int) -> None:
    own, other = SCOPE.format("cloudtrail"), SCOPE.format("s3")
    for first, ours in ((own, True), (other, False), (own, True)):
        behind = f"Credential={other if ours else own}"  # the first one counts, wherever the end is cut off
        authorization = f"AWS4-HMAC-SHA256 Signature={'0' * cut}, Credential={first}, {behind}"
        assert _asked(authorization=authorization) == ours
