"""Import of log files beside its peers: records per core-second, each in a process of its own, on the same records.

    opentrail, journal   files read, checked, deduplicated and durable in the journal; the ledger kept
    opentrail, history   the same, and every record in the history's table with its indexes
    DuckDB, inferred     CREATE TABLE .. AS SELECT unnest(Records) FROM read_json(..), in memory
    DuckDB, explicit     the same with the columns' types given, parameters kept as JSON text
    chDB                 INSERT into a MergeTree table from gzip JSON lines, columns given (skipped if not installed)

Figures are CPU seconds of all threads, after start-up. Run alone: `python -m benchmarks.importing [RECORDS]`.
"""

import gzip
import importlib.util
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

RECORDS = 100_000
RECORDS_A_FILE = 1_000
ACCOUNT = "123456789012"
SEED = 20260304

_SHAPES = (
    ("s3.amazonaws.com", "GetBucketAcl", True, lambda r: {"bucketName": name(r, "bucket"), "Host": "s3.amazonaws.com"}),
    (
        "ec2.amazonaws.com",
        "DescribeInstances",
        True,
        lambda r: {"maxResults": 1000, "instancesSet": {}, "filterSet": {}},
    ),
    ("ec2.amazonaws.com", "RunInstances", False, lambda r: {"instanceType": "t3.micro", "subnetId": name(r, "subnet")}),
    ("iam.amazonaws.com", "CreateUser", False, lambda r: {"userName": name(r, "user")}),
    (
        "kms.amazonaws.com",
        "Decrypt",
        True,
        lambda r: {"encryptionContext": {"aws:s3:arn": f"arn:aws:s3:::{name(r, 'b')}"}},
    ),
    ("sts.amazonaws.com", "AssumeRole", True, lambda r: {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/{name(r, 'role')}"}),
    ("dynamodb.amazonaws.com", "DescribeTable", True, lambda r: {"tableName": name(r, "table")}),
    ("lambda.amazonaws.com", "GetFunction20150331v2", True, lambda r: {"functionName": name(r, "function")}),
)


def name(chance: random.Random, kind: str) -> str:
    return f"{kind}-{int(chance.paretovariate(0.8)) % 5000}"


def identifier(chance: random.Random) -> str:
    bits = f"{chance.getrandbits(128):032x}"
    return f"{bits[:8]}-{bits[8:12]}-4{bits[13:16]}-a{bits[17:20]}-{bits[20:]}"


def record(chance: random.Random, second: int) -> bytes:
    source, event, read_only, parameters = chance.choice(_SHAPES)
    user = name(chance, "dev")
    clock = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_772_600_000 + second))
    fields = {
        "eventVersion": "1.08",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": f"AROAEXAMPLE{len(user):09}:{user}",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Engineer/{user}",
            "accountId": ACCOUNT,
            "accessKeyId": f"ASIA{zlib.crc32(user.encode()):016}",
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": "AROAEXAMPLE000000001",
                    "arn": f"arn:aws:iam::{ACCOUNT}:role/Engineer",
                    "accountId": ACCOUNT,
                    "userName": "Engineer",
                },
                "webIdFederationData": {},
                "attributes": {"creationDate": clock, "mfaAuthenticated": "false"},
            },
        },
        "eventTime": clock,
        "eventSource": source,
        "eventName": event,
        "awsRegion": "eu-west-1",
        "sourceIPAddress": f"203.0.113.{chance.randrange(256)}",
        "userAgent": f"aws-cli/2.30.{chance.randrange(20)} os/linux lang/python#3.{chance.randrange(9, 14)}",
        "requestParameters": parameters(chance),
        "responseElements": None,
        "requestID": identifier(chance),
        "eventID": identifier(chance),
        "readOnly": read_only,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": source.replace(".", ".eu-west-1.", 1),
        },
    }
    return json.dumps(fields, separators=(",", ":")).encode()


