"""Every limit, by name and with its unit in the name or beside it."""

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

# Records
RECORD_BYTES = 256 * KIB  # AWS's cap on one event of a trail or of the event history
FOREIGN_RECORD_BYTES = 1 * MIB  # an event data store may hold "Large" events; imports accept up to that
RECORD_DEPTH = 100  # nested objects and arrays; the deepest genuine record seen has 11
ENVELOPE_TEXT_CHARS = 256  # eventID, account, Region and category; AWS's longest is a 36-character eventID
LISTED_RESOURCES = 100  # resources derived from one record for LookupEvents; AWS's own cap is not published
LISTED_OBJECTS = 2100  # a DeleteObjects call names up to 1,000 keys, each listed by key and by ARN
LISTED_RESOURCE_CHARS = 2048  # longer values are no names; LookupEvents accepts at most 2,000 characters
TEXT_FIELD_BYTES = 1 * KIB  # userAgent, errorCode, errorMessage, requestID: cut
PARAMETERS_BYTES = 100 * KIB  # requestParameters, responseElements, serviceEventDetails: left out when larger
ADDITIONAL_DATA_BYTES = 28 * KIB  # additionalEventData, edgeDeviceDetails: left out when larger

# Bodies that pass through the recorder
CAPTURED_BODY_BYTES = 1 * MIB  # read for the record; of longer bodies the parameters are null and counted
DELETE_OBJECTS_BYTES = 4 * MIB  # the list of a DeleteObjects call (1,000 keys): read whole for the record, or refused
FORM_BEGINNING_BYTES = 64 * KIB  # of a form that is too long to be read: it names its action here, or is refused
UNVERIFIED_BODY_BYTES = 64 * KIB  # the same, of a caller that is not known: anybody can open many connections
PARAMETER_DEPTH = 64  # levels of nesting in the parameters of a call; leaves room for the record around them
FORM_FIELDS = 20_000  # names in a form body; AWS takes at most some thousand
USERS_REMEMBERED = 10_000  # IAM users whose ids and ARNs are kept in memory for the keys they will get
RESOURCES_OF_A_CALL = 100  # entries of a record's `resources`; more keys of one call have events of their own
EVENT_BYTES = 24 * MIB  # one frame of an event stream; 16 MiB of payload and its headers are AWS's bound
POST_FORM_BYTES = 64 * KIB  # of an upload by form: its fields end here, or it is refused; AWS takes 20 KB of them
POST_FORM_FIELDS = 1000
OPERATION_NAME_CHARACTERS = 128  # of a name taken from the wire, where no model knows it
HELD_REQUEST_BYTES = 256 * MIB  # of the bodies of all calls under way, held in memory; further calls are refused
HELD_STRANGERS_BYTES = 64 * MIB  # the same, of callers without a key that is known: they crowd out nobody else
HELD_ANSWER_BYTES = 1 * MIB  # up to here an answer waits for its record; a longer one begins after a durable intent
SPOOLED_BODY_BYTES = 128 * MIB  # a body whose hash is not declared is read whole before it goes on: refused beyond
SPOOL_SLICE_BYTES = 512 * KIB  # of such a body: hashed, encrypted and written, or read, by a thread in one go
SPOOL_THREADS = 4  # bodies whose slices are worked on at a time, in one process
SPOOL_READ_BYTES = 64 * KIB  # at a time, from a spooled body or one that is held, to its upstream
UPSTREAM_HEAD_BYTES = 256 * KIB  # the head of an upstream's answer, or its chunk sizes and trailers
UPSTREAM_BUFFER_BYTES = 64 * KIB  # of an answer, between upstream and client
UPSTREAM_CONNECTIONS = 1024  # to one upstream, from one process; further calls wait for a free one
REFUSAL_LINGER_BYTES = 256 * KIB  # of a refused body, read and dropped so that the refusal reaches the client

# The API door
API_BODY_BYTES = 1 * MIB

# The journal
JOURNAL_BATCH_EVENTS = 4096  # one row of the journal
JOURNAL_BATCH_BYTES = 8 * MIB
JOURNAL_RESERVE_BYTES = 64 * MIB  # below this much free disk, calls are refused before they act

