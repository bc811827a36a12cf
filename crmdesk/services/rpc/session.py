"""One conversation: lines in, lines out, in order; notifications in between once subscribed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from crmdesk.errors import Bug, CrmdeskError
from crmdesk.logs import hidden
from crmdesk.models.changes import ChangeSet
from crmdesk.models.screen_pop import ScreenPop
from crmdesk.models.sync_views import SyncStatus
from crmdesk.models.wire import Json
from crmdesk.services.executor import Lane
from crmdesk.services.rpc.desk import Desk
from crmdesk.services.rpc.method import Method
from crmdesk.services.rpc.once import answer_given, perform_once, remember
from crmdesk.services.rpc.pops import pop_as_json
from crmdesk.services.rpc.protocol import (
    NO_METHOD,
    Refusal,
    Request,
    failure,
    line_of,
    notification,
    parse,
    refusal,
    success,
)
from crmdesk.services.rpc.syncs import status_as_json

_log = logging.getLogger("crmdesk.rpc")

UNSENT_AT_MOST = 1_000
"""Notifications that may wait for a slow reader."""

NAMED = frozenset({"name", "name_alt", "caller_name", "complainant", "third_party", "query", "address"})
"""Parameters, and fields of records, that hold names of people."""

TOPICS = ("changed", "popped", "synced")
LATER = (*("customer.merge", "customer.unmerge", "order.", "part.", "report."),)
"""Methods and families of the interface that this version does not have yet."""


class Session:
    """One conversation with the desk. Its requests are worked off one after another by one thread.

    Args:
        desk: what the methods work on.
        methods: by name.
        send: takes one line; called by this session's thread and by those that announce changes.
    """

    def __init__(self, desk: Desk, methods: Mapping[str, Method], send: Callable[[bytes], None]) -> None:
        self.desk = desk
        self.methods = methods
        self._send = send
        self._sending = threading.Lock()
        self._topics: frozenset[str] = frozenset()
        self._news: Lane | None = None
        self._counting = threading.Lock()
        self._unsent = 0

    def subscribe(self, topics: Iterable[str]) -> tuple[str, ...]:
        """Send notifications about *topics* from now on, and no others; return them."""
        if self._news is None:
            self._news = Lane("rpc news")
            self.desk.listen(self._changed, self._popped, self._synced)
        self._topics = frozenset(topics)
        return tuple(sorted(self._topics))

    def close(self) -> None:
        """End the conversation; nothing is sent any more."""
        news, self._news = self._news, None
        if news is not None:
            self.desk.forget(self._changed, self._popped, self._synced)
            news.close()

    def take(self, line: bytes) -> None:
        """Work off one line and send the answer; blank lines and notifications get none."""
        if not line.strip():
            return
        try:
            request = parse(line)
            method = self._method(request)
        except Refusal as refused:
            self._tell(refusal(refused))
            return
        answer = self._answered(request, method)
        if request.wants_answer:
            self._tell(answer)

    def call(self, name: str, params: Mapping[str, Json]) -> Json:
        """Return the result of the method *name*; failures are raised."""
        return self.perform(self.methods[name], params)

    def perform(self, method: Method, params: Mapping[str, Json]) -> Json:
        """Return the result of *method*; failures are raised.

        Raises:
            CrmdeskError: parameters that do not fit, and whatever the method refuses.
        """
        given = dict(method.params.read("", params))
        request_id = given.pop("request_id", None)
        store = self.desk.store
        if method.sort == "query":
            return store.read(method.run, self.desk, given).result()
        if method.sort == "change":
            return (
                store.write(
                    perform_once,
                    method.name,
                    request_id,
                    lambda work: method.run(work, self.desk, given),
                    initiator="rpc",
                )
                .result()
                .result
            )
        if request_id is None:
            return method.run(self, given)
        return self._repeatable(method, request_id, given)

    def _repeatable(self, method: Method, request_id: str, given: Mapping[str, Any]) -> Json:
        store = self.desk.store
        known = store.read(answer_given, method.name, request_id).result()
        if known is not None:
            return known["result"]
        result = method.run(self, given)
        store.write(remember, method.name, request_id, result, initiator="rpc").result()
        return result

    def _method(self, request: Request) -> Method:
        method = self.methods.get(request.method)
        if method is not None and (self.desk.test or not method.test_only):
            return method
        reason = "There is no method {name}; rpc.describe lists them."
        if method is not None:
            reason = "The method {name} exists in test profiles only."
        elif request.method.startswith(LATER):
            reason = "This version of crmdesk does not have {name} yet."
        raise Refusal(NO_METHOD, reason.format(name=request.method), request.id)

    def _answered(self, request: Request, method: Method) -> dict[str, Json]:
        with hidden(*_names_in(request.params)):
            return self._answer(request, method)

    def _answer(self, request: Request, method: Method) -> dict[str, Json]:
        try:
            return success(request.id, self.perform(method, request.params))
        except Bug as bug:
            _log.exception("bug in %s", method.name)
            return failure(request.id, bug)
        except CrmdeskError as refused:
            return failure(request.id, refused)
        except Exception as bug:  # noqa: BLE001 - the edge of the conversation: it goes on after a bug
            _log.exception("bug in %s", method.name)
            return failure(request.id, bug)

    def _changed(self, changes: ChangeSet) -> None:
        if "changed" in self._topics and changes.ids:
            kinds, ids = sorted(changes.kinds), sorted(map(str, changes.ids))
            self._announce("changed", {"kinds": kinds, "ids": ids, "initiator": changes.initiator})

    def _popped(self, pop: ScreenPop) -> None:
        if "popped" in self._topics:
            self._announce("popped", pop_as_json(pop))

    def _synced(self, status: SyncStatus) -> None:
        if "synced" in self._topics:
            self._announce("synced", status_as_json(status))

    def _announce(self, topic: str, params: Json) -> None:
        """Hand a notification to the thread that sends them: whoever changed something does not wait.

        A visitor who does not read any more misses news rather than filling our memory.
        """
        news = self._news
        if news is None or self._unsent >= UNSENT_AT_MOST:
            return
        with self._counting:
            self._unsent += 1
        news.run(self._tell_news, notification(topic, params))

    def _tell_news(self, message: Mapping[str, Json]) -> None:
        with self._counting:
            self._unsent -= 1
        try:
            self._tell(message)
        except OSError:
            _log.debug("a visitor left before his news arrived")

    def _tell(self, message: Mapping[str, Json]) -> None:
        with self._sending:
            self._send(line_of(message))


def _names_in(params: Json) -> Iterator[str]:
    """Yield what names a person in *params*, however deep: such texts are masked in the log."""
    if isinstance(params, list):
        for each in params:
            yield from _names_in(each)
    elif isinstance(params, Mapping):
        for key, value in params.items():
            if key in NAMED and isinstance(value, str):
                yield value
            else:
                yield from _names_in(value)
