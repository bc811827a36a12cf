"""What the window asks of a complaint besides its steps: letters, follow-up calls, actions, figures.

Loaded when the first of these is wanted; the services with the first request, on its lane.
"""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from crmdesk.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from uuid import UUID

    from PySide6.QtGui import QImage

    from crmdesk.models.types import Clock
    from crmdesk.services.complaints.actions import ActionFields
    from crmdesk.services.complaints.correspondence import KeptLetter, LetterDraft
    from crmdesk.services.complaints.figures import Figures
    from crmdesk.services.complaints.follow_up import FollowUpSheet
    from crmdesk.services.complaints.letter_case import LetterWanted, Sender
    from crmdesk.services.complaints.letters import LetterCase
    from crmdesk.services.complaints.press import Press, Printed
    from crmdesk.services.complaints.procedure import House
    from crmdesk.services.complaints.surveys import Answers
    from crmdesk.services.store.store import Store

T = TypeVar("T")
PICTURE_WIDTH = 760
"""Pixels a page is wide on the screen."""
PICTURES = 20
"""So many pages of a letter are painted: a picture takes 3 MB, and who looks further saves the file."""


@dataclass(frozen=True)
class Proof:
    """A letter as it would leave the printer, with pictures of its first :data:`PICTURES` sheets."""

    printed: Printed
    pictures: tuple[QImage, ...]


class Aftercare(Protocol):
    """What is done around a complaint. Any thread may complete the futures."""

    def draft_letter(self, wanted: LetterWanted) -> Future[LetterDraft]:
        """Ask for the words of a letter; no kind: the one that fits the complaint."""
        ...

    def proof(self, kind: str, case: LetterCase, plain: str) -> Future[Proof]:
        """Typeset a letter; fails with InvalidInput while it lacks what it must say."""
        ...

    def keep_letter(self, wanted: LetterWanted, plain: str, digest: str, letter_id: UUID) -> Future[None]:
        """Keep a letter that was printed."""
        ...

    def send_letter(self, letter_id: UUID, sent_via: str) -> Future[None]:
        """Write down that a letter left the house."""
        ...

    def mark_remedy(self, remedy_id: UUID) -> Future[None]:
        """Write down that a remedy was carried out now."""
        ...

    def kept_letter(self, letter_id: UUID) -> Future[tuple[KeptLetter, Proof]]:
        """Ask for a letter that was kept, printed again."""
        ...

    def write_file(self, path: Path, content: bytes) -> Future[None]:
        """Write a letter to a file that the agent chose."""
        ...

    def write_sheet(self, path: Path, rows: Iterable[Sequence[str]]) -> Future[int]:
        """Write a table to a CSV file that the agent chose; *rows* are taken on the lane."""
        ...

    def follow_up(self, complaint_id: UUID) -> Future[FollowUpSheet]:
        """Ask for what is needed to ask the customer afterwards."""
        ...

    def nobody_answered(self, complaint_id: UUID, version: int) -> Future[None]:
        """Write down an attempt that reached nobody; *version* of the task as it was seen."""
        ...

    def answered(self, complaint_id: UUID, answers: Answers, survey_id: UUID) -> Future[None]:
        """Keep what the customer answered."""
        ...

    def save_action(self, complaint_id: UUID, action: ActionFields, action_id: UUID) -> Future[None]:
        """Keep a corrective action."""
        ...

    def figures(self) -> Future[Figures]:
        """Ask for the figures of the last 90 days."""
        ...

    def rest(self) -> None:
        """No letter is open any more: let go of what printing takes."""
        ...


