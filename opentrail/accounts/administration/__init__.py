"""Changes of accounts, users, roles, policies and keys of our own: what `opentrail init` and `principals` do.

changes     one change: a transaction of the catalog, its event durable before it is committed
accounts    accounts: made, closed, opened again
identities  users and roles: made, deleted, trusted, bounded, given policies
policies    policies: written, rewritten, deleted
keys        access keys: issued, switched, rotated, deleted
"""

from opentrail.accounts.administration.accounts import AccountChanges
from opentrail.accounts.administration.changes import Change, Changes, Tell
from opentrail.accounts.administration.identities import IdentityChanges
from opentrail.accounts.administration.keys import KeyChanges
from opentrail.accounts.administration.policies import PolicyChanges

__all__ = ["AccountChanges", "Change", "Changes", "IdentityChanges", "KeyChanges", "PolicyChanges", "Tell"]
