"""Public keys: made, published, read again."""

import base64
import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from opentrail.logfile.public_keys import BadPublicKey, BadPublicKeyList, load_pkcs1, public_key, read_list, write_list
from opentrail.logfile.signature import sign, verify
from tests.logfile.test_worked_example import first


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def test_a_new_key_has_aws_s_form_and_what_it_signs_verifies(key: rsa.RSAPrivateKey) -> None:
    published = public_key(key.public_key(), 1_000_000, 2_500_000)
    assert len(published.value) == 270
    assert base64.b64encode(published.value).startswith(b"MIIBCgKCAQEA")
    signature = sign(key, first(), "0" * 64)
    assert len(signature) == 512
    assert signature == signature.lower()
    assert verify(published.rsa, first(), "0" * 64, signature)


def test_a_list_is_read_as_it_was_written(key: rsa.RSAPrivateKey) -> None:
    published = [public_key(key.public_key(), 1_500_000, 2_000_000)]
    assert read_list(write_list(published)) == published
    assert read_list(b"[%b,%b]" % (write_list(published), write_list(published))) == published * 2


def test_times_as_the_aws_cli_2_prints_them_are_read(key: rsa.RSAPrivateKey) -> None:
    entry = json.loads(write_list([public_key(key.public_key(), 0, 0)]))
    entry["PublicKeyList"][0]["ValidityStartTime"] = "2026-03-04T11:15:31.500000+01:00"
    (read,) = read_list(json.dumps(entry).encode())
    assert read.valid_from_us == 1_772_619_331_500_000


def test_other_forms_of_keys_are_refused(key: rsa.RSAPrivateKey) -> None:
    info = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    curve = (
        ec.generate_private_key(ec.SECP256R1())
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    for value in (info, curve, b"", b"no key"):
        with pytest.raises(BadPublicKey):
            load_pkcs1(value)


@pytest.mark.parametrize(
    "document",
    [b"", b"[]]", b"{}", b'{"PublicKeyList":[{}]}', b'{"PublicKeyList":[{"Value":"!","Fingerprint":"x"}]}', b"\xff"],
)
def test_other_documents_are_refused(document: bytes) -> None:
    with pytest.raises(BadPublicKeyList):
        read_list(document)
