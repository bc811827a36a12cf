"""Somebody new, and the head of a record, by keys."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt

from crmdesk.errors import Conflict, InvalidInput
from crmdesk.models.text import say
from crmdesk.services.customers.duplicates import Duplicate
from crmdesk.ui.desk import PersonFields
from crmdesk.ui.views.person_form import PersonForm
from tests.ui import sample
from tests.ui.conftest import Seat

WHO = Duplicate(sample.WANG, "王磊", say("same phone {raw}", raw="021 6419 7720"))


def _form(seat: Seat) -> PersonForm:
    (form,) = seat.window.findChildren(PersonForm)
    return form


def test_an_unknown_caller_becomes_a_customer_with_two_keys_and_a_name(seat: Seat) -> None:
    seat.ring(replace(sample.unknown_pop(), caller_name="Joyce Moretti"), "talking")
    seat.ctrl(Qt.Key.Key_N)
    form = _form(seat)
    assert seat.focus() is form.name_line
    assert form.fields() == PersonFields(name="Joyce Moretti", phone="021 6419 7720", language="en")
    seat.ctrl(Qt.Key.Key_Return)
    seat.settle()
    (asked,) = seat.desk.named("open_customer")
    assert asked[0].name == "Joyce Moretti"
    assert [asked[1] for asked in seat.desk.named("choose")] == [sample.ZHAO]
    assert form.isHidden()
    assert seat.parts.record.middle.shown is seat.parts.timeline


def test_the_name_alone_is_needed(seat: Seat) -> None:
    seat.ring(sample.unknown_pop(), "talking")
    seat.ctrl(Qt.Key.Key_N)
    seat.ctrl(Qt.Key.Key_Return)
    assert seat.desk.named("open_customer") == []
    assert seat.parts.messages.text == "Please fill in the name."
    assert seat.focus() is _form(seat).name_line


def test_escape_keeps_what_was_typed_and_gives_the_keyboard_back_to_the_note(seat: Seat) -> None:
    seat.ring(sample.unknown_pop(), "talking")
    seat.ctrl(Qt.Key.Key_N)
    seat.commit("周敏")
    seat.key(Qt.Key.Key_Escape)
    assert _form(seat).isHidden()
    assert seat.focus() is seat.parts.note.edit(1)
    seat.ctrl(Qt.Key.Key_N)
    assert _form(seat).fields().name == "周敏"


def test_somebody_alike_is_shown_before_a_second_record_grows(seat: Seat) -> None:
    seat.desk.likely = (WHO,)
    seat.ring(sample.unknown_pop(), "talking")
    seat.ctrl(Qt.Key.Key_N)
    assert [row.name for row in _form(seat).likely.rows] == ["王磊"]
    assert _form(seat).likely.rows[0].reasons == "same phone 021 6419 7720"
    seat.alt(Qt.Key.Key_1)
    assert [asked[1] for asked in seat.desk.named("choose")] == [sample.WANG]
    assert seat.desk.named("open_customer") == []


def test_somebody_alike_not_seen_yet_stops_the_first_save_only(seat: Seat) -> None:
    seat.ring(sample.unknown_pop(), "talking")
    seat.ctrl(Qt.Key.Key_N)
    seat.commit("王磊")
    seat.desk.likely = (WHO,)
    seat.ctrl(Qt.Key.Key_Return)
    seat.settle()
    assert seat.desk.named("open_customer") == []
    assert "already" in seat.parts.messages.text
    seat.ctrl(Qt.Key.Key_Return)
    seat.settle()
    assert len(seat.desk.named("open_customer")) == 1


def test_a_number_that_is_none_leads_to_its_field(seat: Seat) -> None:
    seat.desk.refuse["open_customer"] = InvalidInput(
        "{raw} is no telephone number.", fields=("phones",), raw="abc"
    )
    seat.ctrl(Qt.Key.Key_N)
    seat.commit("周敏")
    seat.ctrl(Qt.Key.Key_Return)
    seat.settle()
    assert seat.parts.messages.text == "abc is no telephone number."
    assert seat.focus() is _form(seat).line("phone")
    assert _form(seat).fields().name == "周敏"


def test_nobody_found_leads_to_the_form_with_the_words_searched(seat: Seat) -> None:
    seat.ctrl(Qt.Key.Key_K)
    seat.qtbot.keyClicks(seat.focus(), "zzz")
    seat.qtbot.waitUntil(lambda: len(seat.parts.finder.model.rows) == 1)
    seat.key(Qt.Key.Key_Return)
    assert _form(seat).fields().name == "zzz"
    assert seat.parts.stage.shown is seat.parts.record
    assert seat.parts.note.isHidden()
    seat.ctrl(Qt.Key.Key_Return)
    seat.settle()
    assert seat.desk.named("customer_record") == [(sample.ZHAO,)]


def test_digits_searched_in_vain_become_the_number(seat: Seat) -> None:
    seat.ctrl(Qt.Key.Key_K)
    seat.qtbot.keyClicks(seat.focus(), "zzz13800138000")
    seat.qtbot.waitUntil(lambda: len(seat.parts.finder.model.rows) == 1)
    seat.key(Qt.Key.Key_Return)
    assert _form(seat).fields().phone == "zzz13800138000"


def test_alt_digits_still_choose_the_caller_while_the_keyboard_is_elsewhere(seat: Seat) -> None:
    seat.desk.likely = (WHO,)
    seat.ring(sample.shared_pop())
    seat.ctrl(Qt.Key.Key_N)
    seat.key(Qt.Key.Key_F7)
    seat.alt(Qt.Key.Key_1)
    assert [asked[1] for asked in seat.desk.named("choose")] == [sample.CHEN]


def test_the_head_is_changed_with_the_version_seen(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    seat.ctrl(Qt.Key.Key_E)
    form = _form(seat)
    assert (form.fields().name, form.fields().tier) == ("陈静怡", "gold")
    assert not form.line("plate").isVisible()
    form.name_line.clear()
    seat.commit("陈静宜")
    form.box("tier").setFocus()
    seat.key(Qt.Key.Key_Down)
    seat.ctrl(Qt.Key.Key_Return)
    seat.settle()
    changes = {"name": "陈静宜", "tier": "platinum"}
    assert seat.desk.named("change_customer") == [(sample.CHEN, changes, 3)]
    assert form.isHidden()
    assert seat.desk.named("customer_record") == [(sample.CHEN,)]


def test_a_clash_shows_both_values_and_takes_one_key_each(seat: Seat) -> None:
    current = {"rev": 7, "name": "陈静", "hint": "请致电其丈夫"}
    seat.desk.refuse["change_customer"] = Conflict(
        "Somebody changed {names} meanwhile. Look at both versions and choose.",
        current=current,
        fields=("hint", "name"),
        names="hint, name",
    )
    seat.ring(sample.pop(), "talking")
    seat.ctrl(Qt.Key.Key_E)
    form = _form(seat)
    form.line("name").setText("陈静宜")
    form.line("hint").setText("晚上联系")
    seat.ctrl(Qt.Key.Key_Return)
    seat.settle()
    rows = form.clashes.clashes.rows
    assert [(row.theirs, row.yours) for row in rows] == [("请致电其丈夫", "晚上联系"), ("陈静", "陈静宜")]
    assert seat.focus() is form.clashes
    seat.key(Qt.Key.Key_Left)
    del seat.desk.refuse["change_customer"]
    seat.ctrl(Qt.Key.Key_Return)
    seat.settle()
    assert seat.desk.named("change_customer")[-1] == (sample.CHEN, {"name": "陈静宜"}, 7)


def test_a_record_that_is_not_there_cannot_be_changed(seat: Seat) -> None:
    seat.ctrl(Qt.Key.Key_E)
    assert seat.parts.messages.text == "No record is open that could be changed"


def test_in_a_low_window_the_form_scrolls_and_keeps_its_fields_whole(seat: Seat) -> None:
    seat.desk.likely = (WHO,)
    seat.ring(sample.unknown_pop(), "talking")
    seat.ctrl(Qt.Key.Key_N)
    seat.window.resize(960, 600)
    form = _form(seat)
    seat.qtbot.waitUntil(lambda: seat.parts.record.height() < 500)
    for line in ("name", "name_alt", "phone"):
        assert form.line(line).height() >= 32
    assert form.geometry().bottom() <= seat.parts.record.height()
    row = form.line("phone").mapTo(form, form.line("phone").rect().bottomRight())
    assert row.x() < form.width()
