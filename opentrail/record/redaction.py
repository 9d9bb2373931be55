"""Secrets out of records: what AWS hides in parameters and answers, and what we hide beyond it.

A member is told by its name, in any depth, for a source or everywhere, and by its path, for a call and where the
service's model marks it as sensitive. What takes its place is AWS's own form: a text, an empty object, or nothing at
all. Beyond AWS we hide session tokens, which AWS writes in full, and message bodies and items of data events.
Names and paths compare without case.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, Final

from opentrail import limits

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
_REMOVED = "<sensitiveDataRemoved>"
_STARS = "**********"
_DROP: Final = object()
_EMPTY: Final = object()
_EACH: Final = object()  # the names stay, each value is hidden: which providers a login was of
_NAMES_ALONE: Final = object()  # a list of texts stays: of a DynamoDB item, the names of its attributes

Paths = frozenset[tuple[str, ...]]
Change = Callable[[Any], Any]

_EVERYWHERE: dict[str, object] = {
    "accesstoken": HIDDEN,
    "authcode": HIDDEN,
    "authorization": HIDDEN,
    "authorizationapikeyvalue": HIDDEN,
    "authorizationcode": HIDDEN,
    "authtoken": HIDDEN,
    "bearertoken": HIDDEN,
    "certificateprivatekey": HIDDEN,
    "clientsecret": HIDDEN,
    "idtoken": HIDDEN,
    "presharedkey": HIDDEN,
    "privatekey": HIDDEN,
    "procurementportalsharedsecret": HIDDEN,
    "refreshtoken": HIDDEN,
    "samlassertion": HIDDEN,
    "secretaccesskey": _DROP,
    "secretkey": HIDDEN,
    "sessiontoken": HIDDEN,
    "x-amz-copy-source-server-side-encryption-customer-key": HIDDEN,
    "x-amz-security-token": HIDDEN,
    "x-amz-server-side-encryption-customer-key": HIDDEN,
    "x-amz-signature": HIDDEN,
}

_USER_DATA: dict[str, object] = {"keymaterial": _REMOVED, "userdata": _REMOVED}
_PAYLOAD: dict[str, object] = {"data": HIDDEN}

_BY_SOURCE: dict[str, dict[str, object]] = {
    "autoscaling": _USER_DATA,
    "cloudformation": {"parametervalue": _DROP, "templatebody": _DROP},
    "cloudtrail-data": {"eventdata": HIDDEN},
    "codebuild": {"secret": HIDDEN},
    "cognito-identity": {"logins": _EACH},
    "cognito-idp": {"confirmationcode": HIDDEN, "passwordverifier": HIDDEN},
    "dynamodb": {
        "attributes": HIDDEN,
        "attributeupdates": HIDDEN,
        "expected": HIDDEN,
        "expressionattributevalues": HIDDEN,
        "item": _NAMES_ALONE,
        "items": _NAMES_ALONE,
        "parameters": HIDDEN,
    },
    "ec2": _USER_DATA,
    "elasticache": {"passwords": HIDDEN},
    "events": {"detail": HIDDEN},
    "firehose": _PAYLOAD,
    "iam": {
        "addprivatekey": _DROP,
        "authenticationcode1": _DROP,
        "authenticationcode2": _DROP,
        "base32stringseed": _DROP,
        "newpassword": _DROP,
        "oldpassword": _DROP,
        "password": _DROP,
        "privatekey": _DROP,
        "qrcodepng": _DROP,
        "servicecredentialsecret": _DROP,
        "servicepassword": _DROP,
    },
    "kinesis": _PAYLOAD,
    "kms": {
        "encryptedkeymaterial": _DROP,
        "granttoken": _DROP,
        "importtoken": _DROP,
        "message": _DROP,
        "plaintext": _DROP,
        "privatekeyplaintext": _DROP,
        "rawsecretaccesskey": _DROP,
        "sharedsecret": _DROP,
    },
    "lambda": {"environment": _EMPTY, "invokeargs": _DROP, "payload": _DROP, "zipfile": _DROP},
    "license-manager": {"token": HIDDEN},
    "logs": {"logevents": _DROP},
    "memorydb": {"passwords": HIDDEN},
    "pinpoint": {"apikey": HIDDEN, "credential": HIDDEN, "otp": HIDDEN, "servicejson": HIDDEN},
    "rdsdata": {
        "database": _STARS,
        "formattedrecords": HIDDEN,
        "generatedfields": HIDDEN,
        "parameters": HIDDEN,
        "parametersets": HIDDEN,
        "records": HIDDEN,
        "schema": _STARS,
        "sql": _STARS,
        "sqlstatements": _STARS,
        "updateresults": HIDDEN,
    },
    "secretsmanager": {
        "randompassword": _DROP,
        "rotationtoken": _DROP,
        "secretbinary": _DROP,
        "secretstring": _DROP,
    },
    "ses": {
        "bccaddresses": HIDDEN,
        "ccaddresses": HIDDEN,
        "data": HIDDEN,
        "defaulttemplatedata": HIDDEN,
        "destinations": HIDDEN,
        "replacementtemplatedata": HIDDEN,
        "templatedata": HIDDEN,
        "toaddresses": HIDDEN,
    },
    "sns": {"platformcredential": HIDDEN, "platformprincipal": HIDDEN},
    "sqs": {"body": HIDDEN, "messageattributes": HIDDEN, "messagebody": HIDDEN, "messagesystemattributes": HIDDEN},
    "sts": {
        "samlassertion": _DROP,
        "tokencode": _DROP,
        "tradeintoken": _DROP,
        "webidentitytoken": _DROP,
    },
    "workmail": {"token": HIDDEN},
}

_BUILD_VARIABLES = [  # names stay: they say what a build was given
    ("environment", "environmentvariables", "*", "value"),
    ("environmentvariablesoverride", "*", "value"),
    ("project", "environment", "environmentvariables", "*", "value"),
    ("build", "environment", "environmentvariables", "*", "value"),
    ("buildbatch", "environment", "environmentvariables", "*", "value"),
]
_BY_CALL: dict[tuple[str, str], list[tuple[str, ...]]] = {
    ("apigateway", "CreateApiKey"): [("createapikeyinput", "value"), ("value",)],
    ("apigateway", "UpdateApiKey"): [("updateapikeyinput", "patchoperations", "*", "value"), ("value",)],
    ("codebuild", "CreateProject"): _BUILD_VARIABLES,
    ("codebuild", "StartBuild"): _BUILD_VARIABLES,
    ("codebuild", "StartBuildBatch"): _BUILD_VARIABLES,
    ("codebuild", "UpdateProject"): _BUILD_VARIABLES,
    ("cognito-idp", "VerifyUserAttribute"): [("code",)],  # codes are good once, but a refused call has not used its own
    ("sms-voice", "VerifyDestinationNumber"): [("verificationcode",)],
    ("sns", "ConfirmSubscription"): [("token",)],
    ("sns", "Publish"): [("message",), ("messageattributes",), ("phonenumber",), ("subject",)],
    ("sns", "PublishBatch"): [
        ("publishbatchrequestentries", "*", "message"),
        ("publishbatchrequestentries", "*", "messageattributes"),
        ("publishbatchrequestentries", "*", "subject"),
    ],
    ("sso", "CreateToken"): [("code",)],
    ("sso", "CreateTokenWithIAM"): [("code",)],
    ("ssm", "CreateDocument"): [("content",)],
    ("ssm", "PutParameter"): [("value",)],
    ("ssm", "SendCommand"): [("command", "comment"), ("command", "parameters"), ("comment",), ("parameters",)],
    ("ssm", "UpdateDocument"): [("content",)],
    ("ssm-contacts", "ActivateContactChannel"): [("activationcode",)],
}

# Marked in S3's model, yet AWS shows them: they name a key and are none.
_SHOWN: dict[str, frozenset[str]] = {
    "s3": frozenset({"keyid", "kmsmasterkeyid", "ssekmskeyid", "x-amz-server-side-encryption-aws-kms-key-id"}),
}
_NOTHING: frozenset[str] = frozenset()
_SCALARS: Final = frozenset((str, int, float, bool, type(None)))


def redact_parameters(event_source: str, event_name: str, parameters: Any, sensitive: Paths = frozenset()) -> Any:
    """`parameters` (as CloudTrail cases them) without secrets; a new value, the given one stays as it is.

    `sensitive`: paths of members from the top, as the model marks them, `"*"` standing for the elements of a list and
    the values of a map.
    """
    return _cleaned(event_source, event_name, parameters, sensitive)


def redact_response(event_source: str, event_name: str, elements: Any, sensitive: Paths = frozenset()) -> Any:
    """`elements` without secrets, session tokens and plaintext keys; a new value, the given one stays as it is."""
    return _cleaned(event_source, event_name, elements, sensitive)


def _cleaned(event_source: str, event_name: str, value: Any, sensitive: Paths) -> Any:
    redaction, paths = _redaction(event_source, event_name, sensitive)
    return redaction.clean(value, paths, limits.RECORD_DEPTH)


@functools.lru_cache(maxsize=4096)
def redaction_by_names(event_source: str, event_name: str) -> "Redaction | None":
    """What the names of members hide in the calls of one name; None where paths of the call hide more."""
    redaction, paths = _redaction(event_source, event_name, frozenset())
    return None if paths else redaction


@functools.lru_cache(maxsize=4096)
def _redaction(event_source: str, event_name: str, sensitive: Paths) -> "tuple[Redaction, list[tuple[str, ...]]]":
    """What is done to the calls of one name, and the paths that apply from the top; both are never changed."""
    source = event_source.removesuffix(".amazonaws.com")
    paths = [tuple(step.lower() for step in path) for path in sensitive if path]
    return Redaction(source), paths + _BY_CALL.get((source, event_name), [])


class Redaction:
    """The names that count for the calls of one source."""

    def __init__(self, source: str) -> None:
        self.names = _EVERYWHERE | _BY_SOURCE.get(source, {})
        self.shown = _SHOWN.get(source, _NOTHING)

    def without_secrets(self, value: Any) -> Any:
        """`value` cleaned by names alone."""
        return self.clean(value, [], limits.RECORD_DEPTH)

    def member(self, name: str, shown: Change, cleaned: Change) -> Change | None:
        """What makes of the value of a member called `name` what records have; None: it is left out.

        `shown` makes its shape, `cleaned` its shape without secrets.
        """
        told = self.names.get(name.lower())
        if told is None and not name.lower().endswith("password"):
            return cleaned
        if told is _DROP:
            return None
        return lambda value: self._in_place_of_member(told, shown(value))

    def entry(self, into: dict[str, Any], key: str, value: Any, shown: Change, cleaned: Change) -> None:
        """Put what `member` makes of `value` into `into`, for a name that callers choose."""
        name = key.lower()
        told = self.names.get(name)
        if told is None and not name.endswith("password"):
            into[key] = cleaned(value)
        elif told is not _DROP:
            into[key] = self._in_place_of_member(told, shown(value))

    def _in_place_of_member(self, told: object | None, item: Any) -> Any:
        if told is _EMPTY:
            return {}
        if told is _EACH:
            return _each_hidden(item)
        if told is _NAMES_ALONE:
            return item if _is_list_of_texts(item) else _in_place_of(item, HIDDEN)
        if told is not None:
            return _in_place_of(item, told)
        return _in_place_of(item, HIDDEN) if isinstance(item, str) else self.without_secrets(item)  # a password

    def clean(self, value: Any, paths: list[tuple[str, ...]], levels: int) -> Any:
        """`value` without secrets; `paths` are those that still apply below it, `levels` how deep it may yet go."""
        kind = type(value)  # the usual ones first: asking for a Mapping costs more than all else
        if kind in _SCALARS:
            return value
        if kind is dict or isinstance(value, Mapping):
            return self._clean_object(value, paths, levels) if levels > 0 else None
        if isinstance(value, list | tuple):
            if levels <= 0:
                return None
            if ("*",) in paths:
                return [_in_place_of(item, HIDDEN) for item in value]
            below = _below(paths, "*", element=True)
            return [self.clean(item, below, levels - 1) for item in value]
        return value

    def _clean_object(self, value: Mapping[Any, Any], paths: list[tuple[str, ...]], levels: int) -> dict[str, Any]:
        cleaned: dict[str, Any] = {}
        names = self.names
        for key, item in value.items():
            name = str(key).lower()
            if not paths and name not in names and (type(item) is not str or not name.endswith("password")):
                cleaned[key] = item if type(item) in _SCALARS else self.clean(item, paths, levels - 1)
                continue
            instead = self._instead_of(name, item, paths)
            if instead is None:
                cleaned[key] = self.clean(item, _below(paths, name), levels - 1)
            elif instead is not _DROP:
                cleaned[key] = self._in_place_of_member(instead, item)
        return cleaned

    def _instead_of(self, name: str, item: Any, paths: list[tuple[str, ...]]) -> object | None:
        told = self.names.get(name)
        if told is _NAMES_ALONE:
            return None if _is_list_of_texts(item) else HIDDEN
        if told is not None:
            return told
        if name.endswith("password") and isinstance(item, str):
            return HIDDEN
        if paths and ((name,) in paths or ("*",) in paths) and name not in self.shown:
            return HIDDEN
        return None


def _each_hidden(item: Any) -> Any:
    if isinstance(item, dict):
        return {key: _in_place_of(value, HIDDEN) for key, value in item.items()}
    return _in_place_of(item, HIDDEN)


def _is_list_of_texts(item: Any) -> bool:
    return isinstance(item, list) and all(isinstance(part, str) for part in item)


def _below(paths: list[tuple[str, ...]], step: str, *, element: bool = False) -> list[tuple[str, ...]]:
    """The rests of the paths that go through `step`.

    CloudTrail leaves out some steps of the model (members of lists), so that a path may also be taken up again where a
    list is written directly: an element passes the paths of its list on.
    """
    if not paths:
        return paths
    rests = [path[1:] for path in paths if len(path) > 1 and path[0] in (step, "*")]
    if element:
        rests += [path for path in paths if path[0] != "*"]
    return rests


def _in_place_of(item: Any, text: Any) -> Any:
    """Nothing is hidden where there was nothing."""
    return item if item is None or item == "" or item == {} or item == [] else text
