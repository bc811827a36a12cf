"""Everything that can go wrong, in three families.

::

    CrmdeskError
    ├── AgentError            the person at the desk can put it right
    │   ├── InvalidInput      a field is missing or not acceptable
    │   ├── Conflict          somebody changed the same field meanwhile
    │   ├── Denied            this person may not do that
    │   ├── NotFound          there is no such record
    │   └── Stopped           this person broke it off
    ├── WorldFault            network, disk, lock or keyring are to blame
    │   ├── StoreFault
    │   │   ├── KeyUnavailable      the keyring is locked, not started or absent
    │   │   ├── WrongKey            the file was made with another key, or is no store
    │   │   ├── NewerStore          a newer crmdesk wrote this store
    │   │   ├── StoreBusy           another process holds the profile
    │   │   ├── DiskFull            no space left where the profile lies
    │   │   └── StoreUnwritable     folder or file may not be written
    │   ├── TelephonyFault
    │   ├── ServerFault       the shared database cannot be used
    │   │   ├── ServerUnreachable   nobody answers there, or the network broke
    │   │   ├── ServerBusy          it answers, but has no room, no time or no disk just now
    │   │   ├── ServerUntrusted     it cannot prove that it is the one we mean
    │   │   ├── ServerRefused       it knows this account, password or right not
    │   │   │   └── DeviceForgotten     the administrator has put this desk off it
    │   │   └── ServerUnfit         too old, newer than this program, or not crmdesk's
    │   └── FileFault         a file from outside cannot be read
    └── Bug                   we are to blame; the log has the rest

Each carries one sentence that says what to do. The sentence is an English template; the window translates it.
"""

from __future__ import annotations

from collections.abc import Mapping


class CrmdeskError(Exception):
    """Base of all failures that crmdesk words itself.

    Args:
        sentence: English template with ``{names}``, also the key of its translation.
        fields: names of the input fields concerned, empty when none is.
        values: what fills the template.
    """

    kind = "bug"

    def __init__(self, sentence: str, *, fields: tuple[str, ...] = (), **values: object) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.fields = fields
        self.values = values

    def in_words(self, template: str | None = None) -> str:
        """Return the sentence, in the words of *template* (a translation) or in English."""
        return (template or self.sentence).format_map(self.values)

    def __str__(self) -> str:
        """Return the English sentence."""
        return self.in_words()


class AgentError(CrmdeskError):
    """The person at the desk can put it right."""

    kind = "invalid"


class InvalidInput(AgentError):
    """A field is missing or not acceptable; nothing was changed."""


class Conflict(AgentError):
    """Somebody changed the same fields meanwhile.

    ``current`` holds the record as it stands now, as plain values by field name.
    """

    kind = "conflict"

    def __init__(
        self,
        sentence: str,
        *,
        current: Mapping[str, object],
        fields: tuple[str, ...] = (),
        **values: object,
    ) -> None:
        super().__init__(sentence, fields=fields, **values)
        self.current = current


class Denied(AgentError):
    """This person may not do that."""

    kind = "denied"


class NotFound(AgentError):
    """There is no such record."""

    kind = "not_found"


class Stopped(AgentError):
    """Somebody broke it off; nothing is left half done."""


class WorldFault(CrmdeskError):
    """Network, disk, lock or keyring are to blame; trying later may help."""

    kind = "environment"


class StoreFault(WorldFault):
    """The store cannot be opened, read or written."""


class KeyUnavailable(StoreFault):
    """The keyring is locked, not started or absent."""


class WrongKey(StoreFault):
    """The file was made with another key, or is no store at all."""


class NewerStore(StoreFault):
    """A newer crmdesk wrote this store."""


class StoreBusy(StoreFault):
    """Another process holds the profile."""


class DiskFull(StoreFault):
    """No space is left where the profile lies."""


class StoreUnwritable(StoreFault):
    """The folder or file may not be written."""


class TelephonyFault(WorldFault):
    """The telephone system cannot be reached or refuses."""


class ServerFault(WorldFault):
    """The shared database cannot be used."""


class ServerUnreachable(ServerFault):
    """Nobody answers there, or the network broke."""


class ServerBusy(ServerFault):
    """The server answers, but has no room, no time or no disk just now; trying later helps."""


class ServerUntrusted(ServerFault):
    """The server cannot prove that it is the one we mean; nothing was sent to it."""


class ServerRefused(ServerFault):
    """The server does not take this account or password, or the account may not do that."""


class DeviceForgotten(ServerRefused):
    """The administrator has put this desk off the server; it destroys what it holds."""


class ServerUnfit(ServerFault):
    """The server is too old or too new for this program, or its database is not crmdesk's."""


class FileFault(WorldFault):
    """A file from outside cannot be read as what it claims to be."""


class Bug(CrmdeskError):
    """We are to blame; the log has the rest."""
