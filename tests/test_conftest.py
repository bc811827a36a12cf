"""The guards of conftest.py themselves: each must be able to fail a test."""

import pytest

pytest_plugins = ["pytester"]

PROBE_CONFTEST = "from tests.conftest import no_thread_left\n"


@pytest.fixture
def probe(pytester: pytest.Pytester, pytestconfig: pytest.Config) -> pytest.Pytester:
    """A folder with tests of its own that run under the project's guards and settings."""
    pytester.makeconftest(PROBE_CONFTEST)
    pytester.syspathinsert(pytestconfig.rootpath)
    options = "\n".join(f"    {line}" for line in pytestconfig.getini("qt_log_ignore"))
    pytester.makeini(
        "[pytest]\nqt_api = pyside6\nqt_log_level_fail = WARNING\n"
        f"filterwarnings = error\nqt_log_ignore =\n{options}\n"
    )
    return pytester


def test_a_thread_left_running_fails(probe: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.conftest.THREAD_GRACE_SECONDS", 0.0)
    probe.makepyfile(
        """
        import threading

        STOP = threading.Event()

        def test_leaves_a_thread():
            threading.Thread(target=STOP.wait, name="forgotten").start()

        def teardown_module():
            STOP.set()
        """
    )
    result = probe.runpytest_inprocess()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*threads left running: forgotten*"])


def test_a_joined_thread_passes(probe: pytest.Pytester) -> None:
    probe.makepyfile(
        """
        import threading

        def test_joins_its_thread():
            thread = threading.Thread(target=print)
            thread.start()
            thread.join()
        """
    )
    probe.runpytest_inprocess().assert_outcomes(passed=1)


def test_an_unexpected_qt_warning_fails(probe: pytest.Pytester) -> None:
    probe.makepyfile(
        """
        from PySide6.QtCore import qWarning

        def test_warns(qapp):
            qWarning("QPainter::begin: something is wrong")
        """
    )
    probe.runpytest_inprocess().assert_outcomes(failed=1)


def test_the_offscreen_platform_may_lack_size_hints(probe: pytest.Pytester) -> None:
    probe.makepyfile(
        """
        from PySide6.QtCore import qWarning

        def test_warns(qapp):
            qWarning("This plugin does not support propagateSizeHints()")
        """
    )
    probe.runpytest_inprocess().assert_outcomes(passed=1)


def test_a_python_warning_fails(probe: pytest.Pytester) -> None:
    probe.makepyfile(
        """
        import warnings

        def test_warns():
            warnings.warn("old habit", DeprecationWarning)
        """
    )
    probe.runpytest_inprocess().assert_outcomes(failed=1)
