"""Guards: policies that only take away, whoever asks and whatever else allows it, as resource control policies do.

A guard is asked where not everything is known. What is not known counts as meant: a Deny on some resources holds for a
call whose resources nobody knows, a Deny to some principals for a caller whom nobody knows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from opentrail.accounts.policy.decision import Decision, PolicyKind
from opentrail.accounts.policy.document import Policy, PolicyUnreadable, Statement, read_policy
from opentrail.accounts.policy.elements import Grant
from opentrail.accounts.policy.evaluation import Asked, Request, Verdict


@dataclass(frozen=True, slots=True)
class Guard:
    """A guard as it is written down, for other processes to be told of; `read_guard` makes them."""

    name: str
    text: str

    @property
    def policy(self) -> Policy:
        """What it says, read once."""
        return _read(self.text, self.name)


def read_guard(text: str, name: str = "") -> Guard:
    """The guard that `text` writes down: Deny statements alone, with resources; principals where not all are meant.

    Raises PolicyUnreadable.
    """
    _read(text, name)
    return Guard(name, text)


@lru_cache(maxsize=1024)
def _read(text: str, name: str) -> Policy:
    policy = read_policy(text, name)
    for statement in policy.statements:
        if statement.effect != "Deny":
            raise PolicyUnreadable(f"Statement {statement.name} allows; a guard only denies.")
        if statement.resources is None:
            raise PolicyUnreadable(f"Statement {statement.name} names no resources.")
    return policy


def denied_by(guards: Iterable[Guard], request: Request, *, resource_known: bool) -> Decision | None:
    """The Deny of the first statement that means the request; None where nothing stands against it."""
    asked = Asked(request)
    for guard in guards:
        for statement in guard.policy.by_effect["Deny"]:
            if _means(statement, asked, resource_known):
                return Decision(Verdict.DENIED, PolicyKind.RESOURCE_CONTROL, guard.name, statement.name)
    return None


def _means(statement: Statement, asked: Asked, resource_known: bool) -> bool:
    if not statement.actions.cover(asked.action):
        return False
    if (
        resource_known
        and statement.resources is not None
        and not statement.resources.cover(asked.resource, asked.context)
    ):
        return False
    principals, caller = statement.principals, asked.caller
    if principals is not None and caller.levels and principals.grant(caller, allowing=False) is Grant.NONE:
        return False
    return all(condition.holds(asked.context) for condition in statement.conditions)
