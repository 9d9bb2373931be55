"""Trust policies: who may assume a role of our own, by IAM's rules."""

from opentrail.accounts.policy import Policy, PolicyUnreadable, read_policy


def read_trust_policy(text: str) -> Policy:
    """The policy of a role: statements with principals and without resources. Raises PolicyUnreadable."""
    policy = read_policy(text, "trust policy")
    for statement in policy.statements:
        if statement.principals is None:
            raise PolicyUnreadable(f"Statement {statement.name} of the trust policy names no principals.")
        if statement.resources is not None:
            raise PolicyUnreadable(f"Statement {statement.name} of the trust policy names resources.")
    return policy
