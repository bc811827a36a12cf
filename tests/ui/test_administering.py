"""An administrator in the window: what he puts right by a form, and complaints he gives to others."""

from __future__ import annotations

import json

from PySide6.QtCore import Qt

from crmdesk.models.payload import CORRECTED
from crmdesk.models.wire import Row
from crmdesk.ui.widgets.corrections_field import CorrectionsField
from tests.services.complaints.house import BELA, CHEN, IDA
from tests.ui.complaint_house import ComplaintSeat
from tests.ui.test_accessibility import unnamed
from tests.ui.test_complaint_list import hand_over, opened


def begun(place: ComplaintSeat, row: Row) -> CorrectionsField:
    """Open the form of a complaint's administrator."""
    place.house.who = IDA
    place.open(row)
    place.page.begin("D1")
    place.seat.settle()
    field = place.form.field("corrections")
    assert isinstance(field, CorrectionsField)
    return field


def events(place: ComplaintSeat, row: Row) -> list[Row]:
    return [each for each in place.house.rows("complaint_event", row["id"]) if each["transition"] == "D1"]


def type_over(place: ComplaintSeat, field: CorrectionsField, name: str, text: str) -> None:
    seat = place.seat
    field.fields[name].to_field()
    seat.ctrl(Qt.Key.Key_A)
    seat.qtbot.keyClicks(seat.focus(), text)


def test_a_mistyped_name_is_put_right_and_the_history_tells_both(place: ComplaintSeat) -> None:
    row = place.house.log(complainant="Li Wie", outlet="North")
    field = begun(place, row)
    assert place.form.names() == ("what", "reason", "to", "corrections")
    assert (tuple(field.fields), field.value()) == (CORRECTED, None)
    assert unnamed(place.seat.window) == []
    place.form.field("what").fill("The name.")
    place.form.field("reason").fill("He rang.")
    type_over(place, field, "complainant", "Li Wei")
    assert place.form.values()["corrections"] == {"complainant": "Li Wei"}
    place.seat.ctrl(Qt.Key.Key_Return)
    place.seat.settle()
    assert not place.page.forms.is_open
    (event,) = events(place, row)
    assert json.loads(event["fields"]) == {
        "what": "The name.",
        "reason": "He rang.",
        "corrections": {"complainant": "Li Wei"},
    }
    trail = place.page.view.trail
    row_of = next(n for n, line in enumerate(trail.lines.rows) if line.kind == "event")
    assert trail.lines.rows[row_of].label == "The name."
    trail.list.setFocus()
    trail.list.choose_row(row_of)
    place.seat.key(Qt.Key.Key_Return)
    told = [(line.label, line.text) for line in trail.lines.rows if line.kind == "detail"]
    assert told == [("", "The name.\nHe rang."), ("Complainant", "Li Wie → Li Wei")]


def test_what_was_typed_into_the_form_is_kept(place: ComplaintSeat) -> None:
    row = place.house.log(complainant="Li Wie", outlet="North")
    field = begun(place, row)
    type_over(place, field, "complainant", "Li Wei")
    place.seat.key(Qt.Key.Key_Escape)
    place.seat.settle()
    place.page.begin("D1")
    place.seat.settle()
    assert place.form.values() == {"corrections": {"complainant": "Li Wei"}}
    again = place.form.field("corrections")
    assert isinstance(again, CorrectionsField)
    assert again.fields["outlet"].value() == "North"


def test_a_text_that_should_not_stand_there_is_emptied(place: ComplaintSeat) -> None:
    field = begun(place, place.house.log(third_party="Ma Hong"))
    field.fields["third_party"].fill("")
    assert place.form.values()["corrections"] == {"third_party": ""}


def test_marked_complaints_are_handed_over_as_an_administrator_does_it(place: ComplaintSeat) -> None:
    rows = [place.house.log({"severity": "S4"}) for _ in range(3)]
    lists, seat = opened(place, IDA), place.seat
    seat.key(Qt.Key.Key_4)
    seat.ctrl(Qt.Key.Key_A)
    place.house.step(rows[0], "T18", words="Enough.", channel="phone", who=CHEN)
    hand_over(place, "Anna is ill.")
    seat.qtbot.waitUntil(lambda: not lists.hand_over.under_way)
    owners = [place.house.row("complaint", row["id"])["owner_id"] == BELA for row in rows]
    assert owners == [False, True, True]
    why = "What has ended keeps its owner. Leave the new owner out."
    assert seat.parts.messages.text == f"2 of 3 went to p2. {rows[0]['number']}: {why}"
    (event,) = events(place, rows[1])
    assert json.loads(event["fields"]) == {
        "to": str(BELA),
        "what": "Handed over to p2",
        "reason": "Anna is ill.",
    }
