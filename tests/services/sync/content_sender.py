"""A desk in a process of its own that sends what waits: for killing it on the way."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from crmdesk.services.followers import followers
from crmdesk.services.profile import open_profile
from crmdesk.services.store.keys import KeyFileSecrets
from crmdesk.services.sync.address import ServerAddress
from crmdesk.services.sync.worker import SyncWorker


def main() -> None:
    """Send until all is sent."""
    told = json.loads(sys.argv[1])
    secrets = KeyFileSecrets(Path(told["keys"]))
    with open_profile(Path(told["folder"]), secrets=secrets, environment={}) as profile:
        store = profile.open_store(told["actor"], followers)
        worker = SyncWorker(store, profile, ServerAddress.from_values(told["address"]))
        worker.run_once()
        worker.close()
        store.close()


if __name__ == "__main__":
    main()
