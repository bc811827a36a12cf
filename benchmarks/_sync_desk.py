"""One desk of the benchmark ``sync.py``: a process with its encrypted store, its thread, its line over TLS.

On standard input first a JSON object (folder, address, password, agent, quiet), then orders: ``customer``,
``show ID``, ``save ID TEXT``, ``end``. On standard output ``ready``, ``customer ID``, ``shown``, ``saved ID
AT`` when a save began, and ``came ID AT`` for each row of others that is now in this store; AT is the
machine's monotonic clock in seconds, the same for all processes.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any
from uuid import UUID

from crmdesk.models.changes import ChangeSet
from crmdesk.models.customer import open_customer
from crmdesk.models.note import append_note
from crmdesk.models.operations import Operation
from crmdesk.services.followers import followers
from crmdesk.services.profile import new_profile
from crmdesk.services.store.keys import MemorySecrets
from crmdesk.services.store.store import Store
from crmdesk.services.store.unit_of_work import UnitOfWork
from crmdesk.services.sync import sharing
from crmdesk.services.sync.address import PASSWORD, ServerAddress
from crmdesk.services.sync.session import INITIATOR
from crmdesk.services.sync.worker import Pace, SyncWorker


def tell(*words: object) -> None:
    """Write one line past all buffers of this process."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


class Desk:
    """A store that is shared, and somebody who saves in it when told to."""

    def __init__(self, store: Store, worker: SyncWorker) -> None:
        self._store = store
        self._worker = worker

    def customer(self) -> None:
        """Have a customer."""
        made = open_customer(self._store.author, {"name": "王伟", "kind": "person"})
        self._do(made)
        tell("customer", made.payload["id"])

    def show(self, customer_id: str) -> None:
        """Open his record."""
        self._worker.show(UUID(customer_id))
        tell("shown")

    def save(self, customer_id: str, text: str) -> None:
        """Write a note about him."""
        made = append_note(self._store.author, text, customer_id=UUID(customer_id))
        began = time.monotonic()
        self._do(made)
        tell("saved", made.payload["id"], began)

    def _do(self, operation: Operation) -> None:
        def perform(work: UnitOfWork) -> None:
            work.do(operation)
            work.commit()

        self._store.write(perform).result()


def came(changes: ChangeSet) -> None:
    """Tell what others did and is here now."""
    now = time.monotonic()
    if changes.initiator == INITIATOR:
        for each in changes.ids:
            tell("came", each, now)


def main(told: dict[str, Any]) -> None:
    """Work until ``end``."""
    if told["quiet"]:
        # In a house it has a computer of its own.
        os.nice(10)
    secrets = MemorySecrets()
    with new_profile(Path(told["folder"]), test=True, secrets=secrets, environment={}).profile as profile:
        profile.secrets.set(profile.id, PASSWORD, told["password"])
        store = profile.open_store(told["agent"], followers)
        address = ServerAddress(**told["address"])
        store.write(lambda work: sharing.begin_sharing(work, address.values, adopt=False)).result()
        worker = SyncWorker(store, profile, address, pace=Pace())
        store.on_change(came)
        store.on_change(worker.changed)
        worker.start()
        worker.run_once()
        desk = Desk(store, worker)
        tell("ready")
        for line in sys.stdin:
            order, *words = line.split()
            if order == "end":
                break
            getattr(desk, order)(*words)
        worker.close()
        store.close()


if __name__ == "__main__":
    main(json.loads(sys.stdin.readline()))
