"""The table of identity situations: who made the key, how, chained how, in which account; and who that is in a record.

long_term   keys of users and root
temporary   what STS makes of users and root
roles       sessions of roles, one after the other, across accounts
outside     other identity providers

Each entry makes a caller by real boto3 calls through the recorder to a real moto and returns what it signs with and the
whole `userIdentity` that its next call has to have, by the reference and by the genuine records of the sample data.
"""

from tests.recorder.identities.situations import long_term, outside, roles, temporary

SITUATIONS = {**long_term.TABLE, **temporary.TABLE, **roles.TABLE, **outside.TABLE}
