"""Every limit, by name and with its unit in the name or beside it."""

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

# Records
RECORD_BYTES = 256 * KIB  # AWS's cap on one event of a trail or of the event history
FOREIGN_RECORD_BYTES = 1 * MIB  # an event data store may hold "Large" events; imports accept up to that
RECORD_DEPTH = 100  # nested objects and arrays; the deepest genuine record seen has 11

# Bodies that pass through the recorder
CAPTURED_BODY_BYTES = 1 * MIB  # read for the record; of longer bodies the parameters are null and counted

# The API door
API_BODY_BYTES = 1 * MIB

# The journal
JOURNAL_BATCH_EVENTS = 4096  # one row of the journal
JOURNAL_BATCH_BYTES = 8 * MIB
JOURNAL_RESERVE_BYTES = 64 * MIB  # below this much free disk, calls are refused before they act

# The doors
REQUEST_HEAD_BYTES = 128 * KIB  # request line and headers; presigned URLs with session tokens stay below 16 KiB
