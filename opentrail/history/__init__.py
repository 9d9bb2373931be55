"""The 90-day event history: LookupEvents, listing, imports."""
