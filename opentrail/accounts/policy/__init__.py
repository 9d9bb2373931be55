"""Policies: reading their documents, and deciding what they allow and deny."""

from opentrail.accounts.policy.caller import Caller
from opentrail.accounts.policy.decision import Decision, Policies, PolicyKind, decide
from opentrail.accounts.policy.document import Policy, PolicyUnreadable, Statement, read_identity_policy, read_policy
from opentrail.accounts.policy.evaluation import Request, Verdict, evaluate

__all__ = [
    "Caller",
    "Decision",
    "Policies",
    "Policy",
    "PolicyKind",
    "PolicyUnreadable",
    "Request",
    "Statement",
    "Verdict",
    "decide",
    "evaluate",
    "read_identity_policy",
    "read_policy",
]
