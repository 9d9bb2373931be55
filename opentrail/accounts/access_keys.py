"""Access keys and the principals behind them: configured ones, and ones learned from traffic, kept encrypted."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import Engine

from opentrail.accounts.principal import Principal

KeyStatus = Literal["Active", "Inactive"]


@dataclass(frozen=True, slots=True)
class AccessKey:
    """One access key: what a caller signs with, and who the caller then is."""

    access_key_id: str
    secret: str = field(repr=False)
    principal: Principal
    session_token: str | None = field(default=None, repr=False)
    expires_at_us: int | None = None  # None: does not expire
    status: KeyStatus = "Active"

    def expired(self, now_us: int) -> bool:
        """Whether a temporary key is past its end."""
        return self.expires_at_us is not None and now_us >= self.expires_at_us


class AccessKeys:
    """All keys of this data folder. Learned keys are durable when `learn` returns; other processes see them soon."""

    def __init__(self, engine: Engine, master_key: bytes, configured: Iterable[AccessKey] = ()) -> None:
        raise NotImplementedError

    def find(self, access_key_id: str) -> AccessKey | None:
        """The key, also an inactive or expired one; None where it is unknown or deleted."""
        raise NotImplementedError

    def learn(self, key: AccessKey) -> None:
        """Keep `key`; encrypted on disk when this returns. A configured key of the same id is never replaced."""
        raise NotImplementedError

    def set_status(self, access_key_id: str, status: KeyStatus) -> bool:
        """Switch a learned key on or off; False where it is unknown."""
        raise NotImplementedError

    def delete(self, access_key_id: str) -> bool:
        """Forget a learned key and its secret; False where it is unknown."""
        raise NotImplementedError
