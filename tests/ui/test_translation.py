"""Every sentence a person may see has its Chinese, with the same places for values."""

from __future__ import annotations

import json
import re

from crmdesk.errors import Bug, NotFound
from crmdesk.models.text import Text, say
from crmdesk.resources import resource
from crmdesk.ui.translation import Words
from tests.ui import sample
from tests.ui.conftest import Seat
from tests.ui.templates import templates

_PLACE = re.compile(r"(?<!{){(\w+)}(?!})")


def _catalogue() -> dict[str, str]:
    content: dict[str, str] = json.loads(resource("i18n", "zh_CN.json").read_text(encoding="utf-8"))
    return content


def test_every_sentence_of_the_program_is_translated() -> None:
    known = _catalogue()
    missing = {text: sorted(files) for text, files in templates().items() if not known.get(text)}
    assert missing == {}


def test_translations_have_the_places_of_their_sentence_and_no_others() -> None:
    wrong = {
        text: translated
        for text, translated in _catalogue().items()
        if not set(_PLACE.findall(translated)) <= set(_PLACE.findall(text))
    }
    assert wrong == {}


def test_a_missing_entry_stays_english() -> None:
    words = Words({"Ready": "就绪"}, "zh")
    assert (words.tr("Ready"), words.tr("Not there {n}", n=3)) == ("就绪", "Not there 3")


def test_sentences_of_services_are_filled_after_translation_also_nested() -> None:
    words = Words({"{who} waits": "{who}在等", "a colleague": "同事"}, "zh")
    assert words.text(say("{who} waits", who=say("a colleague"))) == "同事在等"
    assert words.error(NotFound("{who} waits", who="张三")) == "张三在等"
    assert words.text(Text("{broken", ())) == "{broken"


def test_a_bug_without_words_gets_a_sentence_without_its_insides() -> None:
    words = Words({}, "en")
    assert "KeyError" not in words.error(KeyError("secret"))
    assert words.error(Bug("We are to blame.")) == "We are to blame."


def test_plurals() -> None:
    words = Words({}, "en")
    assert words.plural(1, "{n} person possible", "{n} people possible") == "1 person possible"
    assert words.plural(3, "{n} person possible", "{n} people possible") == "3 people possible"


def test_the_language_changes_at_run_time_in_everything_shown(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    assert seat.parts.band.cards[0].state == "Talking"
    seat.window.commands.run("language")
    assert seat.parts.band.cards[0].state == "通话中"
    assert seat.parts.note.edit(1).accessibleName() == "本次通话备注"
    assert seat.window.actions_map["finish"].text() == "完成"
    assert seat.parts.wrap_up.box.currentText() == "已当场解决"
    facts = [fact.label for fact in seat.parts.caller.list.facts.rows]
    assert "下次保养" in facts
    seat.window.commands.run("language")
    assert seat.parts.band.cards[0].state == "Talking"
