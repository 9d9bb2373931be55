"""Policies: reading their documents, and deciding what they allow and deny."""

from opentrail.accounts.policy.document import Policy, PolicyUnreadable, Statement, read_policy
from opentrail.accounts.policy.evaluation import Caller, Decision, Request, evaluate

__all__ = ["Caller", "Decision", "Policy", "PolicyUnreadable", "Request", "Statement", "evaluate", "read_policy"]
