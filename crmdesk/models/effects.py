"""The closed list of operation kinds and the one pure :func:`apply` for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from crmdesk.errors import Bug
from crmdesk.models import (
    agent,
    article,
    asset,
    attachment,
    call,
    choice,
    complaint,
    complaint_effects,
    customer,
    interaction,
    note,
    task,
    visit,
)
from crmdesk.models.operations import Effect, Operation, RowChange, Rows, RowsInMemory

EFFECTS: Mapping[str, Effect] = MappingProxyType(
    {
        "customer.create": customer.create_customer,
        "customer.change": customer.change_customer,
        "contact_point.add": customer.add_point,
        "contact_point.change": customer.change_point,
        "contact_point.drop": customer.drop_point,
        "contact.save": customer.save_contact,
        "asset.create": asset.create_asset,
        "asset.change": asset.change_asset,
        "visit.record": visit.recorded_visit,
        "visit.change": visit.changed_visit,
        "call.seen": call.seen,
        "call.wrap_up": call.wrapped_up,
        "call.assign": call.assigned,
        "call.verify": call.verified,
        "note.append": note.appended,
        "task.open": task.opened,
        "task.change": task.changed,
        "article.save": article.saved,
        "article.mark": article.marked,
        "choice.remember": choice.remembered,
        "code.save": agent.saved_code,
        "complaint.step": complaint_effects.stepped,
        "complaint.approve": complaint_effects.approved,
        "letter.make": complaint_effects.letter_made,
        "letter.send": complaint_effects.letter_sent,
        "survey.record": complaint_effects.survey_recorded,
        "action.save": complaint_effects.action_saved,
        "remedy.mark": complaint_effects.remedy_marked,
        "attachment.add": attachment.attached,
    }
)

ENTITIES: Mapping[str, type] = MappingProxyType(
    {
        **agent.CODE_TABLES,
        "customer": customer.Customer,
        "contact_point": customer.ContactPoint,
        "contact": customer.Contact,
        "asset": asset.Asset,
        "service_visit": visit.ServiceVisit,
        "visit_item": visit.VisitItem,
        "call": call.Call,
        "call_leg": call.CallLeg,
        "note": note.Note,
        "task": task.Task,
        "article": article.Article,
        "article_use": article.ArticleUse,
        "article_feedback": article.ArticleFeedback,
        "number_choice": choice.NumberChoice,
        "interaction": interaction.Interaction,
        "complaint": complaint.Complaint,
        "complaint_body": complaint.ComplaintBody,
        "complaint_event": complaint.ComplaintEvent,
        "clock_line": complaint.ClockLine,
        "remedy_line": complaint.RemedyLine,
        "approval": complaint.Approval,
        "letter": complaint.Letter,
        "survey": complaint.Survey,
        "corrective_action": complaint.CorrectiveAction,
        "attachment": attachment.Attachment,
    }
)
"""The entity behind each table that operations change."""

OF_TEAMS = tuple(
    table for table, entity in ENTITIES.items() if {"team_id", "author"} <= entity.__annotations__.keys()
)
"""Tables whose rows may be for one team only, and for whoever wrote them."""


def apply(rows: Rows, operation: Operation) -> tuple[RowChange, ...]:
    """Return the rows that *operation* writes, in order, each as it stands afterwards.

    Pure: looks only at *rows* and *operation*. A row touched twice stands in the result once, as last.

    Raises:
        Bug: the kind is unknown, so a newer program described the operation.
    """
    effect = EFFECTS.get(operation.kind)
    if effect is None:
        raise Bug("This program does not know the operation {kind}.", kind=operation.kind)
    laid: dict[tuple[str, object], RowChange] = {}
    for change in effect(rows, operation):
        laid[change.table, change.id] = change
    return tuple(laid.values())


def replay(operations: tuple[Operation, ...]) -> RowsInMemory:
    """Return the rows that *operations* give when applied to nothing, in order."""
    rows = RowsInMemory()
    for operation in operations:
        rows.changed(apply(rows, operation))
    return rows
