"""A telephone system whose list of channels and events overtake each other, heard over a real socket."""

import contextlib
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from crmdesk.services.telephony import line as line_module
from crmdesk.services.telephony.ami import AmiParser, Event
from crmdesk.services.telephony.ami_client import AmiSettings, LinkState, Patience
from crmdesk.services.telephony.ami_gateway import AmiGateway
from crmdesk.services.telephony.gateway import CallAnswered, CallEnded, CallEvent, CallRinging
from tests.services.telephony.listening import PATIENCE_SECONDS, Heard
from tests.services.telephony.listing import LOGIN, PONG, as_bytes, listed
from tests.services.telephony.test_line_up import NEVER, STORIES, Story

QUICK = Patience(first_pause=0.001, longest_pause=0.001, jitter=lambda: 1.0)
END = Event([("Event", "Shutdown")], "Shutdown")
"""Told last, so that a test knows that everything has been heard."""


@dataclass(frozen=True)
class Connection:
    """What comes after the login, in the list's place, and after the ping behind the list; then it may break.

    ``interleaved``: events that come after the first row of the list.
    """

    after_login: Sequence[Event] = ()
    rows: Sequence[Event] = ()
    interleaved: Sequence[Event] = ()
    after_list: Sequence[Event] = ()
    after_ping: Sequence[Event] = ()
    breaks: bool = False

    def answer(self, action: Event) -> bytes:
        name, action_id = action.get("Action"), action.get("ActionID")
        if name == "Login":
            return as_bytes([LOGIN], action_id) + as_bytes(self.after_login)
        if name == "CoreShowChannels":
            head, tail = self.rows[:2], self.rows[2:]
            first = as_bytes(head, action_id) + as_bytes(self.interleaved)
            return first + as_bytes(tail, action_id) + as_bytes(self.after_list)
        return as_bytes([PONG], action_id) + as_bytes(self.after_ping)


class ScriptedTelephone:
    """Serves one `Connection` after the other to a gateway of one extension and collects what that hears."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])

    def close(self) -> None:
        self._listener.close()

    def hear(self, extension: str, *connections: Connection) -> list[CallEvent]:
        calls, raw = Heard[CallEvent](), Heard[str]()
        serving = threading.Thread(target=self._serve, args=connections, name="scripted-telephone")
        serving.start()
        settings = AmiSettings("127.0.0.1", self.port, "crmdesk", "secret")
        gateway = AmiGateway(
            settings, [extension], _unheard, on_raw=lambda event, _told: raw(event.name), patience=QUICK
        )
        gateway.start(calls)
        try:
            raw.wait(lambda name: name == END.name)
        finally:
            gateway.stop()
            serving.join(PATIENCE_SECONDS)
        return calls.items

    def _serve(self, *connections: Connection) -> None:
        for connection in connections:
            client, _ = self._listener.accept()
            with client, contextlib.suppress(ConnectionError):  # a desk that heard enough hangs up
                client.settimeout(PATIENCE_SECONDS)
                self._talk(client, connection)

    def _talk(self, client: socket.socket, connection: Connection) -> None:
        client.sendall(b"Asterisk Call Manager/11.0.0\r\n")
        parser = AmiParser()
        while data := client.recv(4096):
            for action in parser.feed(data):
                client.sendall(connection.answer(action))
                if action.get("Action") == "Ping":
                    if connection.breaks:
                        return
                    client.sendall(as_bytes([END]))


def _unheard(_state: LinkState) -> None:
    """Nobody asks how the line is."""


@pytest.fixture
def telephone() -> Iterator[ScriptedTelephone]:
    made = ScriptedTelephone()
    yield made
    made.close()


def assert_whole(told: Story, heard: Sequence[CallEvent], at: object) -> None:
    """The extension heard everything that happened to it, once."""
    answered = [CallAnswered] if told.up != NEVER else []
    assert [type(event) for event in heard] == [CallRinging, *answered, CallEnded], at
    assert isinstance(heard[-1], CallEnded)
    assert heard[-1].result == told.result, at


each_story = pytest.mark.parametrize("told", STORIES.values(), ids=STORIES)


@each_story
def test_a_list_that_knows_nothing_of_the_call_ends_it_nowhere(
    telephone: ScriptedTelephone, told: Story
) -> None:
    for before in told.turns:
        connection = Connection(told.events[:before], listed(()), after_ping=told.events[before:])

        assert_whole(told, telephone.hear(told.extension, connection), before)


@each_story
def test_a_list_that_knows_of_events_still_to_be_sent_takes_nothing_from_them(
    telephone: ScriptedTelephone, told: Story
) -> None:
    for before, shown in ordered(told.turns):
        events = told.events
        connection = Connection(
            events[:before], listed(events[:shown]), (), events[before:shown], events[shown:]
        )

        assert_whole(told, telephone.hear(told.extension, connection), (before, shown))


def test_events_in_the_middle_of_the_list_are_heard(telephone: ScriptedTelephone) -> None:
    told = STORIES["taken from a queue"]
    for before, after in ordered(told.turns):
        rows, middle = listed(told.events[:before]), told.events[before:after]
        connection = Connection(told.events[:before], rows, middle, after_ping=told.events[after:])

        assert_whole(told, telephone.hear(told.extension, connection), (before, after))


@pytest.mark.parametrize("size_bytes", [1, 7, 200, 1448])
def test_the_pieces_in_which_it_comes_do_not_matter(
    telephone: ScriptedTelephone, monkeypatch: pytest.MonkeyPatch, size_bytes: int
) -> None:
    monkeypatch.setattr(line_module, "READ_BYTES", size_bytes)
    told = STORIES["taken"]
    for before, shown in ((told.rings + 1, told.up), (told.rings, told.up + 1), (told.up, told.ends + 1)):
        events = told.events
        connection = Connection(
            events[:before], listed(events[:shown]), (), events[before:shown], events[shown:]
        )

        assert_whole(told, telephone.hear(told.extension, connection), (before, shown))


@each_story
def test_a_call_goes_on_over_two_connections(telephone: ScriptedTelephone, told: Story) -> None:
    """It may end while the list is drawn up: how it ended is told, not only that it is gone."""
    for cut, shown in ordered(told.turns):
        events = told.events
        first = Connection(events[:cut], listed(events[:cut]), breaks=True)
        again = Connection((), listed(events[:shown]), (), events[cut:shown], events[shown:])

        assert_whole(told, telephone.hear(told.extension, first, again), (cut, shown))


def test_a_call_that_ended_between_two_connections_is_ended_by_the_list(telephone: ScriptedTelephone) -> None:
    told = STORIES["taken"]
    first = Connection(told.events[: told.up + 1], listed(()), breaks=True)

    heard = telephone.hear(told.extension, first, Connection(rows=listed(told.events)))

    assert [type(event) for event in heard] == [CallRinging, CallAnswered, CallEnded]
    assert isinstance(heard[-1], CallEnded)
    assert (heard[-1].result, heard[-1].ended_by) == ("unknown", None)


def test_without_the_right_to_a_list_new_calls_are_heard(telephone: ScriptedTelephone) -> None:
    denied = [Event([("Response", "Error"), ("Message", "Permission denied")], "")]
    told = STORIES["taken"]
    calls = telephone.hear(told.extension, Connection(told.events, denied, after_list=[END]))

    assert_whole(told, calls, "denied")


def ordered(places: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Each two places of which the second is not before the first."""
    yield from ((first, second) for first in places for second in places if first <= second)
