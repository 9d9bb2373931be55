"""Principals learned from traffic: keys that IAM and STS hand out, users and roles behind them."""

from opentrail.accounts.access_keys import AccessKeys
from opentrail.accounts.principal import Principal
from opentrail.recorder.interpretation import Interpreted
from opentrail.recorder.outcome import Outcome


class Learner:
    """Reads answers of IAM and STS; keeps what later calls need to be verified and named."""

    def __init__(self, access_keys: AccessKeys) -> None:
        self._access_keys = access_keys

    def learn(self, interpreted: Interpreted, outcome: Outcome, caller: Principal | None, now_us: int) -> None:
        """Take over what a successful call changed, durable on return; failed calls change nothing."""
        raise NotImplementedError
