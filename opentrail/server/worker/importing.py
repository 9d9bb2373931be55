"""Starts a process for each import into an event data store that is under way, and again where it was killed."""

from sqlalchemy import Engine

from opentrail import limits
from opentrail.catalog.lake_imports import LakeImports
from opentrail.server.data_folder import DataFolder
from opentrail.server.processes.children import Child, Program, stop_all
from opentrail.server.settings import Delivery
from opentrail.server.worker.import_process import ImportSettings, import_command

LOCK_PREFIX = "lake-import-"


class Importing:
    """For the main thread of the worker, which its children do not outlive."""

    def __init__(
        self, folder: DataFolder, engine: Engine, delivery: Delivery, own_endpoint: str, *, log_json: bool
    ) -> None:
        self._folder = folder
        self._imports = LakeImports(engine)
        self._delivery = delivery
        self._own_endpoint = own_endpoint
        self._log_json = log_json
        self._children: dict[str, Child] = {}

    def look(self) -> None:
        """Start what is to be started, and forget what has ended; costs one question to the catalog."""
        ongoing = [found.id for found in self._imports.ongoing()]
        for import_id, child in list(self._children.items()):
            if import_id in ongoing:
                child.revive()
            elif not child.running:
                del self._children[import_id]
                (self._folder.locks / f"{LOCK_PREFIX}{import_id}.lock").unlink(missing_ok=True)
        for import_id in ongoing:
            if import_id not in self._children and len(self._children) < limits.IMPORT_PROCESSES:
                self._children[import_id] = Child(self._program(import_id))

    def close(self) -> None:
        """Let the processes end; their imports go on at the next start."""
        stop_all(list(self._children.values()))

    def _program(self, import_id: str) -> Program:
        settings = ImportSettings(str(self._folder.root), import_id, self._delivery, self._own_endpoint, self._log_json)
        return Program("import", import_command(settings), {}, self._folder.root, None)
