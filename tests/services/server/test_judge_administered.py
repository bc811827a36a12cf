"""The server looks at what an administrator puts right: he writes what he says, and decides nothing."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests.services.complaints.house import BELA, CALL, CHEN, IDA
from tests.services.server.mirror import MirroredDesk, judge
from tests.services.server.test_judge_step import at_work, last, refused


def test_an_administrator_writes_what_he_says_and_no_more(desk: MirroredDesk, server: Any) -> None:
    texts = {"what_happened": "The brakes squealed.", "outlet": "North"}
    desk.step(at_work(desk), "D1", IDA, what="A typing error.", reason="Misspelt.", corrections=texts)
    made = last(desk, server)
    head, body, fields = (made.payload[part] for part in ("head", "body", "fields"))
    forgeries: tuple[dict[str, Any], ...] = (
        {"head": {**head, "owner_id": str(BELA)}},
        {"head": {**head, "severity": "S4"}},
        {"head": {**head, "team_id": None}},
        {"body": {**body, "complainant": "Li Wei"}},
        {"body": {**body, "what_happened": "Something else."}},
        {"body": {}},
        {"fields": {**fields, "corrections": {"outlet": "South"}}},
        {"fields": {**fields, "corrections": {"severity": "S4"}}},
        {"fields": {**fields, "corrections": [texts]}},
        {"fields": {**fields, "severity": "S4"}},
        {"head": {**head, "state": "CLOSED"}},
    )
    for forged in forgeries:
        answer = refused(server, made, **forged)
        assert answer["rejected"] == "invalid", (forged, answer)
    for outlet, why in (
        (None, "{name} must be text."),
        ("x" * 201, "{name} may have {limit} characters at most; this has {length}."),
    ):
        wrong = {**fields, "corrections": {**texts, "outlet": outlet}}
        assert refused(server, made, fields=wrong, head={**head, "outlet": outlet})["why"] == why
    task = {"id": str(CALL), "kind": "task", "errand": "taken_over", "owner_id": str(BELA)}
    assert refused(server, made, tasks=[task])["fields"] == ["tasks"]
    short = {**fields, "corrections": {**texts, "what_happened": "It leaks!"}}
    answer = refused(server, made, fields=short, body={"what_happened": "It leaks!"})
    assert answer["why"] == "Tell what happened in {count} characters at least."
    for role in ("agent", "supervisor"):
        with pytest.raises(psycopg.Error, match="Your role may not do this"), server.transaction():
            judge(server, made, role=role)


def test_an_administrator_moves_no_clock(desk: MirroredDesk, server: Any) -> None:
    desk.step(at_work(desk), "C1", what="We look into it.")
    made = last(desk, server)
    assert made.payload["lines"]
    given: dict[str, Any] = {"transition": "D1", "fields": {"what": "Told.", "reason": "He asked."}}
    judge(server, made, "administrator", **given, lines=[])
    assert refused(server, made, role="administrator", **given)["fields"] == ["lines"]


def test_an_administrator_gives_what_is_open_to_somebody_who_takes_steps(
    desk: MirroredDesk, server: Any
) -> None:
    row = desk.log()
    desk.step(row, "D1", IDA, what="Given to Bela.", reason="Anna is ill.", to=str(BELA))
    made = last(desk, server)
    head, fields = made.payload["head"], made.payload["fields"]
    assert refused(server, made, head={**head, "owner_id": str(CHEN)})["fields"] == ["owner_id"]
    assert refused(server, made, head={**head, "owner_id": None})["fields"] == ["owner_id"]
    assert refused(server, made, tasks=[])["fields"] == ["tasks"]
    called = [{**each, "errand": "escalated"} for each in made.payload["tasks"]]
    assert refused(server, made, tasks=called)["fields"] == ["tasks"]
    unsaid = {name: value for name, value in fields.items() if name != "to"}
    assert refused(server, made, fields=unsaid)["rejected"] == "invalid"
    owned = refused(server, made, fields={**fields, "to": str(desk.who)})
    assert owned["why"] == "He owns it already. Choose somebody else."
    for change in ("role = 'administrator'", "role = 'auditor'", "active = false"):
        with server.transaction(force_rollback=True):
            server.execute(f"UPDATE crm.agent SET {change} WHERE id = %s", (BELA,))
            assert refused(server, made)["fields"] == ["to"]
    server.execute("UPDATE crm.complaint SET state = 'CLOSED'")
    assert refused(server, made)["why"] == "What has ended keeps its owner. Leave the new owner out."
