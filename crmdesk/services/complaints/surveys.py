"""What customers answered: recorded once, never changed; the mean of the grades is the satisfaction (CSM)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from crmdesk.errors import InvalidInput, NotFound
from crmdesk.models.metrics import csm
from crmdesk.models.payload import GRADES
from crmdesk.models.rules import clean_text, one_of, required_line, within
from crmdesk.services.complaints.files import fields_of
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.store.unit_of_work import UnitOfWork

AGAIN = ("", "yes", "no", "unsure")
"""Whether the customer would buy again; empty: not asked."""
DEFECTION = ("", "price", "product", "service", "own_change")
"""What drives him away; empty: nothing does, or not asked."""
ITEMS_LIMIT, ITEM_LIMIT = 50, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What was answered: the grade of each item, would he buy again, what drives him away, his words."""

    grades: Mapping[str, int]
    again: str = ""
    defection: str = ""
    words: str = ""


def record_survey(
    work: UnitOfWork,
    answers: Answers,
    complaint_id: UUID | None = None,
    customer_id: UUID | None = None,
    survey_id: UUID | None = None,
) -> UUID:
    """Keep what a customer answered, about a complaint or without one; return the survey's id.

    The same *survey_id* again changes nothing.

    Raises:
        InvalidInput: a grade is none of the seven, or it belongs to nobody.
        NotFound: the complaint or the customer is not here.
    """
    if complaint_id is not None:
        customer_id = customer_id or fields_of(work.stored, complaint_id)["customer_id"]
    elif customer_id is None:
        raise InvalidInput("A survey belongs to a complaint or a customer.", fields=("complaint_id",))
    if customer_id is not None and work.row("customer", customer_id) is None:
        raise NotFound("This {what} is not here any more.", fields=("customer_id",), what="customer")
    fields = {"complaint_id": complaint_id, "customer_id": customer_id, **_checked(answers)}
    row_id = survey_id or work.author.new_id()
    work.do(work.author.describe("survey.record", {"id": row_id, "fields": fields}))
    work.commit()
    return row_id


def _checked(answers: Answers) -> dict[str, object]:
    if len(answers.grades) > ITEMS_LIMIT:
        raise InvalidInput("A survey has {limit} items at most.", fields=("answers",), limit=ITEMS_LIMIT)
    strange = [
        item for item, grade in answers.grades.items() if type(grade) is not int or grade not in GRADES
    ]
    if strange:
        raise InvalidInput(
            "{name}: a grade is one of {grades}.",
            fields=tuple(f"answers.{item}" for item in strange),
            name=", ".join(strange),
            grades=", ".join(map(str, GRADES)),
        )
    items = [(required_line("answers", item, ITEM_LIMIT), grade) for item, grade in answers.grades.items()]
    share = csm(answers.grades.values()).value
    return {
        "answers": [text for item, grade in items for text in (item, str(grade))],
        "csm": None if share is None else round(share),
        "again": one_of("again", answers.again, AGAIN),
        "defection": one_of("defection", answers.defection, DEFECTION),
        "words": within("words", clean_text(answers.words)),
    }
