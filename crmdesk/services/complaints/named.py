"""What a step names has to be there and fit: the letter that tells it, the survey, the new owner."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from crmdesk.errors import InvalidInput, NotFound
from crmdesk.models.operations import Rows
from crmdesk.models.sending import TOLD_BY
from crmdesk.models.wire import Json
from crmdesk.services.complaints.correspondence import letter_of

TAKE_NO_STEPS = frozenset({"administrator", "auditor"})


def check_named(rows: Rows, transition: str, payload: Mapping[str, Json], complaint_id: UUID) -> None:
    """Refuse a step of a complaint whose *payload* names what does not fit.

    Raises:
        InvalidInput: a letter that tells something else, or an owner who may take no steps.
        NotFound: a letter or survey that is not here or about another complaint.
    """
    letter, survey = payload.get("letter_id"), payload.get("survey_id")
    if letter:
        kind = letter_of(rows, UUID(letter), complaint_id)["kind"]
        if kind not in TOLD_BY.get(transition, (kind,)):
            raise InvalidInput(
                "This letter does not tell the decision. Make the one that does first.", fields=("letter_id",)
            )
    if survey:
        _check_survey(rows, UUID(survey), complaint_id)
    for field in ("owner", "to"):
        if payload.get(field):
            _check_owner(rows, field, UUID(payload[field]))


def _check_survey(rows: Rows, survey_id: UUID, complaint_id: UUID) -> None:
    row = rows.get("survey", survey_id)
    if row is None:
        raise NotFound("This {what} is not here any more.", what="survey", fields=("survey_id",))
    if row["complaint_id"] != complaint_id:
        raise NotFound(
            "This survey is about another complaint. Choose one about this complaint.", fields=("survey_id",)
        )


def _check_owner(rows: Rows, field: str, agent_id: UUID) -> None:
    row = rows.get("agent", agent_id)
    if row is not None and (row["role"] in TAKE_NO_STEPS or not row["active"]):
        raise InvalidInput(
            "{name} handles no complaints. Choose another owner.",
            fields=(field,),
            name=row["name_en"] or row["name_zh"] or row["login"],
        )