# The doors
REQUEST_HEAD_BYTES = 128 * KIB  # request line and headers; presigned URLs with session tokens stay below 16 KiB
REQUEST_HEADERS = 500  # of one request; S3's 2 KiB of user metadata make some hundred
CLIENT_CONNECTIONS = 10_000  # open at a time, in one process; further ones are closed at once
CLIENT_BUFFER_BYTES = 64 * KIB  # of a request's body, between client and upstream
INTERIM_ANSWERS = 32  # 1xx before the answer: each would give the upstream new time to keep its caller waiting
PIPELINED_REQUESTS = 16  # sent ahead of the answer to the first; nothing more is read meanwhile
FRAMING_CREDIT = 8  # bytes of chunk sizes that each byte of a chunked body may cost, beyond what a head may have
JOURNAL_WAITING_EVENTS = 100_000  # submitted and not yet durable, in one process; beyond it submissions are refused
JOURNAL_WAITING_BYTES = 256 * MIB
GATHERED_EVENTS = 2048  # records of ended calls that go to the journal together
GATHERED_BYTES = 4 * MIB
JOURNAL_INTENT_BYTES = 2 * MIB
JOURNAL_READ_BYTES = 128 * MIB  # unpacked bytes that one read may hold, unless a single batch is larger
JOURNAL_READ_ROWS = 16_384  # rows that one read looks at, passed over or not
JOURNAL_LOCK_SECONDS = 30.0  # waiting for another process's transaction
JOURNAL_LOCK_RETRY_SECONDS = 0.0005
JOURNAL_STALL_SECONDS = 5.0  # a commit running longer makes the journal count as unwritable
JOURNAL_POLL_SECONDS = 0.05  # how often a waiting reader looks for appends of other processes
JOURNAL_PROBE_SECONDS = 1.0  # between two trial writes while the journal cannot write
JOURNAL_SPACE_SECONDS = 0.25  # between two looks at the free disk space
JOURNAL_CHECKPOINT_PAGES = 4096  # of 4 KiB: the write-ahead log is folded into the database beyond this
JOURNAL_TRIM_BATCHES = 64  # deleted in one transaction, so that appends never wait long for a trim
JOURNAL_TRIM_BYTES = 16 * MIB  # likewise
JOURNAL_FREE_PAGES = 8192  # of 4 KiB: left to be used again, before trimming gives them back to the file system

# Intake
INTAKE_WAITING_RECORDS = 50_000  # records of calls that acted, kept in memory while the journal cannot write
INTAKE_WAITING_BYTES = 128 * MIB
INTAKE_RETRY_RECORDS = 4096  # of them in one attempt
INTAKE_RETRY_SECONDS = 0.5  # between two attempts
INTENTS_RECORDED_TOGETHER = 64  # of calls that were cut off: made events in one transaction

# Followers
FOLLOWER_READ_EVENTS = 16_384  # handed to a follower in one call
FOLLOWER_GATHER_SECONDS = 0.1  # what comes within this after a step is handed over by the next, together
FOLLOWER_IDLE_SECONDS = 0.25  # between two ticks while nothing arrives
FOLLOWER_MIRROR_SECONDS = 1.0  # between two writes of a follower's position into the journal
FOLLOWER_BACKOFF_SECONDS = 0.1  # after the first failure; doubled each time
FOLLOWER_LONGEST_BACKOFF_SECONDS = 30.0
FOLLOWER_OWNER_SECONDS = 0.5  # between two attempts to become a follower's owner

