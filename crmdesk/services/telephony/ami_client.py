"""One connection to the Asterisk Manager Interface: log in, stay connected, come back, never give up loudly.

A named thread owns a plain socket. A wrong password is told once and ends the thread: trying again would
lock the account. Everything else is retried with growing, jittered pauses. After each login the list of
channels is asked for, because nothing else tells what runs; it is handed on behind the events that the
telephone system had not yet sent when it drew up the list. A silent line is pinged and then taken for dead.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import random
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import field

from crmdesk.errors import TelephonyFault
from crmdesk.services.telephony.ami import Event, encode_action
from crmdesk.services.telephony.line import Line
from crmdesk.values import dataclass

LINK_STATES = ("connecting", "connected", "refused", "lost", "stopped")
NOT_REACHED = "The telephone system at {host} cannot be reached. Calls come back by themselves when it is."
CONNECTION_LOST = "The connection to the telephone system is lost. It is being restored."
NOT_A_MANAGER = "What answers at {host}, port {port}, is not the manager interface of a telephone system."
LOGIN_REFUSED = "The telephone system refuses the user {username} or the password. Please tell your IT."
NO_LIST = "The telephone system does not say which calls already run; new calls are shown."
NOT_CONNECTED = "There is no connection to the telephone system. Dial on the telephone itself."

BANNER_BYTES = 1024
LIST_ROW, LIST_END = "CoreShowChannel", "CoreShowChannelsComplete"
_log = logging.getLogger("crmdesk.telephony")


@dataclass(frozen=True, slots=True)
class AmiSettings:
    """Where the telephone system is and who asks; ``port`` is usually 5038."""

    host: str
    port: int
    username: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LinkState:
    """How the connection stands: one of `LINK_STATES`, with a sentence for the agent when there is one.

    ``values`` fill the sentence's ``{names}``.
    """

    state: str
    sentence: str = ""
    values: tuple[tuple[str, str], ...] = ()

    def in_words(self, template: str | None = None) -> str:
        """Return the sentence, in the words of *template* (a translation) or in English."""
        return (template or self.sentence).format_map(dict(self.values))


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds: for an answer, before a ping, between attempts (growing, jittered)."""

    answer: float = 10.0
    silence: float = 20.0
    first_pause: float = 0.5
    longest_pause: float = 30.0
    jitter: Callable[[], float] = random.random

    def pauses(self) -> Iterator[float]:
        """Yield the pauses before the second, third … attempt."""
        for attempt in itertools.count():
            longest = min(self.longest_pause, self.first_pause * 2 ** min(attempt, 20))
            yield longest * (0.5 + 0.5 * self.jitter())


class LineDown(Exception):
    """The connection ended or never came up; carries the state to report."""

    def __init__(self, state: LinkState) -> None:
        super().__init__(state.sentence)
        self.state = state


