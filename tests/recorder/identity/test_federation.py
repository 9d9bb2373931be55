"""Assertions and tokens are read for what they say, whatever they are."""

import base64
import json

from hypothesis import given
from hypothesis import strategies as st

from opentrail.recorder.identity.federation import claims_of, name_qualifier

ROLE = "arn:aws:iam::111122223333:role/r"
SAML = "AssumeRoleWithSAML"
WEB = "AssumeRoleWithWebIdentity"


def _token(claims):
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{body}.x"


def _assertion(text):
    return base64.b64encode(text.encode()).decode()


def test_the_name_qualifier_is_the_hash_that_sts_documents():
    # printf 'https://example.com/saml123456789012/MySAMLIdP' | openssl dgst -sha1 -binary | base64
    provider = "arn:aws:iam::123456789012:saml-provider/MySAMLIdP"
    assert name_qualifier("https://example.com/saml", "123456789012", provider) == "1uAJanUnBc2XeUkHURMht+xam2c="


def test_a_providers_partition_and_trailing_slash():
    token = _token({"iss": "https://idp.example.com/tenant/", "aud": ["a", "b"], "sub": "s"})
    claims = claims_of(WEB, {"RoleArn": ROLE.replace("arn:aws:", "arn:aws-cn:"), "WebIdentityToken": token})
    assert claims.caller.identity_provider == ("arn:aws-cn:iam::111122223333:oidc-provider/idp.example.com/tenant")
    assert claims.caller.principal_id.endswith(":a:s")


def test_a_token_of_facebook_names_its_provider_in_the_call():
    token = _token({"sub": "7", "aud": "app"})
    claims = claims_of(WEB, {"RoleArn": ROLE, "WebIdentityToken": token, "ProviderId": "graph.facebook.com"})
    assert claims.caller.identity_provider == "graph.facebook.com"
    assert claims.web_identity.attributes == (("graph.facebook.com:app_id", "app"), ("graph.facebook.com:id", "7"))


def test_entities_and_documents_of_another_kind_are_not_read():
    bomb = '<!DOCTYPE r [<!ENTITY a "aaaa">]><r>&a;</r>'
    for text in (bomb, "<r/>", "not XML", "<a:Assertion xmlns:a='urn:oasis:names:tc:SAML:2.0:assertion'/>"):
        assert claims_of(SAML, {"RoleArn": ROLE, "SAMLAssertion": _assertion(text)}) is None


def test_no_role_no_claims():
    token = _token({"iss": "https://idp.example.com", "sub": "s"})
    for role in ("", "no-arn", "arn:aws:iam:::role/r"):
        assert claims_of(WEB, {"RoleArn": role, "WebIdentityToken": token}) is None
    assert claims_of("AssumeRole", {"RoleArn": ROLE}) is None


def _of_the_role(claims):
    """Unread, or of the role's account: whatever is claimed, it names no other."""
    return claims is None or claims.caller.account == "111122223333"


@given(st.text(), st.binary())
def test_nothing_that_anybody_sends_raises(text, raw):
    encoded = base64.b64encode(raw).decode()
    for token in (text, f"a.{encoded}.b"):
        assert _of_the_role(claims_of(WEB, {"RoleArn": ROLE, "WebIdentityToken": token}))
    for assertion in (text, encoded):
        assert _of_the_role(claims_of(SAML, {"RoleArn": ROLE, "SAMLAssertion": assertion}))


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(JSON_VALUES, JSON_VALUES, JSON_VALUES)
def test_claims_may_be_anything(subject, audience, tags):
    told = {"iss": "https://i", "sub": subject, "aud": audience, "https://aws.amazon.com/tags": tags}
    assert _of_the_role(claims_of(WEB, {"RoleArn": ROLE, "WebIdentityToken": _token(told)}))
    if isinstance(tags, dict):
        told["https://aws.amazon.com/tags"] = {"principal_tags": tags, "transitive_tag_keys": subject}
        assert _of_the_role(claims_of(WEB, {"RoleArn": ROLE, "WebIdentityToken": _token(told)}))