# Imports of log files
IMPORT_CHUNK_BYTES = 2 * MIB  # a document up to this size is read whole; a longer one is cut into records as it comes
IMPORT_DOCUMENT_BYTES = 16 * MIB  # a longer document that cannot be cut as it comes is given up
IMPORT_DOCUMENT_VALUES = 2_000_000  # commas and line ends in such a document: bounds the values that splitting makes
IMPORT_ELEMENT_BYTES = 16 * MIB  # no end of a record within this many bytes: the rest of the file is given up
IMPORT_INFLATED_BYTES = 64 * GIB  # what one compressed file may inflate to
IMPORT_FILE_FAULTS = 10_000  # a file with this many bad records, and fewer good ones, is given up
IMPORT_ORPHANS = 32_768  # events under way when an import was broken off, at most
IMPORT_PREFETCH_FILES = 16  # small files that are fetched ahead of their turn
IMPORT_PREFETCH_BYTES = 4 * MIB  # stored size up to which a file counts as small

# Log files and digests
LOG_FILE_INFLATED_BYTES = 50_000_000  # AWS's cap on what one log file inflates to
LOG_FILE_READ_BYTES = 2 * GIB  # what a log file that is validated may inflate to
DIGEST_READ_BYTES = 256 * MIB  # the same of a digest; one names every log file of its hour
VALIDATION_FINDINGS = 100_000  # kept for a report; more are counted and left out

# Signatures
SIGNATURE_SKEW_SECONDS = 300  # between the caller's clock and ours, either way
S3_SIGNATURE_SKEW_SECONDS = 900
PRESIGN_SECONDS = 604_800  # the longest life of a presigned URL
SIGNING_KEYS = 4096  # derived signing keys kept in memory (one a key, day, Region and service)
SIGNED_SCOPES = 4096  # beginnings of Authorization headers kept in memory, each of so many characters at most:
SIGNED_SCOPE_CHARACTERS = 512
SIGNED_FORMS = 1024  # forms of requests kept in memory (one for the names of the headers and the list of signed ones)
AWS_CHUNK_LINE_BYTES = 1024  # size, extension and signature of one chunk of an aws-chunked body
AWS_CHUNK_TRAILER_BYTES = 16 * KIB

# TLS
CERTIFICATE_LOOK_SECONDS = 5.0  # between two looks at the files of the certificate

# Rate limits and replays
THROTTLE_BUCKETS = 20_000  # principals and accounts whose calls are counted
THROTTLE_TOLD = 1000  # principals in one round of events about refused calls
THROTTLE_TOLD_SECONDS = 60.0  # between two rounds
REPLAY_GRACE_SECONDS = 20.0  # a signature may come again so long after it came first: lost answers, equal calls
REPLAY_SIGNATURES = 200_000  # of changing calls, remembered while they are good

# Access keys
ACCESS_KEYS_IN_MEMORY = 10_000
ACCESS_KEY_REFRESH_SECONDS = 0.2  # after this, a key that another process changed is seen changed
COMPILED_POLICIES = 2000  # documents of our own principals and sessions, kept in memory as what they mean
EXPIRED_KEY_SWEEP_SECONDS = 60.0  # between two looks for such keys
EXPIRED_KEY_SECONDS = 7 * 86_400  # how long a temporary key is remembered after its end, to be called expired

LOOK_UP_THREADS = 4  # questions to upstreams about callers, at once
LOOK_UP_FAILED_SECONDS = 60.0  # how long it is remembered that an upstream could not tell
FEDERATION_TOKEN_CHARACTERS = 100_000  # of a SAML response or web identity token; STS's own limit for the former
POOL_IDENTITIES_KEPT = 100_000  # Cognito identities of end users, so that their sessions can be named

# Segments and tables of events
SEGMENT_PAGE_BYTES = 128 * KIB  # unpacked size of a page of eventjson: what one look-up hit has to unpack
SEGMENT_ROW_GROUP_ROWS = 65_536
LAKE_NEW_ROW_GROUP_ROWS = 16_384  # of a file that will be merged: what is made of its rows stays in the cache
COLUMNS_CHUNK_ROWS = 1024  # records that are made columns at a time
SEGMENT_ROWS = 1_048_576  # a segment is full with so many rows or bytes and is not merged again
SEGMENT_BYTES = 128 * MIB
TAIL_CHUNK_ROWS = 8192  # the hot tail is kept in sorted chunks of so many events
TAIL_BLOCK_RECORDS = 64  # records that the tail compresses together
LISTING_MEMORY_BYTES = 512 * MIB  # what DuckDB may use to bring a listing in order before it spills to disk

