"""The catalog's tables of access: policies of resources, the organization, whose buckets are, what was changed."""

from sqlalchemy import Column, Integer, LargeBinary, String, Table

from opentrail.catalog.tables import METADATA

resource_policies = Table(
    "resource_policies",
    METADATA,
    Column("arn", String, primary_key=True),
    Column("policy", String, nullable=False),  # as it was put
    Column("updated_at", Integer, nullable=False),
    sqlite_with_rowid=False,
)

organization = Table(
    "organization",
    METADATA,
    Column("number", Integer, primary_key=True),  # 1: there is one at most
    Column("told", LargeBinary, nullable=False),  # JSON of catalog.organizations.StoredOrganization
)

delegated_admins = Table(
    "delegated_admins",
    METADATA,
    Column("organization_id", String, primary_key=True),
    Column("account", String, primary_key=True),
    Column("registered_at", Integer, nullable=False),
    sqlite_with_rowid=False,
)

bucket_owners = Table(
    "bucket_owners",
    METADATA,
    Column("bucket", String, primary_key=True),
    Column("account", String, nullable=False),
    sqlite_with_rowid=False,
)

upstream_changes = Table(
    "upstream_changes",
    METADATA,
    Column("subject", String, primary_key=True),  # whose answers are remembered: iam, s3, organizations
    Column("number", Integer, nullable=False),  # one more with each change that the recorder saw
    sqlite_with_rowid=False,
)