def generate(folder: Path, count: int) -> int:
    """Log files in AWS's layout, and the same records as gzip JSON lines; bytes of all records."""
    chance = random.Random(SEED)
    logs = folder / "logs" / "AWSLogs" / ACCOUNT / "CloudTrail" / "eu-west-1" / "2026" / "03" / "04"
    logs.mkdir(parents=True)
    size = 0
    with gzip.open(folder / "lines.jsonl.gz", "wb", 6) as lines:
        for start in range(0, count, RECORDS_A_FILE):
            raws = [record(chance, number // 50) for number in range(start, min(start + RECORDS_A_FILE, count))]
            size += sum(map(len, raws))
            lines.write(b"\n".join(raws) + b"\n")
            unique = f"{ACCOUNT}_CloudTrail_eu-west-1_20260304T1000Z_{start:016}.json.gz"
            (logs / unique).write_bytes(gzip.compress(b'{"Records":[' + b",".join(raws) + b"]}", 6))
    return size


def run_opentrail(folder: Path, *, index: bool) -> Callable[[], int]:
    from opentrail.catalog.database import open_catalog  # noqa: PLC0415 -- each measurement loads only what it measures
    from opentrail.clock import SystemClock  # noqa: PLC0415
    from opentrail.followers import Runner  # noqa: PLC0415
    from opentrail.history.follower import HistoryFollower  # noqa: PLC0415
    from opentrail.history.import_ledger import ImportLedger  # noqa: PLC0415
    from opentrail.history.importing import Import  # noqa: PLC0415
    from opentrail.history.seen import Seen  # noqa: PLC0415
    from opentrail.intake import Intake  # noqa: PLC0415
    from opentrail.journal import Journal  # noqa: PLC0415
    from opentrail.objects.location import open_location  # noqa: PLC0415
    from opentrail.server.data_folder import DataFolder  # noqa: PLC0415

    clock = SystemClock()
    data = DataFolder(folder / ("history" if index else "journal"))
    data.create()
    engine = open_catalog(data.catalog)

    def measured() -> int:
        store = open_location(str(folder / "logs"))
        with Journal.open(data.journal, clock) as journal:
            intake = Intake(journal, clock)
            ledger = ImportLedger(engine, store.name, clock)
            counts = Import(
                store, journal, intake, Seen(data.tables, journal), ledger, lambda _counts, _name: None
            ).run()
            intake.close()
            if index:
                follower = HistoryFollower(data.tables, clock)
                Runner(journal, follower, data.locks / "history.lock", clock).run_until(journal.head())
                follower.close()
        return counts.kept

    return measured


_COLUMNS = {
    "eventVersion": "VARCHAR",
    "userIdentity": "JSON",
    "eventTime": "TIMESTAMP",
    "eventSource": "VARCHAR",
    "eventName": "VARCHAR",
    "awsRegion": "VARCHAR",
    "sourceIPAddress": "VARCHAR",
    "userAgent": "VARCHAR",
    "requestParameters": "JSON",
    "responseElements": "JSON",
    "requestID": "VARCHAR",
    "eventID": "VARCHAR",
    "readOnly": "BOOLEAN",
    "eventType": "VARCHAR",
    "managementEvent": "BOOLEAN",
    "recipientAccountId": "VARCHAR",
    "eventCategory": "VARCHAR",
    "tlsDetails": "JSON",
}


def run_duckdb(folder: Path, *, explicit: bool) -> Callable[[], int]:
    import duckdb  # noqa: PLC0415

    fields = ", ".join(f'"{column}" {kind}' for column, kind in _COLUMNS.items())
    columns = f", columns = {{'Records': 'STRUCT({fields})[]'}}" if explicit else ""
    files = folder / "logs" / "**" / "*.json.gz"
    statement = (
        "CREATE TABLE events AS SELECT unnest(Records, recursive := false) AS event "
        f"FROM read_json('{files}', maximum_object_size = 268435456{columns})"
    )
    connection = duckdb.connect()

    def measured() -> int:
        connection.execute(statement)
        return int(connection.execute("SELECT count(*) FROM events").fetchall()[0][0])

    return measured


def run_chdb(folder: Path) -> Callable[[], int]:
    from chdb import session  # noqa: PLC0415

    database = session.Session(str(folder / "chdb"))
    kinds = {"VARCHAR": "String", "JSON": "String", "TIMESTAMP": "DateTime", "BOOLEAN": "Bool"}
    columns = ", ".join(f"`{column}` {kinds[kind]}" for column, kind in _COLUMNS.items())
    database.query("CREATE DATABASE IF NOT EXISTS bench")
    database.query(f"CREATE TABLE bench.events ({columns}) ENGINE = MergeTree ORDER BY (eventTime, eventID)")

    def measured() -> int:
        database.query(
            f"INSERT INTO bench.events SELECT * FROM file('{folder / 'lines.jsonl.gz'}', 'JSONEachRow', '{columns}') "
            "SETTINGS date_time_input_format = 'best_effort', input_format_json_read_objects_as_strings = 1, "
            "input_format_null_as_default = 1"
        )
        return int(str(database.query("SELECT count() FROM bench.events")).strip())

    return measured


MEASUREMENTS: dict[str, Callable[[Path], Callable[[], int]]] = {
    "opentrail, journal": lambda folder: run_opentrail(folder, index=False),
    "opentrail, history": lambda folder: run_opentrail(folder, index=True),
    "DuckDB, inferred": lambda folder: run_duckdb(folder, explicit=False),
    "DuckDB, explicit": lambda folder: run_duckdb(folder, explicit=True),
    "chDB": run_chdb,
}


def measure(title: str, folder: Path) -> None:
    """In the child: run one measurement and print its figures as JSON."""
    measured = MEASUREMENTS[title](folder)
    cpu, wall = time.process_time(), time.monotonic()
    count = measured()
    figures = {
        "records": count,
        "cpu": time.process_time() - cpu,
        "wall": time.monotonic() - wall,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(figures))


def main(count: int = RECORDS) -> None:
    with tempfile.TemporaryDirectory(prefix="opentrail-bench-") as text:
        folder = Path(text)
        size = generate(folder, count)
        packed = sum(path.stat().st_size for path in folder.rglob("logs/**/*.json.gz"))
        print(f"{count:,} records, {size / count:,.0f} bytes each, {packed / count:,.0f} in .json.gz")
        print(f"{'':22}{'records/core-s':>15}{'CPU s':>8}{'wall s':>8}{'peak MiB':>10}")
        for title in MEASUREMENTS:
            if title == "chDB" and importlib.util.find_spec("chdb") is None:
                print(f"{title:22}{'skipped: chdb is not installed':>15}")
                continue
            command = [sys.executable, "-m", "benchmarks.importing", "--measure", title, str(folder)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                print(f"{title:22}failed: {done.stderr.strip().splitlines()[-1:]}")
                continue
            figures = json.loads(done.stdout.strip().splitlines()[-1])
            note = "" if figures["records"] == count else f"   ({figures['records']:,} records!)"
            print(
                f"{title:22}{figures['records'] / figures['cpu']:>15,.0f}{figures['cpu']:>8.2f}{figures['wall']:>8.2f}"
                f"{figures['peak_mib']:>10,.0f}{note}"
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2], Path(sys.argv[3]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS)
