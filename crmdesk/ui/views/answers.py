"""Right: answers that fit, and the article as it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout

from crmdesk.ui.delegates.answers import AnswerDelegate
from crmdesk.ui.itemmodels.rows import RowsModel
from crmdesk.ui.painting import plain
from crmdesk.ui.translation import word
from crmdesk.ui.views.article import ArticleView
from crmdesk.ui.views.stage import Stage
from crmdesk.ui.widgets.inputs import SearchBox
from crmdesk.ui.widgets.lists import ListPane
from crmdesk.ui.widgets.pane import Pane

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from crmdesk.models.screen_pop import Article
    from crmdesk.models.worklist import Answer
    from crmdesk.ui.moments import Moments
    from crmdesk.ui.painting import Ink
    from crmdesk.ui.translation import Words
    from crmdesk.ui.widgets.inputs import Composing, Reserved

_SEARCH_MS = 30


class AnswersPane(Pane):
    """Search box, ranked list, reading view.

    Signals:
        searched(str): the words changed (throttled to the last ones).
        reading_wanted(Answer): Enter on an answer.
        used(Answer): Ctrl+Enter on an answer or in the article.
    """

    searched = Signal(str)
    reading_wanted = Signal(object)
    used = Signal(object)

    def __init__(
        self,
        ink: Ink,
        words: Words,
        moments: Moments,
        composing: Composing,
        reserved: Reserved,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(ink, parent)
        self._words = words
        self.model: RowsModel[Answer] = RowsModel(self._spoken, self)
        self.search = SearchBox(composing, reserved, self)
        self.list = ListPane(ink, self)
        self._delegate = AnswerDelegate(ink, words, self.list)
        self.list.setModel(self.model)
        self.list.setItemDelegate(self._delegate)
        self.article = ArticleView(ink, words, moments, self)
        self._pages = Stage(self)
        self._pages.add(self.list)
        self._pages.add(self.article)
        self._pages.present(self.list)
        row = QHBoxLayout()
        row.setContentsMargins(11, 0, 11, 8)
        row.addWidget(self.search)
        self.content.addLayout(row)
        self.content.addWidget(self._pages, 1)
        self._throttle = QTimer(self, singleShot=True, interval=_SEARCH_MS)
        self._throttle.timeout.connect(lambda: self.searched.emit(self.search.text().strip()))
        self._name(words)
        self.search.textEdited.connect(self._on_edited)
        self.search.steered.connect(self._on_steered)
        self.search.entered.connect(self.read_current)
        self.list.entered_row.connect(lambda row: self.reading_wanted.emit(self.model.rows[row]))
        self.list.let_compose(True)
        self.list.typed.connect(self._on_typed)

    def _name(self, words: Words) -> None:
        words.bind(self.set_heading, word("Answers"))
        words.bind(self.search.setPlaceholderText, word("Words, pinyin or initials"))
        words.bind(self.search.setAccessibleName, word("Search the answers"))
        words.bind(
            self.search.setAccessibleDescription,
            word("Arrows choose an answer, Enter reads it, Ctrl+Enter takes it into the note"),
        )
        words.bind(self.list.setAccessibleName, word("Answers, best first"))
        words.bind(
            self.list.setAccessibleDescription, word("Enter reads, Ctrl+Enter takes the answer into the note")
        )
        words.bind(
            self.list.set_hint,
            word("No answer found.\nTry fewer words, another word, or the name of the part."),
        )
        words.changed.connect(self._say_keys)
        self._say_keys()

    @property
    def reading(self) -> bool:
        """Whether an article is open."""
        return self._pages.shown is self.article

    def current(self) -> Answer | None:
        """Return the answer that Enter or Ctrl+Enter means: the chosen one, else the best."""
        row = max(0, self.list.current_row())
        return self.model.rows[row] if self.model.rows else None

    def show_answers(self, answers: tuple[Answer, ...], used: frozenset[object]) -> None:
        """Show these, best first."""
        self._delegate.used = used
        self.model.show(answers)

    def begin(
        self, answers: tuple[Answer, ...], used: frozenset[object], search: str, article: Article | None
    ) -> None:
        """Show another record's answers with the words searched there and the article read there."""
        self._throttle.stop()
        if self.search.text() != search:
            self.search.setText(search)
        self.show_answers(answers, used)
        if article is None:
            self._pages.present(self.list)
            self._say_keys()
        else:
            self.read(article)

    def mark_used(self, used: frozenset[object]) -> None:
        """Show a tick at the answers used."""
        self._delegate.used = used
        self.list.viewport().update()

    def read(self, article: Article) -> None:
        """Open the reading view."""
        had_focus = self.list.hasFocus()
        self.article.show_article(article)
        self._pages.present(self.article)
        self._say_keys()
        if had_focus:
            self.article.setFocus(Qt.FocusReason.OtherFocusReason)

    def close_article(self) -> bool:
        """Go back to the list; return whether an article was open."""
        if not self.reading:
            return False
        had_focus = self.article.hasFocus()
        self._pages.present(self.list)
        self._say_keys()
        if had_focus:
            self.list.setFocus(Qt.FocusReason.OtherFocusReason)
        return True

    def read_current(self) -> None:
        """Enter: read the chosen answer."""
        answer = self.current()
        if answer is not None:
            self.reading_wanted.emit(answer)

    def to_search(self) -> None:
        """Put the keyboard into the search box."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def owns_focus(self) -> bool:
        """Return whether the keyboard is somewhere in this pane."""
        return any(part.hasFocus() for part in (self.search, self.list, self.article))

    def _say_keys(self) -> None:
        tr = self._words.tr
        reading = tr("Ctrl+Enter uses · Esc goes back")
        self.set_aside(reading if self.reading else tr("Enter reads · Ctrl+Enter uses"))

    def _on_edited(self, text: str) -> None:
        self._throttle.start()

    def _on_steered(self, step: int) -> None:
        row = self.list.current_row()
        last = len(self.model.rows) - 1
        self.list.choose_row(0 if row < 0 and step > 0 else min(max(0, row + step), last))

    def _on_typed(self, text: str) -> None:
        self.search.setFocus(Qt.FocusReason.OtherFocusReason)
        self.search.setText(text)
        self._throttle.start()

    def _spoken(self, answer: Answer) -> str:
        reasons = [self._words.text(reason) for reason in answer.why]
        return plain(". ".join([answer.title, answer.passage, *reasons]))
