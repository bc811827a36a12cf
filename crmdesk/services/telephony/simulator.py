"""A telephone system of our own on 127.0.0.1, for the demo, for training and for tests.

It speaks the Asterisk Manager Interface over a real socket: login, ping, list of channels, click-to-call,
hang-up. What rings is scripted by its owner, or played from a recording.
"""

from __future__ import annotations

import contextlib
import hmac
import itertools
import json
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from crmdesk.services.telephony.ami import AmiParser, Event
from crmdesk.services.telephony.channels import resource
from crmdesk.services.telephony.sim_played import PlayedChannels
from crmdesk.services.telephony.sim_script import OriginatedCall, ScriptedCall, SimChannel, message

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
READ_BYTES = 65536
WRITE_LIMIT_BYTES = 8 * 1024 * 1024
"""A client that does not read is cut off here."""


@dataclass(frozen=True, slots=True)
class CallHandle:
    """A scripted call; ``call_key`` is the key its events will carry, ``extension`` rang first."""

    call_key: str
    extension: str


@dataclass(slots=True, eq=False)
class _Client:
    sock: socket.socket
    parser: AmiParser = field(default_factory=AmiParser)
    outgoing: bytearray = field(default_factory=bytearray)
    logged_in: bool = False
    closing: bool = False


class Simulator:
    """A small telephone system. All methods may be called from any thread.

    Args:
        secret: the password that logs in.
        username: who logs in.
        port: 0 takes a free one.
        epoch: seconds since 1970 that call ids begin with; runs with different ones never share an id.
    """

    def __init__(
        self, secret: str, *, username: str = "crmdesk", port: int = 0, epoch: int | None = None
    ) -> None:
        self._secret = secret
        self._username = username
        self._port = port
        self._epoch = int(time.time()) if epoch is None else epoch
        self._numbers = itertools.count(1)
        self._calls: dict[str, ScriptedCall | OriginatedCall] = {}
        self._played = PlayedChannels()
        self._clients: list[_Client] = []
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._changed = threading.Condition(self._lock)
        self._selector = selectors.DefaultSelector()
        self._wake_pair: tuple[socket.socket, socket.socket] | None = None
        self._listener: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, name="crmdesk-simulator", daemon=True)
        self._actions: dict[str, Callable[[_Client, Event], bytes]] = {
            "Ping": self._ping,
            "CoreShowChannels": self._list_channels,
            "Originate": self._originate,
            "Hangup": self._hang_up_channel,
            "Logoff": self._log_off,
        }

    # the owner's side

    def start(self) -> int:
        """Listen on 127.0.0.1 and return the port."""
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._wake_pair = socket.socketpair()
        for end in (self._listener, *self._wake_pair):
            end.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._wake_pair[0], selectors.EVENT_READ, self._wake_pair[0])
        self._thread.start()
        return int(self._listener.getsockname()[1])

    def stop(self) -> None:
        """Close everything and join the thread; safe to call twice."""
        self._stopping.set()
        self._wake()
        if self._thread.is_alive():
            self._thread.join()
        for end in (self._listener, *(self._wake_pair or ())):
            if end is not None:
                end.close()
        self._selector.close()

    def wait_for_clients(self, count: int, timeout_seconds: float) -> bool:
        """Wait until exactly *count* clients are logged in; False when that did not happen in time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._logged_in() == count, timeout_seconds)

    def ring(
        self,
        number: str,
        name: str,
        extension: str,
        dnis: str,
        queue: str = "",
        others: Iterable[str] = (),
    ) -> CallHandle:
        """Let *number* call in and ring *extension*, and *others* with it; empty number: withheld."""
        call = ScriptedCall(self._new_channel, number, name, dnis, queue)
        with self._lock:
            self._calls[call.trunk.uniqueid] = call
            self._report(call.arrive())
            for rung in (extension, *others):
                self._report(call.ring(rung))
        return CallHandle(call.trunk.uniqueid, extension)

    def answer(self, handle: CallHandle, extension: str = "") -> None:
        """Pick up at *extension*, by default the one rung first."""
        with self._lock:
            call = self._calls.get(handle.call_key)
            if isinstance(call, ScriptedCall):
                self._report(call.answer(extension or handle.extension))

    def hold(self, handle: CallHandle, *, on: bool) -> None:
        """The agent puts the caller on hold, or takes him back."""
        with self._lock:
            call = self._calls.get(handle.call_key)
            if isinstance(call, ScriptedCall):
                self._report(call.hold(on=on))

    def hangup(self, handle: CallHandle, by: str) -> None:
        """End the call; *by* is caller, agent or pbx. A call that is over stays over."""
        with self._lock:
            call = self._calls.pop(handle.call_key, None)
            if call is not None:
                self._report(call.hang_up(by))

    def play(self, recording: Path, speed: float = 0.0) -> None:
        """Send a recorded stream (`.jsonl`) to whoever is logged in; returns when it is through.

        Its channels are listed with the scripted ones as long as they run.

        *speed* 1.0 keeps the recorded pauses, 10.0 is ten times as fast, 0 sends without pauses.
        """
        past = 0.0
        for line in recording.read_text("utf-8").splitlines():
            record = json.loads(line)
            text = record.get("raw", record.get("raw_latin1", ""))
            if record["dir"] != "in" or text.startswith(("Asterisk Call Manager/", "Response:")):
                continue
            if speed > 0 and self._stopping.wait(max(0.0, (record["t"] - past) / speed)):
                return
            past = record["t"]
            with self._lock:
                data = text.encode("utf-8" if "raw" in record else "latin-1")
                self._played.feed(data)
                self._report(data)

    def drop_connections(self) -> None:
        """Cut every client off without a word, as a crash does."""
        with self._lock:
            for client in self._clients:
                client.outgoing.clear()
                client.closing = True
        self._wake()

    # bookkeeping

    def _new_channel(self, device: str) -> tuple[str, str]:
        number = next(self._numbers)
        return f"{device}-{number:08x}", f"{self._epoch}.{number}"

    def _logged_in(self) -> int:
        return sum(client.logged_in and not client.closing for client in self._clients)

    def _report(self, data: bytes) -> None:
        for client in self._clients:
            if client.logged_in:
                client.outgoing += data
        self._wake()

    def _wake(self) -> None:
        if self._wake_pair is not None:
            with contextlib.suppress(OSError):
                self._wake_pair[1].send(b"!")

    def _channels(self) -> list[SimChannel]:
        return [channel for call in self._calls.values() for channel in call.channels]

    # the thread

    def _serve(self) -> None:
        while not self._stopping.is_set():
            for key, _ in self._selector.select():
                if key.fileobj is self._listener:
                    self._accept()
                elif isinstance(key.data, _Client):
                    self._read(key.data)
                else:
                    key.data.recv(READ_BYTES)
            with self._lock:
                for client in tuple(self._clients):
                    self._write(client)
        with self._lock:
            for client in tuple(self._clients):
                self._close(client)

    def _accept(self) -> None:
        listener = self._listener
        if listener is None:
            return
        with contextlib.suppress(OSError):
            sock, _ = listener.accept()
            sock.setblocking(False)
            client = _Client(sock, outgoing=bytearray(BANNER))
            self._selector.register(sock, selectors.EVENT_READ, client)
            with self._lock:
                self._clients.append(client)

    def _read(self, client: _Client) -> None:
        try:
            data = client.sock.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        with self._lock:
            if not data:
                self._close(client)
                return
            for action in client.parser.feed(data):
                client.outgoing += self._answer(client, action)

    def _write(self, client: _Client) -> None:
        try:
            while client.outgoing:
                del client.outgoing[: client.sock.send(client.outgoing)]
        except BlockingIOError:
            self._selector.modify(client.sock, selectors.EVENT_READ | selectors.EVENT_WRITE, client)
            if len(client.outgoing) > WRITE_LIMIT_BYTES:
                self._close(client)
            return
        except OSError:
            client.closing = True
        if client.closing:
            self._close(client)
        else:
            self._selector.modify(client.sock, selectors.EVENT_READ, client)

    def _close(self, client: _Client) -> None:
        if client in self._clients:
            self._clients.remove(client)
            self._selector.unregister(client.sock)
            client.sock.close()
            self._changed.notify_all()

    # answers

    def _answer(self, client: _Client, action: Event) -> bytes:
        name = action.get("Action")
        if name == "Login":
            return self._log_in(client, action)
        if not client.logged_in:
            return _response(action, "Error", "Permission denied")
        perform = self._actions.get(name)
        if perform is None:
            return _response(action, "Error", "Invalid/unknown command")
        return perform(client, action)

    def _log_in(self, client: _Client, action: Event) -> bytes:
        right = action.get("Username") == self._username
        if not (right and hmac.compare_digest(action.get("Secret").encode(), self._secret.encode())):
            client.closing = True
            return _response(action, "Error", "Authentication failed")
        client.logged_in = True
        self._changed.notify_all()
        booted = message(("Event", "FullyBooted"), ("Privilege", "system,all"), ("Status", "Fully Booted"))
        return _response(action, "Success", "Authentication accepted") + booted

    def _log_off(self, client: _Client, action: Event) -> bytes:
        client.closing = True
        return _response(action, "Goodbye", "Thanks for all the fish.")

    def _ping(self, _client: _Client, action: Event) -> bytes:
        action_id = ("ActionID", action.get("ActionID"))
        return message(("Response", "Success"), action_id, ("Ping", "Pong"), ("Timestamp", "0.0"))

    def _list_channels(self, _client: _Client, action: Event) -> bytes:
        action_id = ("ActionID", action.get("ActionID"))
        begin = (("Response", "Success"), action_id, ("EventList", "start"))
        out = message(*begin, ("Message", "Channels will follow"))
        channels, played = self._channels(), self._played.rows()
        for channel in channels:
            call = self._calls[channel.linkedid]
            bridged = isinstance(call, ScriptedCall) and channel in (call.talking, call.trunk)
            bridge = call.bridge if bridged and isinstance(call, ScriptedCall) else ""
            application = "AppDial" if channel.uniqueid != channel.linkedid else "Dial"
            tail = (("Application", application), ("Duration", "00:00:00"), ("BridgeId", bridge))
            out += message(("Event", "CoreShowChannel"), action_id, *channel.fields(), *tail)
        out += b"".join(message(("Event", "CoreShowChannel"), action_id, *row) for row in played)
        end = (("EventList", "Complete"), ("ListItems", str(len(channels) + len(played))))
        return out + message(("Event", "CoreShowChannelsComplete"), action_id, *end)

    def _originate(self, client: _Client, action: Event) -> bytes:
        extension, dialled = resource(action.get("Channel") + "-000000"), action.get("Exten")
        client.outgoing += _response(action, "Success", "Originate successfully queued")
        call = OriginatedCall(self._new_channel, extension, dialled)
        begun = call.begin(action.get("ChannelId"))
        self._calls[call.phone.uniqueid] = call
        self._report(begun)
        outcome = (
            ("ActionID", action.get("ActionID")),
            ("Response", "Success"),
            ("Channel", call.phone.name),
            ("Exten", dialled),
            ("Reason", "4"),
            ("Uniqueid", call.phone.uniqueid),
        )
        self._report(message(("Event", "OriginateResponse"), ("Privilege", "call,all"), *outcome))
        self._report(call.connect())
        return b""

    def _hang_up_channel(self, client: _Client, action: Event) -> bytes:
        for key, call in tuple(self._calls.items()):
            if any(channel.name == action.get("Channel") for channel in call.channels):
                client.outgoing += _response(action, "Success", "Channel Hungup")
                del self._calls[key]
                self._report(call.hang_up("pbx"))
                return b""
        return _response(action, "Error", "No such channel")


def _response(action: Event, outcome: str, words: str) -> bytes:
    return message(("Response", outcome), ("ActionID", action.get("ActionID")), ("Message", words))
