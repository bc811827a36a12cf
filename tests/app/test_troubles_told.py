"""What threatens the agent's work is told in the window; nothing hangs when the telephone cannot be built."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from crmdesk.app.program import Program
from crmdesk.app.telephone import Telephone
from crmdesk.models.text import say
from crmdesk.services.profile import Profile, new_profile
from crmdesk.services.store.keys import MemorySecrets

PATIENCE_MS = 20_000


@pytest.fixture
def profile(tmp_path: Path, light_recovery: None) -> Iterator[Profile]:
    yield new_profile(
        tmp_path / "desk", settings={"language": "en"}, secrets=MemorySecrets(), environment={}
    ).profile


def _shown(profile: Profile, app: QApplication, bot: QtBot) -> Program:
    program = Program(app, profile)
    program.show()
    bot.waitUntil(program.started.is_set, timeout=PATIENCE_MS)
    return program


def test_a_full_disk_is_said_before_a_save_fails(profile: Profile, qapp: QApplication, qtbot: QtBot) -> None:
    program = _shown(profile, qapp, qtbot)
    strip = program.window.front.messages
    program.bridge.troubled.emit(say("The disk is almost full."))
    qtbot.waitUntil(lambda: strip.text == "The disk is almost full.", timeout=PATIENCE_MS)
    assert strip.isVisible()
    program.window.close()
    program.close()


def test_a_damaged_file_of_drafts_is_set_aside_and_told(
    profile: Profile, qapp: QApplication, qtbot: QtBot
) -> None:
    profile.drafts_path.write_bytes(b"no database" * 1000)
    program = _shown(profile, qapp, qtbot)
    strip = program.window.front.messages
    qtbot.waitUntil(lambda: bool(strip.text), timeout=PATIENCE_MS)
    assert strip.isVisible()
    files = [each for each in profile.path.iterdir() if each.is_file()]
    kept = [each for each in files if each.read_bytes()[:11] == b"no database"]
    assert len(kept) == 1
    program.window.close()
    program.close()


def test_a_telephone_that_cannot_be_built_leaves_a_working_desk(
    profile: Profile, qapp: QApplication, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError("no sockets here")

    monkeypatch.setattr(Telephone, "__init__", broken)
    program = _shown(profile, qapp, qtbot)
    assert program.desk.worklist().result(10).tasks == ()
    assert program.desk.call_back("13800138000", None).exception(10) is not None
    program.window.close()
    program.close()


@pytest.mark.parametrize(
    ("test", "language", "title"),
    [
        (False, "en", "crmdesk"),
        (True, "en", "crmdesk – test profile"),
        (True, "zh", "crmdesk – 测试配置"),
    ],
)
def test_the_title_says_when_a_profile_is_for_tests(
    tmp_path: Path, qapp: QApplication, qtbot: QtBot, test: bool, language: str, title: str
) -> None:
    settings = {"language": language}
    made = new_profile(
        tmp_path / "desk", test=test, settings=settings, secrets=MemorySecrets(), environment={}
    )
    program = _shown(made.profile, qapp, qtbot)
    assert program.window.windowTitle() == title
    program.window.close()
    program.close()
