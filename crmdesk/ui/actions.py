"""The keyboard map as data, and the actions Qt makes of it.

Rules: nothing on Ctrl+Alt (AltGr types @ and ę), on keys of input methods (Ctrl+Space, Shift, Ctrl+.), no
plain letters outside lists, F10 and Alt+letter stay with the menu; nothing fires while an input method
composes. `tests/ui/test_actions.py` checks the map against these rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu

from crmdesk.ui.translation import word
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from PySide6.QtWidgets import QMenuBar, QWidget

    from crmdesk.ui.translation import Words
    from crmdesk.ui.widgets.inputs import Composing


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that can be done: its id, menu, words and keys, the first of which is shown.

    ``yields``: a text input that has the keyboard keeps these keys for itself. ``short``: the words on a
    button, where what it is about stands beside it.
    """

    id: str
    menu: str
    text: str
    keys: tuple[str, ...] = ()
    tip: str = ""
    yields: bool = False
    short: str = ""


CALL, CUSTOMER, WORK, VIEW, HELP = (
    word("&Call"),
    word("C&ustomer"),
    word("&Work"),
    word("&View"),
    word("&Help"),
)
MENUS = (CALL, CUSTOMER, WORK, VIEW, HELP)

COMMANDS: tuple[Command, ...] = (
    Command(
        "open-caller",
        CALL,
        word("Open the caller"),
        ("Ctrl+Down",),
        word("Shows the record of the call in the band"),
    ),
    Command("slot-1", CALL, word("Call in slot 1"), ("Ctrl+1",)),
    Command("slot-2", CALL, word("Call in slot 2"), ("Ctrl+2",)),
    Command("slot-3", CALL, word("Call in slot 3"), ("Ctrl+3",)),
    Command("slot-4", CALL, word("Call in slot 4"), ("Ctrl+4",)),
    Command("choose-1", CALL, word("It is the first person"), ("Alt+1",)),
    Command("choose-2", CALL, word("It is the second person"), ("Alt+2",)),
    Command("choose-3", CALL, word("It is the third person"), ("Alt+3",)),
    Command("choose-4", CALL, word("It is the fourth person"), ("Alt+4",)),
    Command("choose-5", CALL, word("It is the fifth person"), ("Alt+5",)),
    Command(
        "not-him",
        CALL,
        word("Not this person"),
        ("Ctrl+Shift+W",),
        word("Moves call and note away from this record"),
    ),
    Command(
        "always-ask",
        CALL,
        word("Always ask"),
        ("Ctrl+Shift+K",),
        word("Asks who calls whenever this number rings"),
    ),
    Command("only-this", CALL, word("Number belongs to this person only"), ("Ctrl+Shift+O",)),
    Command(
        "call-back", CALL, word("Call back now"), ("Ctrl+Shift+B",), word("Dials the number of this call")
    ),
    Command(
        "finish", CALL, word("Finish"), ("F12",), word("Ends the wrap-up; without a call: ready or paused")
    ),
    Command("stretch", CALL, word("More time"), ("Ctrl+Shift+T",), word("One minute more for the wrap-up")),
    Command(
        "find",
        CUSTOMER,
        word("Find anything"),
        ("Ctrl+K", "F2"),
        word("Names, pinyin, numbers, plates, VINs, commands"),
    ),
    Command(
        "new-person",
        CUSTOMER,
        word("New person"),
        ("Ctrl+N",),
        word("Opens a record for whoever calls, or for somebody else"),
    ),
    Command(
        "edit-person",
        CUSTOMER,
        word("Change the record"),
        ("Ctrl+E",),
        word("Name, tier, language, preferred channel, hint"),
    ),
    Command(
        "verify",
        CUSTOMER,
        word("Verify the caller"),
        ("Ctrl+Shift+V",),
        word("Goes to the facts to ask; once more shows what is covered"),
    ),
    Command(
        "load-history",
        CUSTOMER,
        word("Load all"),
        ("Ctrl+Shift+E",),
        word("Fetches the older history of this customer from the server"),
    ),
    Command("home", CUSTOMER, word("My worklist"), ("Ctrl+Shift+H",)),
    Command(
        "complaints",
        CUSTOMER,
        word("Complaints"),
        ("Ctrl+Shift+M",),
        word("Mine, my team's, what waits for a yes, everybody's; by their next clock"),
    ),
    Command(
        "hand-over",
        WORK,
        word("Hand over complaints"),
        ("Ctrl+Shift+G",),
        word("Those marked in the list, with a reason"),
    ),
    Command(
        "export-list",
        WORK,
        word("Save as CSV"),
        ("Ctrl+Shift+X",),
        word("The complaints of the list as shown, or the clocks beside it, for a spreadsheet program"),
    ),
    Command("answers", WORK, word("Answers"), ("F3",), word("Search the knowledge base for this call")),
    Command("note", WORK, word("Note of this call"), ("F7",)),
    Command("follow-up", WORK, word("Call-back or task"), ("F9",)),
    Command(
        "complaint",
        WORK,
        word("Complaint"),
        ("F8",),
        word("Writes a complaint down beside the record; again: back to the record"),
    ),
    Command(
        "remedy",
        WORK,
        word("Solved on the call"),
        ("Ctrl+R",),
        word("Unfolds what was done, what the customer gets and what you may promise"),
    ),
    Command("wrap-up", WORK, word("How the call ended"), ("Ctrl+Shift+D",)),
    Command("go-on", WORK, word("Save and go on"), ("Ctrl+Return", "Ctrl+Enter")),
    Command("save", WORK, word("Save and stay"), ("Ctrl+S",), word("Saving is automatic anyway")),
    Command(
        "complaint-steps",
        WORK,
        word("Steps of the complaint"),
        ("Ctrl+Shift+N",),
        word("All steps from here, and why some cannot be taken"),
        short=word("Steps"),
    ),
    Command(
        "undo",
        WORK,
        word("Undo the last step"),
        ("Ctrl+Z",),
        word("Takes back what was done to the complaint shown, for a minute"),
        yields=True,
        short=word("Undo"),
    ),
    Command(
        "tell-standing",
        WORK,
        word("Told how it stands"),
        ("Ctrl+Shift+R",),
        word("Writes down that the caller heard the sentence shown; the next update counts from now"),
    ),
    Command(
        "attach-file",
        WORK,
        word("Attach a file"),
        ("Ctrl+Shift+F",),
        word("To the complaint shown or written down; dropping it there or pasting does the same"),
    ),
    Command(
        "paste-file",
        WORK,
        word("Paste a picture or file"),
        ("Ctrl+V",),
        word("From the clipboard into the complaint shown or written down; words go where you type"),
        yields=True,
    ),
    Command(
        "letter",
        WORK,
        word("Letter about the complaint"),
        ("Ctrl+P",),
        word("Writes the letter that fits, shows it as it is printed, keeps and saves it"),
        short=word("Letter"),
    ),
    Command(
        "corrective-action",
        WORK,
        word("Corrective action"),
        ("Ctrl+Shift+A",),
        word("What is done so that the cause does not come back, by whom, until when"),
    ),
    Command(
        "copy-number",
        WORK,
        word("Copy the number"),
        ("Ctrl+Shift+C",),
        word("Of the complaint shown, as it is written"),
    ),
    Command(
        "copy-spoken",
        WORK,
        word("Copy the number as it is told"),
        ("Alt+Shift+C",),
        word("In groups, to be read out on the telephone"),
    ),
    Command(
        "help",
        WORK,
        word("Ask for help"),
        ("F4",),
        word("Asks a supervisor, a colleague or a team; shows who comes"),
    ),
    Command(
        "go-help",
        WORK,
        word("Go to who asks for help"),
        ("Shift+F4",),
        word("Tells that you come and opens the record"),
    ),
    Command(
        "sharing",
        VIEW,
        word("Sharing with the server"),
        ("Ctrl+Shift+S",),
        word("What waits, what was not accepted, what needs your choice"),
    ),
    Command("next-pane", VIEW, word("Next pane"), ("F6",)),
    Command("previous-pane", VIEW, word("Previous pane"), ("Shift+F6",)),
    Command("language", VIEW, word("中文 / English"), ("Ctrl+Shift+L",)),
    Command("theme", VIEW, word("Light or dark"), ("Ctrl+Shift+Y",)),
    Command("leave", VIEW, word("Close the side"), ("Esc",), word("Never discards anything")),
    Command(
        "join",
        HELP,
        word("Join or leave a shared database"),
        ("Ctrl+Shift+J",),
        word("Puts this desk on the server of your organisation, or takes it off"),
    ),
    Command("keys", HELP, word("Keys of this screen"), ("F1", "Ctrl+/")),
    Command("quit", HELP, word("Quit"), ("Ctrl+Q",)),
)


