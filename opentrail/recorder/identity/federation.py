"""Assertions and tokens of other identity providers: who they say is calling STS, and what they give the session.

A SAML response and an OpenID Connect token are read, not verified: that is STS's to do, and what they say is believed
only where STS has answered with credentials, or has found the caller known but not entitled. Names and forms: the STS
API reference (NameQualifier, SubjectType), the IAM user guide's pages on session tags and on configuring assertions,
and the userIdentity of genuine records.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from xml.etree.ElementTree import Element

import msgspec

from opentrail import limits
from opentrail.accounts.principal import Pairs, Principal, WebIdentity
from opentrail.wire.protocols import UnreadableCall
from opentrail.wire.protocols.xml_values import parse_xml

_PROTOCOL: Final = "{urn:oasis:names:tc:SAML:2.0:protocol}"
_SAML: Final = "{urn:oasis:names:tc:SAML:2.0:assertion}"
_ATTRIBUTES: Final = "https://aws.amazon.com/SAML/Attributes/"
_TAGS_CLAIM: Final = "https://aws.amazon.com/tags"
_SOURCE_CLAIM: Final = "https://aws.amazon.com/source_identity"
# Providers that AWS knows by name and that need no ARN, with the names of their ids in `webIdFederationData`.
_WELL_KNOWN: Final[Mapping[str, tuple[str, str]]] = {
    "accounts.google.com": ("aud", "sub"),
    "cognito-identity.amazonaws.com": ("aud", "sub"),
    "www.amazon.com": ("app_id", "user_id"),
    "graph.facebook.com": ("app_id", "id"),
}


@dataclass(frozen=True, slots=True)
class Claims:
    """What an assertion or token says, as far as records and sessions need it."""

    caller: Principal  # SAMLUser or WebIdentityUser, of the role's account
    session_name: str = ""  # that the assertion sets; empty: the call sets it
    source_identity: str | None = None
    tags: Pairs = ()
    transitive_tag_keys: tuple[str, ...] = ()
    web_identity: WebIdentity | None = None
    assertion_id: str | None = None  # of SAML
    issuer: str = ""


def claims_of(operation: str, parameters: Mapping[str, Any]) -> Claims | None:
    """What the assertion or token of an AssumeRoleWith... call says; None where it cannot be read. Never raises."""
    role = _text(parameters, "RoleArn").split(":", 5)
    if len(role) != 6 or not role[4]:
        return None
    if operation == "AssumeRoleWithSAML":
        return _saml(role[4], _text(parameters, "PrincipalArn"), _text(parameters, "SAMLAssertion"))
    if operation == "AssumeRoleWithWebIdentity":
        return _web(role[1], role[4], _text(parameters, "ProviderId"), _text(parameters, "WebIdentityToken"))
    return None


def name_qualifier(issuer: str, account: str, provider_arn: str) -> str:
    """STS's NameQualifier of a SAML provider: BASE64(SHA1(issuer, account, "/" and the provider's name))."""
    name = provider_arn.rpartition("/")[2]
    digest = hashlib.sha1(f"{issuer}{account}/{name}".encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def _saml(account: str, provider_arn: str, encoded: str) -> Claims | None:
    root = _document(encoded)
    assertion = root.find(f".//{_SAML}Assertion") if root is not None else None
    if assertion is None:
        return None
    subject = (assertion.findtext(f"{_SAML}Subject/{_SAML}NameID") or "").strip()
    issuer = (assertion.findtext(f"{_SAML}Issuer") or "").strip()
    if not subject or not issuer:
        return None
    attributes = {
        (attribute.get("Name") or "").removeprefix(_ATTRIBUTES): [
            (value.text or "").strip() for value in attribute.findall(f"{_SAML}AttributeValue")
        ]
        for attribute in assertion.iter(f"{_SAML}Attribute")
    }
    qualifier = name_qualifier(issuer, account, provider_arn)
    tags = tuple(
        (name.removeprefix("PrincipalTag:"), values[0])
        for name, values in attributes.items()
        if name.startswith("PrincipalTag:") and values
    )
    return Claims(
        caller=Principal(account, "SAMLUser", f"{qualifier}:{subject}", "", subject, identity_provider=qualifier),
        session_name=_first(attributes, "RoleSessionName"),
        source_identity=_first(attributes, "SourceIdentity") or None,
        tags=tags,
        transitive_tag_keys=tuple(attributes.get("TransitiveTagKeys", ())),
        assertion_id=assertion.get("ID"),
        issuer=issuer,
    )


def _web(partition: str, account: str, provider_id: str, token: str) -> Claims | None:
    stated = _token_claims(token)
    if stated is None:
        return None
    issuer, subject = _text(stated, "iss"), _text(stated, "sub")
    audience = _text(stated, "azp") or _audience(stated.get("aud"))
    host = provider_id or issuer.partition("://")[2] or issuer
    if not host or not subject:
        return None
    provider = host if host in _WELL_KNOWN else f"arn:{partition}:iam::{account}:oidc-provider/{host.rstrip('/')}"
    names = _WELL_KNOWN.get(host)
    attributes: Pairs = ()
    if names is not None:
        attributes = ((f"{host}:{names[0]}", audience), (f"{host}:{names[1]}", subject))
    tags, transitive = _tags(stated.get(_TAGS_CLAIM))
    return Claims(
        caller=Principal(
            account,
            "WebIdentityUser",
            f"{provider}:{audience}:{subject}",
            "",
            subject,
            identity_provider=provider,
        ),
        source_identity=_text(stated, _SOURCE_CLAIM) or None,
        tags=tags,
        transitive_tag_keys=transitive,
        web_identity=WebIdentity(provider, attributes),
        issuer=issuer,
    )


def _document(encoded: str) -> Element | None:
    if len(encoded) > limits.FEDERATION_TOKEN_CHARACTERS:
        return None
    try:
        return parse_xml(base64.b64decode(encoded))
    except (ValueError, UnreadableCall):
        return None


def _token_claims(token: str) -> dict[str, Any] | None:
    parts = token.split(".")
    if len(parts) != 3 or len(token) > limits.FEDERATION_TOKEN_CHARACTERS:
        return None
    try:
        decoded = msgspec.json.decode(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, msgspec.DecodeError):
        return None
    return decoded if isinstance(decoded, dict) else None


def _tags(claim: Any) -> tuple[Pairs, tuple[str, ...]]:
    """`{"principal_tags": {key: [value]}, "transitive_tag_keys": [key]}`."""
    if not isinstance(claim, dict):
        return (), ()
    values = claim.get("principal_tags")
    keys = claim.get("transitive_tag_keys")
    tags = tuple(
        (key, str(value[0] if isinstance(value, list) and value else value))
        for key, value in (values.items() if isinstance(values, dict) else ())
    )
    return tags, tuple(str(key) for key in keys) if isinstance(keys, list) else ()


def _audience(claim: Any) -> str:
    if isinstance(claim, list):
        return str(claim[0]) if claim else ""
    return claim if isinstance(claim, str) else ""


def _first(attributes: Mapping[str, list[str]], name: str) -> str:
    values = attributes.get(name)
    return values[0] if values else ""


def _text(members: Mapping[str, Any], name: str) -> str:
    value = members.get(name)
    return value if isinstance(value, str) else ""
