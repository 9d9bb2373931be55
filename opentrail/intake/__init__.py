"""The one door into the journal: checks, stamps and encodes a record once."""

from opentrail.intake.intake import Checked, Intake, SetAside, StampedRecord
from opentrail.intake.unended import marked, record_unended

__all__ = ["Checked", "Intake", "SetAside", "StampedRecord", "marked", "record_unended"]
