"""moto as a process of the sandbox, with KMS keys that survive it: what they sealed stays readable.

`python -m opentrail.server.sandbox.services -H HOST -p PORT`, as `moto_server`. The file that `KEYS_VARIABLE` names
holds the symmetric keys as a JSON list: account, Region, id, material (base64), description, usage, state, policy,
aliases, tags; mode 0600. It is written anew, and on disk, before a call that changed a key is answered. Asymmetric
keys, grants and all other services are forgotten at the end, as moto does.
"""

import base64
import json
import os
import threading
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import moto.server
from moto.kms.models import Key, kms_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

KEYS_VARIABLE = "OPENTRAIL_SANDBOX_KMS"
TARGET = "TrentService."
SYMMETRIC = "SYMMETRIC_DEFAULT"
PLAIN = ("policy", "description", "key_usage", "key_state", "enabled", "creation_date", "origin", "key_rotation_status")
# Calls that change no key. Every other one, and any that made a key on its way (alias/aws/s3), is written down.
READING = ("Decrypt", "Describe", "Encrypt", "Generate", "Get", "List", "ReEncrypt", "Sign", "Verify")


class KeptKeys:
    """The symmetric keys of all accounts and Regions, in memory as moto has them, and in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._count = 0

    def restore(self) -> None:
        """Give moto the keys of the file, if there is one."""
        if self._path.exists():
            for kept in json.loads(self._path.read_text("utf-8")):
                _restore(kept)
        self._count = len(_symmetric())

    def keep(self, action: str) -> None:
        """After a call: write the keys down, on disk on return, unless it changed none."""
        with self._lock:
            keys = _symmetric()
            if action.startswith(READING) and len(keys) == self._count:
                return
            draft = self._path.with_suffix(".new")
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump([_described(backend, key) for backend, key in keys], file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._path)
            self._count = len(keys)


class Services(DomainDispatcherApplication):
    """moto's application, which keeps keys before it answers."""

    kept: KeptKeys

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """A WSGI call; moto has worked it out when this returns, and nothing is sent before that."""
        answer: Iterable[bytes] = super().__call__(environ, start_response)
        target = str(environ.get("HTTP_X_AMZ_TARGET", ""))
        if target.startswith(TARGET):
            self.kept.keep(target.removeprefix(TARGET))
        return answer


def main() -> None:
    """Run until SIGTERM."""
    Services.kept = KeptKeys(Path(os.environ[KEYS_VARIABLE]))
    Services.kept.restore()
    moto.server.DomainDispatcherApplication = Services  # type: ignore[attr-defined]
    moto.server.main()


def _symmetric() -> list[tuple[Any, Key]]:
    return [
        (backend, key)
        for account in list(kms_backends.keys())
        for backend in list(kms_backends[account].values())
        for key in list(backend.keys.values())
        if key.key_spec == SYMMETRIC
    ]


def _described(backend: Any, key: Key) -> dict[str, Any]:
    return {
        "account": key.account_id,
        "region": key.region,
        "id": key.id,
        "material": base64.b64encode(key.key_material).decode(),
        **{name: getattr(key, name) for name in PLAIN},
        "deletion_date": key.deletion_date.isoformat() if key.deletion_date is not None else None,
        "multi_region": key.multi_region,
        "aliases": list(key.aliases),
        "tags": backend.tagger.list_tags_for_resource(key.id)["Tags"],
    }


def _restore(kept: dict[str, Any]) -> None:
    backend: Any = kms_backends[kept["account"]][kept["region"]]
    key = backend.create_key(None, kept["key_usage"], SYMMETRIC, "", kept["tags"], kept["multi_region"], kept["origin"])
    del backend.keys[key.id]
    key.arn = key.arn.replace(key.id, kept["id"])
    if key.multi_region:
        key.multi_region_configuration["PrimaryKey"]["Arn"] = key.arn
    backend.tagger.delete_all_tags_for_resource(key.id)
    key.id = kept["id"]
    if kept["tags"]:
        backend.tagger.tag_resource(key.id, kept["tags"])
    key.key_material = base64.b64decode(kept["material"])
    for name in PLAIN:
        setattr(key, name, kept[name])
    key.deletion_date = datetime.fromisoformat(kept["deletion_date"]) if kept["deletion_date"] else None
    backend.keys[key.id] = key
    for alias in kept["aliases"]:
        backend.create_alias(key.id, alias)


if __name__ == "__main__":
    main()
