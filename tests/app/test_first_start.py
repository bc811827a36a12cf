"""The first start: questions, errors that can be tried again, the recovery code, and what is kept."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from crmdesk.app.first_start import Beginning, Begun
from crmdesk.services.profile import is_profile
from crmdesk.services.store.recovery import plain_code
from crmdesk.services.telephony.site import SECRET_NAME, ami_settings
from crmdesk.ui.views.first_start import FirstStartView

CTRL = Qt.KeyboardModifier.ControlModifier


class Newcomer:
    """Somebody at a computer without a profile; ``begin`` runs the first start and presses keys in it."""

    def __init__(self, qtbot: QtBot, app: QApplication, folder: Path) -> None:
        self.qtbot = qtbot
        self.path = folder / "desk"
        self.environment = {"CRMDESK_KEY_FILE": str(folder / "keys.json")}
        self._app = app
        self._policy = folder / "policy.toml"

    def fix(self, policy: str) -> None:
        """Lay IT's policy."""
        self._policy.write_text(policy, encoding="utf-8")

    def begin(self, act: Callable[[FirstStartView], None]) -> Begun:
        """Start, *act* in the window, and return how it ended."""
        beginning = Beginning(self._app, self.path, self.environment, self._policy)
        failed: list[BaseException] = []

        def acting() -> None:
            try:
                beginning.view.activateWindow()
                self.qtbot.waitUntil(beginning.view.isActiveWindow)
                act(beginning.view)
            except BaseException as error:  # noqa: BLE001 - told after the loop, which must end
                failed.append(error)
                beginning.view.wait(False)
                beginning.view.close()

        QTimer.singleShot(0, acting)
        begun = beginning.run()
        if failed:
            raise failed[0]
        return begun

    def start(self, view: FirstStartView) -> None:
        """Press Ctrl+Enter and wait for the recovery code."""
        self.qtbot.keyClick(view, Qt.Key.Key_Return, CTRL)
        self.qtbot.waitUntil(lambda: bool(view.code.text()) or bool(view.trouble.text()), timeout=20_000)


@pytest.fixture
def newcomer(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Newcomer:
    return Newcomer(qtbot, qapp, tmp_path)


def test_one_key_makes_a_desk_and_the_code_is_shown_until_it_was_written_down(newcomer: Newcomer) -> None:
    def act(view: FirstStartView) -> None:
        newcomer.start(view)
        assert len(plain_code(view.code.text())) > 20
        newcomer.qtbot.keyClick(view, Qt.Key.Key_C, CTRL | Qt.KeyboardModifier.ShiftModifier)
        assert QApplication.clipboard().text() == view.code.text()
        newcomer.qtbot.keyClick(view, Qt.Key.Key_Return, CTRL)

    begun = newcomer.begin(act)
    assert begun.profile is not None
    assert begun.unseen_code == ""
    assert begun.profile.settings.text("telephony") == "off"
    begun.profile.close()


def test_the_telephone_system_and_its_password_are_kept_where_they_belong(newcomer: Newcomer) -> None:
    def act(view: FirstStartView) -> None:
        view.telephone.setFocus()
        newcomer.qtbot.keyClick(view.telephone, Qt.Key.Key_Down)
        assert view.lines["telephony_host"].isVisible()
        view.lines["telephony_host"].setText("pbx.example")
        view.lines["telephony_user"].setText("desk")
        view.lines["password"].setText("s3cret")
        view.lines["extension"].setText("1001")
        newcomer.start(view)
        newcomer.qtbot.keyClick(view, Qt.Key.Key_Return, CTRL)

    profile = newcomer.begin(act).profile
    assert profile is not None
    secret = profile.secrets.get(profile.id, SECRET_NAME) or ""
    link = ami_settings(profile.settings, secret)
    assert (link.host, link.port, secret) == ("pbx.example", 5038, "s3cret")
    assert [profile.settings.text(name) for name in ("telephony_user", "extension")] == ["desk", "1001"]
    assert "s3cret" not in profile.layout.settings.read_text(encoding="utf-8")
    profile.close()


def test_what_is_needed_is_asked_for_where_it_is_missing(newcomer: Newcomer) -> None:
    def act(view: FirstStartView) -> None:
        view.telephone.setCurrentIndex(1)
        newcomer.start(view)
        assert view.trouble.text() == "Please fill in: User"
        assert view.lines["telephony_user"].hasFocus()
        view.close()

    begun = newcomer.begin(act)
    assert begun.profile is None
    assert not is_profile(newcomer.path)


def test_trouble_is_a_sentence_and_can_be_tried_again(newcomer: Newcomer) -> None:
    keys = Path(newcomer.environment["CRMDESK_KEY_FILE"])
    keys.write_text("{}", encoding="utf-8")
    os.chmod(keys, 0o644)

    def act(view: FirstStartView) -> None:
        newcomer.start(view)
        assert "keys.json" in view.trouble.text()
        assert view.trouble.isVisible()
        os.chmod(keys, 0o600)
        view.trouble.clear()
        newcomer.start(view)
        assert view.trouble.text() == ""
        newcomer.qtbot.keyClick(view, Qt.Key.Key_Return, CTRL)

    profile = newcomer.begin(act).profile
    assert profile is not None
    profile.close()


def test_a_window_closed_before_the_code_was_written_down_hands_the_code_on(newcomer: Newcomer) -> None:
    def act(view: FirstStartView) -> None:
        newcomer.start(view)
        view.close()

    begun = newcomer.begin(act)
    assert begun.profile is not None
    assert len(plain_code(begun.unseen_code)) > 20
    begun.profile.close()


def test_the_demo_is_one_key_away_and_leaves_nothing(newcomer: Newcomer) -> None:
    begun = newcomer.begin(lambda view: newcomer.qtbot.keyClick(view, Qt.Key.Key_D, CTRL))
    assert begun == Begun(demo=True)
    assert not newcomer.path.exists()


def test_what_the_organisation_has_set_is_not_asked(newcomer: Newcomer) -> None:
    newcomer.fix('[settings]\ntelephony = "hook"\n')

    def act(view: FirstStartView) -> None:
        assert not view.telephone.isEnabled()
        assert "telephony" not in view.answers().settings
        view.close()

    assert newcomer.begin(act).profile is None


def test_the_language_changes_what_is_read_at_once_and_is_kept(newcomer: Newcomer) -> None:
    def act(view: FirstStartView) -> None:
        view.language.setFocus()
        newcomer.qtbot.keyClick(view.language, Qt.Key.Key_Up)
        assert view.windowTitle() == "crmdesk：首次启动"
        newcomer.start(view)
        newcomer.qtbot.keyClick(view, Qt.Key.Key_Return, CTRL)

    profile = newcomer.begin(act).profile
    assert profile is not None
    assert profile.settings.text("language") == "zh"
    profile.close()