class LocalAftercare:
    """The services of one desk behind :class:`Aftercare`.

    Args:
        store: the desk's store.
        house: tells where complaints are handled.
        sender: tells the house as its letters name it.
        run: runs what touches files, on a lane.
    """

    def __init__(
        self,
        store: Store,
        house: Callable[[], House],
        sender: Callable[[], Sender],
        run: Callable[..., Future[Any]],
    ) -> None:
        self._store = store
        self._house = house
        self._sender = sender
        self._run = run
        self._press: Press | None = None

    def draft_letter(self, wanted: LetterWanted) -> Future[LetterDraft]:
        """Ask for the words of a letter."""
        return self._store.read(_draft, wanted, self._house, self._sender, self._clock)

    def proof(self, kind: str, case: LetterCase, plain: str) -> Future[Proof]:
        """Typeset a letter."""
        from crmdesk.services.complaints.letter_text import read_text
        from crmdesk.ui.local_desk import then

        return then(self._printer().print(kind, case, read_text(plain, case.language)), _proof)

    def keep_letter(self, wanted: LetterWanted, plain: str, digest: str, letter_id: UUID) -> Future[None]:
        """Keep a letter that was printed."""
        return self._write(_keep_letter, self._house, self._sender, wanted, plain, digest, letter_id)

    def send_letter(self, letter_id: UUID, sent_via: str) -> Future[None]:
        """Write down that a letter left the house."""
        return self._write(_send_letter, self._house, letter_id, sent_via)

    def mark_remedy(self, remedy_id: UUID) -> Future[None]:
        """Write down that a remedy was carried out now."""
        return self._write(_mark_remedy, remedy_id)

    def kept_letter(self, letter_id: UUID) -> Future[tuple[KeptLetter, Proof]]:
        """Ask for a letter that was kept, printed again."""
        return self._run(self._print_again, letter_id)

    def write_file(self, path: Path, content: bytes) -> Future[None]:
        """Write a letter to a file that the agent chose."""
        return self._run(_write_file, path, content)

    def write_sheet(self, path: Path, rows: Iterable[Sequence[str]]) -> Future[int]:
        """Write a table to a CSV file that the agent chose."""
        from crmdesk.services.exchange.sheets import write_sheet

        return self._run(write_sheet, path, rows)

    def follow_up(self, complaint_id: UUID) -> Future[FollowUpSheet]:
        """Ask for what is needed to ask the customer afterwards."""
        return self._store.read(_sheet, complaint_id, self._house, self._clock)

    def nobody_answered(self, complaint_id: UUID, version: int) -> Future[None]:
        """Write down an attempt that reached nobody."""
        return self._write(_nobody_answered, self._house, complaint_id, version)

    def answered(self, complaint_id: UUID, answers: Answers, survey_id: UUID) -> Future[None]:
        """Keep what the customer answered."""
        return self._write(_answered, complaint_id, answers, survey_id)

    def save_action(self, complaint_id: UUID, action: ActionFields, action_id: UUID) -> Future[None]:
        """Keep a corrective action."""
        return self._write(_save_action, complaint_id, action, action_id)

    def figures(self) -> Future[Figures]:
        """Ask for the figures of the last 90 days."""
        return self._store.read(_figures, self._house, self._clock)

    def rest(self) -> None:
        """Let the process that prints end."""
        if self._press is not None:
            self._press.close()

    @property
    def _clock(self) -> Clock:
        return self._store.author.now

    def _write(self, use_case: Callable[..., Any], *arguments: Any) -> Future[None]:
        from crmdesk.ui.local_desk import nothing

        return nothing(self._store.write(use_case, *arguments))

    def _printer(self) -> Press:
        from crmdesk.services.complaints.press import Press

        if self._press is None:
            self._press = Press()
        return self._press

    def _print_again(self, letter_id: UUID) -> tuple[KeptLetter, Proof]:
        kept = self._store.read(_kept, letter_id, self._house, self._sender).result()
        return kept, _proof(self._printer().print(kept.kind, kept.case, kept.text, kept=True).result())


def _proof(printed: Printed) -> Proof:
    from crmdesk.ui.letter_picture import letter_picture

    pages = printed.pages[:PICTURES]
    return Proof(printed, tuple(letter_picture(page, PICTURE_WIDTH) for page in pages))


def _write_file(path: Path, content: bytes) -> None:
    from crmdesk.services.complaints.press import write_file

    write_file(path, content)


def _rules(connection: Any, house: Callable[[], House]) -> Any:
    from crmdesk.services.complaints.procedure import procedure

    return procedure(connection, house())


def _rows(connection: Any) -> Any:
    from crmdesk.services.store.rows import StoredRows

    return StoredRows(connection)


def _draft(
    connection: Any,
    wanted: LetterWanted,
    house: Callable[[], House],
    sender: Callable[[], Sender],
    clock: Clock,
) -> LetterDraft:
    from crmdesk.services.complaints.correspondence import draft_letter

    rules = _rules(connection, house)
    return draft_letter(_rows(connection), connection, rules, sender(), wanted, clock())


def _kept(
    connection: Any, letter_id: UUID, house: Callable[[], House], sender: Callable[[], Sender]
) -> KeptLetter:
    from crmdesk.services.complaints.correspondence import kept_letter

    rules = _rules(connection, house)
    return kept_letter(_rows(connection), connection, rules, sender(), letter_id)


def _keep_letter(
    work: Any,
    house: Callable[[], House],
    sender: Callable[[], Sender],
    wanted: LetterWanted,
    plain: str,
    digest: str,
    letter_id: UUID,
) -> None:
    from crmdesk.services.complaints.correspondence import make_letter

    rules = _rules(work.connection, house)
    make_letter(work, rules, sender(), wanted, plain, digest, letter_id)


def _send_letter(work: Any, house: Callable[[], House], letter_id: UUID, sent_via: str) -> None:
    from crmdesk.services.complaints.correspondence import send_letter

    send_letter(work, _rules(work.connection, house), letter_id, sent_via)


def _mark_remedy(work: Any, remedy_id: UUID) -> None:
    from crmdesk.services.complaints.remedies import mark_remedy

    mark_remedy(work, remedy_id)


def _sheet(connection: Any, complaint_id: UUID, house: Callable[[], House], clock: Clock) -> FollowUpSheet:
    from crmdesk.services.complaints.follow_up import follow_up_sheet

    return follow_up_sheet(_rows(connection), _rules(connection, house), complaint_id, clock())


def _nobody_answered(work: Any, house: Callable[[], House], complaint_id: UUID, version: int) -> None:
    from crmdesk.services.complaints.follow_up import nobody_answered

    nobody_answered(work, _rules(work.connection, house), complaint_id, version)


def _answered(work: Any, complaint_id: UUID, answers: Answers, survey_id: UUID) -> None:
    from crmdesk.services.complaints.follow_up import answered

    answered(work, complaint_id, answers, survey_id)


def _save_action(work: Any, complaint_id: UUID, action: ActionFields, action_id: UUID) -> None:
    from crmdesk.services.complaints.actions import save_action

    save_action(work, complaint_id, action, action_id)


def _figures(connection: Any, house: Callable[[], House], clock: Clock) -> Figures:
    from crmdesk.services.complaints.figures import figures

    return figures(connection, _rules(connection, house), clock())
