"""The one door into the journal: checks, stamps and encodes a record once."""

from opentrail.intake.intake import Checked, Intake, SetAside

__all__ = ["Checked", "Intake", "SetAside"]
