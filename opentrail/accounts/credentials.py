"""New credentials and ids, of AWS's forms, that nobody else has."""

import base64
import os
from typing import Final, Literal

_KEY_ID_BYTES: Final = 10  # 16 characters of base 32
_UNIQUE_ID_CHARACTERS: Final = 17
_SECRET_BYTES: Final = 30  # 40 characters of base 64, as AWS's secrets
_TOKEN_BYTES: Final = 192


def new_key_id(kind: Literal["AKIA", "ASIA"]) -> str:
    """The id of a long-term or temporary access key."""
    return kind + base64.b32encode(os.urandom(_KEY_ID_BYTES)).decode()


def new_unique_id(kind: Literal["AIDA", "AROA", "ANPA"]) -> str:
    """The id of a user, role or policy."""
    return kind + base64.b32encode(os.urandom(_UNIQUE_ID_CHARACTERS)).decode()[:_UNIQUE_ID_CHARACTERS]


def new_secret() -> str:
    """A secret access key."""
    return base64.b64encode(os.urandom(_SECRET_BYTES)).decode()


def new_session_token() -> str:
    """A session token: nothing but chance, looked up where it is used."""
    return base64.b64encode(os.urandom(_TOKEN_BYTES)).decode()
