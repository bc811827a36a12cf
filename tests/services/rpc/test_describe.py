"""The description is valid, complete, and the page made from it is the one in the tree."""

from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from crmdesk.services.rpc.describe import description, markdown
from crmdesk.services.rpc.methods import all_methods
from crmdesk.services.rpc.session import LATER

PAGE = Path(__file__).resolve().parents[3] / "docs" / "api.md"
FAMILIES = ("contact", "asset", "visit", "task")
PROMISED = (
    *("system.info", "customer.lookup", "customer.search", "customer.get", "customer.timeline"),
    *("customer.create", "customer.update", "agent.list", "team.list", "note.append", "clock.set"),
    *(f"{family}.{verb}" for family in ("contact", "asset", "visit", "task") for verb in ("get", "list")),
    *(
        f"{family}.{verb}"
        for family in ("contact", "asset", "visit", "task")
        for verb in ("create", "update")
    ),
    *("call.ring", "call.answer", "call.end", "call.pop", "call.wrap_up", "call.reassign"),
    *("knowledge.search", "knowledge.suggest", "knowledge.get", "knowledge.save", "knowledge.feedback"),
    *(f"complaint.{verb}" for verb in ("open", "get", "list", "transition", "approve", "clocks", "history")),
    *("survey.record", "survey.get", "survey.list"),
    *("attachment.add", "attachment.get", "attachment.list"),
    *("rpc.describe", "subscribe"),
)


def told() -> dict[str, Any]:
    return description(all_methods(), test=True)


def test_every_schema_is_valid() -> None:
    for method in told()["methods"].values():
        Draft202012Validator.check_schema(method["params"])
        Draft202012Validator.check_schema(method["result"])


def test_every_promised_method_is_there_and_no_later_one() -> None:
    names = set(told()["methods"])
    assert set(PROMISED) <= names
    assert not [name for name in names if name.startswith(LATER)]


def test_every_field_of_every_result_is_declared() -> None:
    for name, method in told()["methods"].items():
        assert method["summary"].endswith("."), name
        assert method["params"]["type"] == method["result"]["type"] == "object", name


def test_the_page_is_up_to_date() -> None:
    made = markdown(told())
    assert PAGE.read_text(encoding="utf-8") == made, "crmdesk rpc --describe markdown > docs/api.md"
