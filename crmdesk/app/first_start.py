"""The first start of a desk: asks, makes the profile off the GUI thread, shows the recovery code once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from PySide6.QtCore import QEventLoop, QLocale, QObject

from crmdesk.services.executor import Lane
from crmdesk.services.profile import new_profile
from crmdesk.services.starter import furnish
from crmdesk.services.telephony.site import SECRET_NAME
from crmdesk.settings import policy_path, read_policy
from crmdesk.ui.bridge import Bridge
from crmdesk.ui.look import dress
from crmdesk.ui.operations import Operations
from crmdesk.ui.translation import CHINESE, ENGLISH
from crmdesk.ui.views.first_start import FirstStartView
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from crmdesk.services.profile import FirstStart, Profile
    from crmdesk.ui.views.first_start import FirstAnswers


@dataclass(frozen=True, slots=True)
class Begun:
    """How a first start ended: with a desk, with the wish to see the demo, or with nothing.

    ``unseen_code`` is the recovery code when the window was closed before anybody said it was written down.
    """

    profile: Profile | None = None
    unseen_code: str = ""
    demo: bool = False


class Beginning(QObject):
    """One first start.

    Args:
        app: Qt's application, dressed here.
        path: the folder of the profile to be made.
        environment: where ``CRMDESK_KEY_FILE`` may name the place of secrets.
        policy: IT's file; the usual place by default.

    Raises:
        FileFault: IT's policy is wrong.
    """

    def __init__(
        self,
        app: QApplication,
        path: Path,
        environment: Mapping[str, str] = os.environ,
        policy: Path | None = None,
    ) -> None:
        super().__init__()
        self._path = path
        self._environment = environment
        chinese = QLocale.system().language() == QLocale.Language.Chinese
        fixed = read_policy(policy or policy_path())
        language = str(fixed.get("language") or (CHINESE if chinese else ENGLISH))
        look = dress(app, language, str(fixed.get("theme") or "light"))
        self._words = look.words
        self._bridge = Bridge(self)
        self._operations = Operations(self._bridge)
        self._lane = Lane("first-start")
        self._loop = QEventLoop(self)
        self._first: FirstStart | None = None
        self._begun = Begun()
        self.view = FirstStartView(look.ink, look.words, str(path), frozenset(fixed))
        self.view.answered.connect(self._on_answered)
        self.view.demo_wanted.connect(self._on_demo)
        self.view.written_down.connect(self._on_written_down)
        self.view.closed.connect(self._on_closed)

    def run(self) -> Begun:
        """Ask, and return when that is over; the window is gone then."""
        self.view.show()
        self._loop.exec()
        self._lane.close()
        self._bridge.close()
        self.view.hide()
        self.view.deleteLater()
        return self._begun

    def _on_answered(self, answers: FirstAnswers) -> None:
        self._operations.run(self._lane.run(self._make, answers), self._on_made, failed=self._on_failed)

    def _make(self, answers: FirstAnswers) -> FirstStart:
        """Make the profile, or finish what an earlier attempt left half-way; on the lane."""
        if self._first is None:
            self._first = new_profile(self._path, settings=answers.settings, environment=self._environment)
        else:
            self._first.profile.change_settings("it", answers.settings)
        profile = self._first.profile
        if answers.password:
            profile.secrets.set(profile.id, SECRET_NAME, answers.password)
        furnish(profile)
        return self._first

    def _on_made(self, first: FirstStart) -> None:
        self._begun = Begun(first.profile, first.recovery_code)
        self.view.show_code(first.recovery_code)

    def _on_failed(self, error: BaseException) -> None:
        self.view.show_trouble(self._words.error(error))

    def _on_written_down(self) -> None:
        self._begun = Begun(self._begun.profile)
        self._loop.quit()

    def _on_demo(self) -> None:
        self._begun = Begun(demo=True)
        self._loop.quit()

    def _on_closed(self) -> None:
        if self._first is not None:
            self._begun = Begun(self._first.profile, self._first.recovery_code)
        self._loop.quit()
