"""Principals learned from traffic: the keys that AWS's services hand out, and the users and roles behind them.

users       IAM users and their long-term keys
roles       IAM roles
sessions    what STS makes of them
pools       Cognito's identity pools
handed_out  credentials of other services
told        what one call tells, and where knowledge is kept
"""

from collections.abc import Mapping
from typing import Final

from opentrail.accounts.access_keys import AccessKeys
from opentrail.accounts.principal import Principal
from opentrail.recorder.learning import handed_out, pools, roles, sessions, users
from opentrail.recorder.learning.told import Known, LookUps, NoLookUps, Step, Told
from opentrail.recorder.records.outcome import Outcome
from opentrail.recorder.understanding.interpretation import Interpreted

__all__ = ["Learner", "LookUps", "NoLookUps"]

_STEPS: Final[Mapping[tuple[str, str], Step]] = {
    **users.STEPS,
    **roles.STEPS,
    **sessions.STEPS,
    **pools.STEPS,
    **handed_out.STEPS,
}


class Learner:
    """Reads answers; keeps what later calls need to be verified and named, for all processes of the server.

    A user's id is in the answers to CreateUser and GetUser, not in the one to CreateAccessKey: users and roles seen
    are kept, others are asked for once by `look_ups`. A key of a user that nobody knows has the user's name and ARN
    and no principal id.
    """

    def __init__(self, access_keys: AccessKeys, look_ups: LookUps | None = None) -> None:
        self._known = Known(access_keys, look_ups if look_ups is not None else NoLookUps())

    def concerns(self, interpreted: Interpreted, outcome: Outcome) -> bool:
        """Whether there is something to learn: the call is one that changes keys or tells of users, and succeeded."""
        return outcome.error_code is None and _step_of(interpreted) is not None

    def learn(self, interpreted: Interpreted, outcome: Outcome, caller: Principal | None, now_us: int) -> None:
        """Take over what a successful call changed, durable on return; calls that do not concern us change nothing.

        Writes to the catalog and may wait for its disk, and for an upstream that is asked; from one thread at a time.
        """
        step = _step_of(interpreted)
        if step is not None and outcome.error_code is None:
            told = Told(interpreted.parameters or {}, outcome.output or {}, caller, now_us)
            step(self._known, told)


def _step_of(interpreted: Interpreted) -> Step | None:
    return _STEPS.get((interpreted.service or "", interpreted.operation_name))
