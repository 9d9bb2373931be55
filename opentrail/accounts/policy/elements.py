"""What a statement is about: actions, resources, principals; each compiled, and asked whether it covers a request."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Self

from opentrail.accounts.policy.caller import Caller
from opentrail.accounts.policy.variables import Context, Piece, has_variables, read_text, resolved
from opentrail.accounts.policy.wildcards import Matcher, Wildcard, matcher, pattern_of


@dataclass(frozen=True, slots=True)
class Actions:
    """`Action` or `NotAction`; without regard to case."""

    texts: tuple[str, ...]
    negated: bool
    _named: frozenset[str] = field(compare=False, repr=False)
    _patterns: tuple[Matcher, ...] = field(compare=False, repr=False)

    @classmethod
    def read(cls, texts: tuple[str, ...], negated: bool) -> Self:
        """The actions that `texts` name."""
        patterns = [pattern_of(text.lower()) for text in texts]
        named = frozenset(text.lower() for text, pattern in zip(texts, patterns, strict=True) if _is_plain(pattern))
        return cls(texts, negated, named, tuple(matcher(pattern) for pattern in patterns if not _is_plain(pattern)))

    def cover(self, action: str) -> bool:
        """Whether they cover `action`, which is in lower case."""
        if action in self._named:
            return not self.negated
        for match in self._patterns:
            if match(action):
                return not self.negated
        return self.negated


@dataclass(frozen=True, slots=True)
class Resources:
    """`Resource` or `NotResource`; patterns of ARNs, which may have variables."""

    texts: tuple[str, ...]
    negated: bool
    _fixed: tuple[Matcher, ...] = field(compare=False, repr=False)
    _late: tuple[tuple[Piece, ...], ...] = field(compare=False, repr=False)
    _needs_all: bool = field(compare=False, repr=False)

    @classmethod
    def read(cls, texts: tuple[str, ...], negated: bool, *, variables: bool, allowing: bool) -> Self:
        """The resources that `texts` name. Raises NotAVariable."""
        read = [read_text(text, wildcards=True, variables=variables) for text in texts]
        fixed = [
            matcher([piece for piece in one if isinstance(piece, str | Wildcard)])
            for one in read
            if not has_variables(one)
        ]
        late = tuple(one for one in read if has_variables(one))
        return cls(texts, negated, tuple(fixed), late, negated and allowing)

    def cover(self, resource: str, context: Context) -> bool:
        """Whether they cover `resource`.

        What an Allow excludes by a variable without a value covers nothing: nobody can say what it excludes.
        """
        for match in self._fixed:
            if match(resource):
                return not self.negated
        for text in self._late:
            pattern = resolved(text, context)
            if pattern is None and self._needs_all:
                return False
            if pattern is not None and matcher(pattern)(resource):
                return not self.negated
        return self.negated


def _is_plain(pattern: Sequence[str | Wildcard]) -> bool:
    return not any(isinstance(piece, Wildcard) for piece in pattern)


class Grant(IntEnum):
    """How closely a statement names a caller; what it then grants by itself differs."""

    NONE = 0
    ACCOUNT = 1  # the account: it is left to the account's own policies
    INDIRECT = 2  # everybody, or the role of the session: boundary and session policies still limit it
    DIRECT = 3  # the caller itself


@dataclass(frozen=True, slots=True)
class Principals:
    """Whom a statement is about: (kind, name), such as ("Service", "cloudtrail.amazonaws.com") or ("AWS", "*")."""

    names: frozenset[tuple[str, str]]
    negated: bool = False

    def grant(self, caller: Caller, *, allowing: bool) -> Grant:
        """How closely they name the caller; NONE where they do not mean it.

        `NotPrincipal` spares a caller from a Deny only where it lists every level of it (the account, the role, the
        session), as AWS judges one after the other; an Allow with it leaves out who is listed at any level.
        """
        if not self.negated:
            return max((_grant(kind, name, caller) for kind, name in self.names), default=Grant.NONE)
        listed = [not self.names.isdisjoint(level) for level in caller.levels]
        if ("AWS", "*") in self.names:
            return Grant.NONE
        spared = any(listed) if allowing else bool(listed) and all(listed)
        return Grant.NONE if spared else Grant.INDIRECT


def _grant(kind: str, name: str, caller: Caller) -> Grant:
    if kind == "AWS" and name == "*":
        return Grant.INDIRECT  # everybody, services as well
    for depth, level in enumerate(caller.levels):
        if (kind, name) in level:
            if depth == 0 and caller.account and not caller.is_root:
                return Grant.ACCOUNT
            return Grant.DIRECT if depth == len(caller.levels) - 1 else Grant.INDIRECT
    if kind == "Federated" and caller.provider:
        return Grant.INDIRECT if name == caller.provider else Grant.NONE
    return Grant.NONE
