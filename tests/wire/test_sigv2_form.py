"""Signature Version 2 in forms: what botocore signs is accepted, anything changed is not."""

import datetime

import pytest
from botocore.auth import SigV2Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from opentrail.wire.http import HttpRequest
from opentrail.wire.signature_errors import (
    AmbiguousAuthentication,
    InvalidSignature,
    SignatureExpired,
    UnsupportedAlgorithm,
)
from opentrail.wire.sigv2_form import read_form_signature, verify_form_signature


def now():
    """The real time: botocore takes no other."""
    return datetime.datetime.now(datetime.UTC)


def signed(method="POST", **parameters):
    request = AWSRequest(method, "http://sdb.example.org:4566/", data={"Action": "Select", **parameters})
    if method == "GET":
        request.params, request.data = request.data, {}
    SigV2Auth(Credentials("AK", "secret", "token")).add_auth(request)
    prepared = request.prepare()
    body = prepared.body or b""
    query = prepared.url.partition("?")[2]
    return HttpRequest(method, "/", query, (("host", "sdb.example.org:4566"),), "", "http"), (
        body if isinstance(body, bytes) else body.encode()
    )


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_what_botocore_signs_is_accepted(method):
    request, form = signed(method, SelectExpression="select * from `d ü` where a = '~x+y'")
    signature = read_form_signature(request, form)
    assert (signature.access_key, signature.session_token, signature.is_version_2) == ("AK", "token", True)
    verify_form_signature(request, form, signature, "secret", now())


def test_any_change_is_noticed():
    request, form = signed(DomainName="d")
    signature = read_form_signature(request, form)
    with pytest.raises(InvalidSignature):
        verify_form_signature(request, form.replace(b"DomainName=d", b"DomainName=e"), signature, "secret", now())
    with pytest.raises(InvalidSignature):
        verify_form_signature(request, form, signature, "another", now())
    with pytest.raises(SignatureExpired):
        verify_form_signature(request, form, signature, "secret", now() + datetime.timedelta(hours=1))


def test_parameters_are_there_once_and_the_method_is_known():
    request, form = signed(DomainName="d")
    with pytest.raises(AmbiguousAuthentication):
        read_form_signature(request, form + b"&DomainName=e")
    with pytest.raises(UnsupportedAlgorithm):
        read_form_signature(request, form.replace(b"HmacSHA256", b"HmacMD5"))


def test_a_form_without_signature_has_none():
    request, _ = signed()
    assert read_form_signature(request, b"Action=Select") is None
    assert read_form_signature(request, b"Action=Select&AWSAccessKeyId=AK&SignatureVersion=4&Signature=x") is None


def test_a_form_that_only_looks_signed_is_not():
    request, form = signed(DomainName="d")
    renamed = form.replace(b"AWSAccessKeyId=", b"xAWSAccessKeyId=")
    assert read_form_signature(request, renamed) is None