# The clock that deletion goes by
CLOCK_JUMP_SECONDS = 86_400  # ahead of what was seen to pass, stops of the program included, that is believed at once
CLOCK_SETTLE_SECONDS = 86_400.0  # of running, after which a clock that jumped further is believed
CLOCK_WRITE_SECONDS = 300.0  # between two times that what is believed is written down

# The catalog: how long a transaction waits for the write lock of another process
CATALOG_BUSY_SECONDS = 30.0
CATALOG_BUSY_DOOR_SECONDS = 5.0  # where a caller waits; clients give up after a minute, and then know nothing

# CloudTrail's API
API_THREADS = 8  # rooms that work at once; further calls wait their turn
API_ECHOED_CHARACTERS = 256  # of a refused value in the message that refuses it
LOOKUP_SECONDS = 20.0  # a question waits so long for the history's process, which may be starting anew
LOOKUP_CATCH_UP_SECONDS = 0.25  # and there for the tail to take in what was durable before it
HISTORY_QUESTIONS = 128  # connections that wait for that process
LOOKUP_ATTRIBUTE_CHARACTERS = 2000  # of an attribute's value; "_", " ", "," and line ends count twice

# Trails
EVENT_SELECTORS = 5  # basic ones of a trail
DATA_RESOURCES = 250  # values in all basic selectors of a trail; those that stand for everything do not count
ADVANCED_SELECTOR_VALUES = 500  # in all advanced selectors of a trail
TRAILS_PER_REGION = 5  # multi-Region trails count in every Region
TRAIL_NAME_CHARACTERS = (3, 128)
TRAIL_PREFIX_CHARACTERS = 200  # of the key prefix of its log files
TOPIC_CHARACTERS = 256  # of a topic's name or ARN
TAGS_PER_RESOURCE = 50
TAGGED_RESOURCES_LISTED = 20  # ARNs in one ListTags call

# Delivery of trails
LOG_FILE_CUT_BYTES = 40 * MIB  # of one account and Region, inflated: cut before the interval is over
DELIVERY_HELD_BYTES = 128 * MIB  # selected events in memory between two cuts, of all trails
DELIVERY_POSITION_SECONDS = 5.0  # between two notes of how far trails without events are
OUTBOX_BYTES = 10 * GIB  # files that wait; beyond it, trails whose bucket is behind stay in the journal
OUTBOX_RESERVE_BYTES = 256 * MIB  # free disk that the outbox leaves; more than what the journal needs to go on
DELIVERY_GIVE_UP_SECONDS = 30 * 86_400.0  # AWS's own patience with a bucket
DELIVERY_TRIES_SECONDS = 3600.0  # that a process tries, at least, before it gives up what is older
DELIVERY_BACKOFF_SECONDS = 1.0  # after the first failure; doubled each time
DELIVERY_LONGEST_BACKOFF_SECONDS = 300.0
DELIVERY_THREADS = 4  # deliveries under way at once; those of one trail to one place follow each other
DELIVERY_LOOK_SECONDS = 5.0  # between two looks for what waits, when nothing told of it
DELIVERY_FILES = 64  # of one trail delivered before others have their turn
DELIVERY_TIMEOUT_SECONDS = 60.0  # for an answer of a service that is delivered to
BUCKET_CHECK_SECONDS = 60.0  # between two questions for ACL and policy of a bucket that is delivered to
PROTECTION_POLL_SECONDS = 5.0  # between two looks for trails that were made or changed
PROTECTION_LOOK_SECONDS = 86_400.0  # between two looks at what protects a bucket
PROTECTION_RETRY_SECONDS = 60.0  # after a bucket did not answer
DELIVERED_KEPT_SECONDS = 7 * 86_400  # how long the catalog remembers what is delivered
DIGEST_PLACES_TRIED = 60  # seconds that a digest's end may move where its name is taken
LOG_EVENTS = 10_000  # in one PutLogEvents call, as CloudWatch Logs has it
LOG_EVENTS_BYTES = 1_048_576  # likewise, with LOG_EVENT_OVERHEAD_BYTES for each event
LOG_EVENT_OVERHEAD_BYTES = 26
LOG_EVENTS_SPAN_SECONDS = 24 * 3600  # between the oldest and the newest event of one call

