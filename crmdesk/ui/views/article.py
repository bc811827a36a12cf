"""One article as it is read: safety line first, then what to say and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QBrush, QTextBlockFormat, QTextCharFormat, QTextCursor, QTextFrameFormat
from PySide6.QtWidgets import QFrame, QTextEdit

from crmdesk.ui.translation import word
from crmdesk.ui.widgets.scroll_bar import SlimScrollBar

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from crmdesk.models.screen_pop import Article
    from crmdesk.ui.moments import Moments
    from crmdesk.ui.painting import Ink
    from crmdesk.ui.translation import Words


class ArticleView(QTextEdit):
    """Text put together from plain pieces, so that markup in an article stays text."""

    def __init__(self, ink: Ink, words: Words, moments: Moments, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ink = ink
        self._words = words
        self._moments = moments
        self.shown: Article | None = None
        self.setReadOnly(True)
        self.setTabChangesFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBar(SlimScrollBar(ink, self))
        words.bind(self.setAccessibleName, word("Article"))
        words.bind(
            self.setAccessibleDescription,
            word("Ctrl+Enter takes what to say into the note, Esc goes back to the list"),
        )
        ink.changed.connect(self._again)
        words.changed.connect(self._again)

    def show_article(self, article: Article) -> None:
        """Show *article* from its top."""
        self.shown = article
        self.setUndoRedoEnabled(False)
        self.clear()
        self.document().setDocumentMargin(12)
        cursor = self.textCursor()
        theme = self._ink.theme
        self._paragraph(cursor, article.title, head=True, first=True)
        facts = [
            article.external_id,
            ", ".join(article.models),
            self._moments.day(self._moments.day_of(article.updated_at)),
        ]
        self._paragraph(cursor, " · ".join(fact for fact in facts if fact), colour=theme.muted)
        if article.safety:
            self._box(cursor, self._words.tr("Safety first"), article.safety, "breach")
        if article.say_this:
            self._box(cursor, self._words.tr("Say this"), article.say_this, "accent")
        if article.do_this:
            self._box(cursor, self._words.tr("Do this"), article.do_this, "plain")
        if article.body and article.body.strip() not in {article.say_this.strip(), article.do_this.strip()}:
            self._paragraph(cursor, article.body, colour=theme.text)
        cursor.movePosition(QTextCursor.MoveOperation.Start)
        self.setTextCursor(cursor)

    def _paragraph(
        self,
        cursor: QTextCursor,
        text: str,
        *,
        colour: str = "",
        head: bool = False,
        strong: bool = False,
        first: bool = False,
    ) -> None:
        block = QTextBlockFormat()
        block.setBottomMargin(4)
        block.setLineHeight(120, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        look = QTextCharFormat()
        fonts = self._ink.fonts
        look.setFont(fonts.head if head else fonts.strong if strong else fonts.body)
        look.setForeground(QBrush(self._ink.colour(colour or self._ink.theme.text)))
        if first:
            cursor.setBlockFormat(block)
        else:
            cursor.insertBlock(block)
        cursor.insertText(text.strip(), look)

    def _box(self, cursor: QTextCursor, heading: str, text: str, tone: str) -> None:
        colour, soft = self._ink.theme.tone(tone)
        frame = QTextFrameFormat()
        frame.setBackground(QBrush(self._ink.colour(soft)))
        frame.setPadding(8)
        frame.setTopMargin(8)
        frame.setBottomMargin(0)
        cursor.insertFrame(frame)
        self._paragraph(cursor, heading, colour=colour, strong=True, first=True)
        self._paragraph(cursor, text)
        cursor.movePosition(QTextCursor.MoveOperation.End)

    def _again(self) -> None:
        if self.shown is not None:
            place = self.verticalScrollBar().value()
            self.show_article(self.shown)
            self.verticalScrollBar().setValue(place)