class AmiClient:
    """Keeps one connection.

    Args:
        settings: where and who.
        on_event: gets each message with the monotonic second it came, on the client's thread; the list of
            channels when the ping that follows it is answered.
        on_state: gets each change of the connection, on the client's thread.
        clock: monotonic seconds.
        patience: how long to wait for what.
    """

    def __init__(
        self,
        settings: AmiSettings,
        on_event: Callable[[Event, float], None],
        on_state: Callable[[LinkState], None],
        clock: Callable[[], float] = time.monotonic,
        patience: Patience | None = None,
    ) -> None:
        self._settings = settings
        self._on_event = on_event
        self._on_state = on_state
        self._clock = clock
        self._patience = patience or Patience()
        self._stopping = threading.Event()
        self._connected = threading.Event()
        self._outgoing: deque[bytes] = deque()
        self._action_ids = itertools.count(1)
        self._list_id: str | None = None
        self._behind_list_id: str | None = None
        self._list: list[Event] = []
        self._told: LinkState | None = None
        self._wake_pair: tuple[socket.socket, socket.socket] | None = None
        self._thread = threading.Thread(target=self._run, name="crmdesk-ami", daemon=True)

    def start(self) -> None:
        """Begin to connect."""
        self._wake_pair = socket.socketpair()
        for end in self._wake_pair:
            end.setblocking(False)
        self._thread.start()

    def stop(self) -> None:
        """Close the connection and join the thread; safe to call twice, but not on the client's thread."""
        self._stopping.set()
        self._wake()
        if self._thread.is_alive():
            self._thread.join()
        for end in self._wake_pair or ():
            end.close()

    @property
    def is_connected(self) -> bool:
        """True while logged in."""
        return self._connected.is_set()

    # actions

    def originate(self, channel: str, number: str, *, context: str, channel_id: str) -> str:
        """Ring *channel* (the agent's phone), then dial *number*; return the action's id.

        The phone's leg gets *channel_id* as its ``Uniqueid``. "Success" in the answer only means the action
        was taken. Raises `TelephonyFault` without a connection.
        """
        return self.send(
            "Originate",
            ("Channel", channel),
            ("Context", context),
            ("Exten", number),
            ("Priority", "1"),
            ("CallerID", f'"{number}" <{number}>'),
            ("Timeout", "30000"),
            ("Async", "true"),
            ("ChannelId", channel_id),
        )

    def hangup(self, channel: str) -> str:
        """End a channel; return the action's id. Raises `TelephonyFault` without a connection."""
        return self.send("Hangup", ("Channel", channel), ("Cause", "16"))

    def redirect(self, channel: str, number: str, *, context: str) -> str:
        """Send a channel to *number*; return the action's id. Raises `TelephonyFault` without a line."""
        fields = (("Channel", channel), ("Context", context), ("Exten", number), ("Priority", "1"))
        return self.send("Redirect", *fields)

    def send(self, action: str, *fields: tuple[str, str]) -> str:
        """Send any action; return its id, which the answer repeats. Line breaks in fields are stripped."""
        if not self.is_connected:
            raise TelephonyFault(NOT_CONNECTED)
        return self._queue(action, *fields)

    def _queue(self, action: str, *fields: tuple[str, str]) -> str:
        action_id = f"crmdesk-{next(self._action_ids)}"
        self._outgoing.append(encode_action(action, ("ActionID", action_id), *fields))
        self._wake()
        return action_id

    def _wake(self) -> None:
        if self._wake_pair is not None:
            with contextlib.suppress(OSError):  # a full pipe wakes as well; a closed one has nobody to wake
                self._wake_pair[1].send(b"!")

    # the thread

    def _run(self) -> None:
        try:
            self._keep_connected()
        except Exception:  # noqa: BLE001 - the edge of the thread: whatever it is goes to the log
            _log.exception("The telephony thread ended")
            self._report(LinkState("lost", CONNECTION_LOST))
        finally:
            self._connected.clear()

    def _report(self, state: LinkState) -> None:
        """Tell a change once; further attempts while the line is down are no news."""
        retrying = state.state == "connecting" and self._told is not None and self._told.state == "lost"
        if state != self._told and not retrying:
            self._told = state
            self._on_state(state)

    def _keep_connected(self) -> None:
        pauses = self._patience.pauses()
        while not self._stopping.is_set():
            self._report(LinkState("connecting"))
            try:
                with self._connect() as line:
                    self._log_in(line)
                    pauses = self._patience.pauses()
                    self._listen(line)
            except LineDown as down:
                self._connected.clear()
                self._outgoing.clear()
                if self._stopping.is_set():
                    break
                self._report(down.state)
                if down.state.state == "refused":
                    return
            self._stopping.wait(next(pauses))
        self._report(LinkState("stopped"))

    def _connect(self) -> Line:
        host, port = self._settings.host, self._settings.port
        if self._wake_pair is None:
            raise self._down(NOT_REACHED)
        try:
            addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise self._down(NOT_REACHED) from error
        for family, kind, protocol, _, address in addresses:
            sock = socket.socket(family, kind, protocol)
            sock.setblocking(False)
            line = Line(sock, self._wake_pair[0], self._clock)
            if line.opened(address, self._patience.answer, self._stopping):
                return line
            line.close()
        raise self._down(NOT_REACHED)

    def _log_in(self, line: Line) -> None:
        s = self._settings
        self._outgoing.clear()
        self._list.clear()
        self._list_id = self._behind_list_id = None
        login = (("Username", s.username), ("Secret", s.secret), ("Events", "system,call,agent"))
        login_id = self._queue("Login", *login)
        deadline = self._clock() + self._patience.answer
        while (left := deadline - self._clock()) > 0:
            for event, at in self._exchange(line, left):
                if event.get("ActionID") == login_id:
                    self._welcomed(event)
                self._pass_on(event, at)
            if self.is_connected:
                return
            if line.received_bytes > BANNER_BYTES and not line.parser.banner:
                break
        raise self._down(NOT_REACHED if line.parser.banner else NOT_A_MANAGER)

    def _welcomed(self, answer: Event) -> None:
        if answer.get("Response") != "Success":
            values = (("username", self._settings.username),)
            raise LineDown(LinkState("refused", LOGIN_REFUSED, values))
        self._connected.set()
        self._report(LinkState("connected"))
        self._list_id = self._queue("CoreShowChannels")

    def _listen(self, line: Line) -> None:
        patience, pinged = self._patience, False
        while True:
            heard_at = line.heard_at
            deadline = heard_at + patience.silence + (patience.answer if pinged else 0.0)
            for event, at in self._exchange(line, deadline - self._clock()):
                self._pass_on(event, at)
            if line.heard_at != heard_at:
                pinged = False
            elif self._clock() >= deadline:
                if pinged:
                    raise self._down(CONNECTION_LOST)
                self._queue("Ping")
                pinged = True

    def _pass_on(self, event: Event, at: float) -> None:
        if event.get("ActionID") == self._list_id and event.get("Response") == "Error":
            self._report(LinkState("connected", NO_LIST))
        for due in self._due(event):
            try:
                self._on_event(due, at)
            except Exception:  # noqa: BLE001 - the edge of the thread: one event must not end all calls
                _log.exception("An event of the telephone system was not taken")

    def _due(self, event: Event) -> list[Event]:
        """Return what is to be handed on now that *event* came; keep the list until its ping is answered.

        The list may know of a call before its events are sent; taken first, it would end a call without its
        result or restore one whose beginning is on its way. Asterisk sends waiting events before it answers.
        """
        action_id = event.get("ActionID")
        begins = action_id == self._list_id and event.get("Response") == "Success"
        if begins or event.name in (LIST_ROW, LIST_END):
            self._list.append(event)
            if event.name == LIST_END:
                self._behind_list_id = self._queue("Ping")
            return []
        if action_id == self._behind_list_id:
            self._behind_list_id = None
            due = [*self._list, event]
            self._list.clear()
            return due
        return [event]

    def _exchange(self, line: Line, seconds: float) -> list[tuple[Event, float]]:
        """Send what is queued and wait up to *seconds* for messages."""
        while self._outgoing:
            line.send(self._outgoing.popleft())
        try:
            events = line.receive(seconds)
        except OSError as error:
            raise self._down(CONNECTION_LOST) from error
        if self._stopping.is_set() or line.closed_by_peer:
            raise self._down(CONNECTION_LOST)
        return events

    def _down(self, sentence: str) -> LineDown:
        values = (("host", self._settings.host), ("port", str(self._settings.port)))
        return LineDown(LinkState("lost", sentence, values))