# Recording inside the caller's program
CLIENT_WAITING_CALLS = 10_000  # noted and not yet reported; further ones are counted as lost
CLIENT_WAITING_BYTES = 16 * MIB
CLIENT_BATCH_RECORDS = 500  # in one report
CLIENT_BATCH_BYTES = 512 * KIB  # of records in one report, unless a single one is longer
CLIENT_GATHER_SECONDS = 1.0  # a call waits so long for others to share its report
CLIENT_RETRY_SECONDS = 0.5  # after the first failed report; doubled each time
CLIENT_LONGEST_RETRY_SECONDS = 30.0
CLIENT_SEND_SECONDS = 10.0  # to connect, and for the answer to a report
CLIENT_EXIT_SECONDS = 5.0  # at the program's end, to report what waits
CLIENT_IDENTITIES = 1000  # access keys whose identities a program remembers
CLIENT_IDENTITY_SECONDS = 60.0  # until an identity that was not told is asked for again
CLIENT_IDENTITY_TIMEOUT_SECONDS = 10.0  # of each of two attempts to ask for it; records wait meanwhile
REPORT_AHEAD_SECONDS = 900  # a reported call may have begun so much later than now, as clocks differ
REPORTS_REMEMBERED = 1000  # batches that the server knows again at once
REPORT_SEARCH_EVENTS = 200_000  # newest events among which a batch is looked for that is sent again after a restart

# Queries over event data stores
QUERY_CHARACTERS = 10_000  # of a statement; AWS's own limit
QUERY_MEMORY_BYTES = 1 * GIB  # of one query; what needs more is stopped
QUERY_BATCH_ROWS = 8192  # of an answer, written out at once
QUERY_ADDRESS_BYTES = 3 * GIB  # address space of a query's process beyond the engine's memory: code, threads, values
QUERY_OPEN_FILES = 4096  # of a query's process
QUERY_RESULT_BYTES = 4 * GIB  # of the results of one query as they lie on disk
QUERY_SPILL_BYTES = 8 * GIB  # that a query may put on disk when its memory is full, if half of what is free is more
QUERY_RESERVE_BYTES = 256 * MIB  # free disk that results leave
QUERY_MESSAGE_BYTES = 16 * MIB  # between the server and a query's process
QUERY_SECONDS = 3600.0  # of running; AWS's own limit
QUERY_CHECKS = (
    6  # statements that are checked at once; fewer than API_THREADS, so that other calls are answered meanwhile
)
QUERY_CHECK_SECONDS = 20.0  # that StartQuery waits to hear whether a statement can be run
QUERY_STARTER_SECONDS = 30.0  # that the warm process may take to fork, its own start included; then it is made anew
QUERY_STOP_SECONDS = 2.0  # until a query that is asked to stop is killed
QUERY_SPARE_CPU_SECONDS = 60.0  # of processor time beyond what all processors can give in the time it may run
QUERY_STATEMENT_SECONDS = 5.0  # of processor time to understand a statement
QUERIES_PER_ACCOUNT = 10  # queued and running, of one account in one Region; AWS's own limit
QUERY_KEPT_SECONDS = 7 * 86_400  # how long results and statements are kept; AWS's own limit
QUERY_SWEEP_SECONDS = 60.0  # between two looks for results that are older
QUERY_PAGE_ROWS = 1000  # in one GetQueryResults call; AWS's own limit
QUERY_PAGE_BYTES = 4 * MIB  # of values in one page, unless a single row is larger
RESULT_BATCH_ROWS = 2048  # of results, compressed together
RESULT_BATCH_BYTES = 8 * MIB  # of such rows; more go into several batches, since a page reads batches whole
RESULT_ROW_BYTES = 16 * MIB  # of one row of results; a query with a longer one fails
RESULT_FILE_BYTES = 64 * MIB  # of one result_N.csv.gz, which is held in memory to be put into its bucket
RESULT_DELIVERY_TRIES = 8  # of results to their bucket, while nobody answers
QUERY_LOADED_ROWS = 100_000  # of log files, held until they are written as one Parquet file

