"""What a regime asks of a step the server looks at again: the regime chosen, and what a letter must say."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.complaints.house import CHECKLIST, DORA
from tests.services.server.mirror import MirroredDesk, judge, lay_out
from tests.services.server.test_judge_step import PROPOSAL, at_work, last, refused


@pytest.mark.parametrize(("said", "set_"), [("UK-8W", "none"), ("UK-8W", "UK-SRC"), (None, "UK-SRC")])
def test_who_solves_it_sets_the_regime_that_he_says_and_no_other(
    desk: MirroredDesk, server: Any, said: str | None, set_: str
) -> None:
    fields: dict[str, Any] = {"severity": "S4", "remedies": [{"type": "apology", "value": 0}]}
    fields |= {"cause_class": "A", "checklist": CHECKLIST, "what_was_done": "Apologised."}
    fields |= {"customer_agreed": True, **({"regime": said} if said else {})}
    desk.step(desk.log(), "T13", **fields)
    made = last(desk, server)
    assert refused(server, made, head={**made.payload["head"], "regime": set_})["fields"] == ["regime"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_decision_whose_letter_lacks_a_sentence_of_the_regime_is_not_told(
    desk: MirroredDesk, server: Any, language: str
) -> None:
    row = at_work(desk, regime="UK-8W")
    row = desk.step(row, "T8", **PROPOSAL)
    said = [each.in_language("en") for each in desk.rules().rules.regimes["UK-8W"].sentences]
    letter = desk.letter(row, "decision", "\n".join(said))
    desk.step(row, "T9", DORA, proposal_version=1, letter_id=letter, sent_via="letter")
    made = next(each for each in reversed(desk.done) if each[0].kind == "complaint.step")
    lay_out(server, made[1])
    judge(server, made[0])
    server.execute("UPDATE crm.letter SET text = %s, language = %s", ("\n".join(said[1:]), language))
    answer = refused(server, made[0])
    assert answer["rejected"] == "illegal"
    assert answer["why"] == "The letter lacks what the regime demands: {names}."
    wanted = [each.in_language(language) for each in desk.rules().rules.regimes["UK-8W"].sentences]
    lacking = wanted if language == "zh" else wanted[:1]
    assert answer["values"]["names"] == " · ".join(lacking)
