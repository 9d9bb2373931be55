"""The 90-day event history: LookupEvents, listing, imports."""

from opentrail.history.lookup import FoundEvent, History, LookupPage, LookupRequest, Place
from opentrail.history.settings import HistorySettings

__all__ = ["FoundEvent", "History", "HistorySettings", "LookupPage", "LookupRequest", "Place"]