# Event data stores
STORES_PER_REGION = 10  # of an account, in any state
STORE_SELECTORS = 5  # advanced ones of a store
STORE_DELETION_SECONDS = 7 * 86_400  # how long a deleted store can be restored
STORE_KEY_ANSWER_SECONDS = 3.0  # how old an answer of KMS may be by which a query is let in
STORE_KEY_POLL_SECONDS = 1.0  # between two looks for stores whose key is to be asked about
STORE_KEY_LOOK_SECONDS = 60.0  # between two questions about a key that can be used
STORE_KEY_RETRY_SECONDS = 15.0  # between two questions about one that cannot
STORE_KEY_TIMEOUT_SECONDS = 5.0  # for an answer of KMS about it
LAKE_POSITION_SECONDS = 5.0  # between two notes of how far stores without new events are

# Organizations and policies of resources
DELEGATED_ADMINS = 3  # of an organization, for CloudTrail; AWS's own limit
ORGANIZATION_REFRESH_SECONDS = 0.2  # after this, an organization that another process changed is seen changed
RESOURCE_POLICY_STATEMENTS = 20  # AWS's own limit
RESOURCE_POLICY_PRINCIPALS = 50  # of a statement; likewise

# Channels and audit events; AWS's own limits but for the last three
CHANNELS_PER_REGION = 25
AUDIT_EVENTS = (1, 100)  # in one PutAuditEvents call, which has API_BODY_BYTES at most
AUDIT_EVENT_LONG_TEXT = 1024  # characters of a name, id or user agent in an event's eventData
AUDIT_EVENT_TYPE_TEXT = 128  # of userIdentity.type
AUDIT_EVENT_SHORT_TEXT = 256  # of version, errorCode, errorMessage
AUDIT_EVENTS_REMEMBERED = 4 * 1024 * 1024  # places in the memory of what came in of late; 16 bytes each
AUDIT_EVENTS_SEARCHED = 200_000  # newest events of the journal that it is filled from after a start
CHANNEL_REFRESH_SECONDS = 1.0  # after this, a channel or store that another process changed is seen changed
CHANNEL_STATUS_SECONDS = 5.0  # between two notes in the catalog of what came in by a channel

# Imports into event data stores
IMPORT_PROCESSES = 2  # imports that run at once, each of another account
IMPORT_LOOK_SECONDS = 0.5  # between two looks for imports that were asked for
IMPORT_AHEAD_EVENTS = 2_000_000  # that an import appends before the stores have taken them in
IMPORT_RETRY_SECONDS = 1.0  # after the first failure of what all files need; doubled each time
IMPORT_LONGEST_RETRY_SECONDS = 60.0
IMPORT_SESSION_SECONDS = 2700.0  # a role's session is renewed so long after its beginning; it holds for an hour
IMPORT_PREFIXES_AT_ONCE = 500  # noted in one transaction

# Policies of upstreams, where the sandbox enforces them
IAM_ACCOUNTS_IN_MEMORY = 64  # accounts whose users, roles and policies are remembered
BUCKET_POLICIES_IN_MEMORY = 4096

# Audit events sent by a program itself (opentrail.audit)
AUDIT_WAITING_EVENTS = 10_000  # put and not yet kept; what comes beyond it is a failure
AUDIT_WAITING_BYTES = 16 * MIB
AUDIT_CALL_BYTES = 1_000_000  # of one PutAuditEvents call; AWS's "1 MB", as the smaller of its readings
AUDIT_GATHER_SECONDS = 0.2  # an event waits so long for others to share its call
AUDIT_RETRY_SECONDS = 0.2  # after the first failed call; doubled each time
AUDIT_LONGEST_RETRY_SECONDS = 30.0
AUDIT_SEND_SECONDS = 10.0  # to connect, and for an answer
AUDIT_EXIT_SECONDS = 5.0  # at the program's end, to send what waits
