"""Where a master key is to be kept, as options of the command line say it."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from opentrail.accounts import master_key
from opentrail.accounts.key_ring import Custody, EnvironmentCustody, FileCustody
from opentrail.accounts.kms_custody import KmsCustody
from opentrail.errors import ClientError

NEW_VARIABLE = "OPENTRAIL_NEW_MASTER_KEY"


class Keeper(StrEnum):
    """Who keeps the master key."""

    FILE = "file"
    ENVIRONMENT = "environment"
    KMS = "kms"


class ConflictingOptions(ClientError):
    """These options do not go together."""


KeeperOption = Annotated[Keeper | None, typer.Option("--master-key", help="Who keeps the master key.")]
FileOption = Annotated[Path | None, typer.Option("--master-key-file", help="A file elsewhere, mode 0600.")]
KmsKeyOption = Annotated[str, typer.Option("--kms-key-id", help="Key of KMS that seals the master key.")]
KmsEndpointOption = Annotated[str, typer.Option("--kms-endpoint", help="URL of KMS, if it is not AWS's.")]
KmsRegionOption = Annotated[str, typer.Option("--kms-region", help="Its Region.")]


def custody_of(keeper: Keeper, file: Path | None, kms_key_id: str, kms_endpoint: str, kms_region: str) -> Custody:
    """Raises ConflictingOptions."""
    if (file is not None and keeper is not Keeper.FILE) or (bool(kms_key_id) != (keeper is Keeper.KMS)):
        raise ConflictingOptions(
            "--master-key-file belongs to --master-key file, --kms-key-id to --master-key kms, which needs it"
        )
    if keeper is Keeper.KMS:
        return KmsCustody(kms_key_id, kms_region, kms_endpoint)
    if keeper is Keeper.ENVIRONMENT:
        return EnvironmentCustody()
    return FileCustody(str(file.expanduser().absolute()) if file is not None else "")


def new_key_for(custody: Custody, variable: str) -> tuple[bytes, str]:
    """A master key, and what has to be told of it once, if anything.

    For the environment it is the one that `variable` holds already, or else a new one. Raises MasterKeyUnreadable.
    """
    if not isinstance(custody, EnvironmentCustody):
        return master_key.new_master_key(), ""
    if os.environ.get(variable):
        return master_key.from_environment(variable), ""
    key = master_key.new_master_key()
    return key, f"{custody.variable}={master_key.as_text(key)}"