class Actions:
    """One action for each command, in the menu with its key.

    Args:
        window: where the keys count.
        run: called with the id of the command.
        composing: while it is active nothing runs.
    """

    def __init__(
        self,
        window: QWidget,
        words: Words,
        composing: Composing,
        run: Callable[[str], None],
        commands: Iterable[Command] = COMMANDS,
    ) -> None:
        self._composing = composing
        self._run = run
        self.commands = tuple(commands)
        self._actions = {command.id: self._make(window, words, command) for command in self.commands}
        window.addActions(list(self._actions.values()))

    def __getitem__(self, command_id: str) -> QAction:
        return self._actions[command_id]

    def keys(self) -> set[QKeySequence]:
        """Return all keys taken that no text input may keep."""
        taken = (self[command.id] for command in self.commands if not command.yields)
        return {key for action in taken for key in action.shortcuts()}

    def fill(self, bar: QMenuBar, words: Words) -> None:
        """Put every action into its menu."""
        for title in MENUS:
            menu = QMenu(bar)
            words.bind(menu.setTitle, title)
            words.bind(menu.setAccessibleName, title)
            menu.addActions([self[command.id] for command in self.commands if command.menu == title])
            bar.addMenu(menu)

    def trigger(self, command_id: str) -> None:
        """Run a command unless an input method is composing."""
        if not self._composing.active:
            self._run(command_id)

    def _make(self, window: QWidget, words: Words, command: Command) -> QAction:
        action = QAction(window)
        words.bind(action.setText, command.text)
        words.bind(action.setIconText, command.short or command.text)
        words.bind(action.setStatusTip, command.tip or command.text)
        action.setShortcuts([QKeySequence(key) for key in command.keys])
        action.setAutoRepeat(False)
        action.triggered.connect(lambda: self.trigger(command.id))
        return action
