"""The recovery code: typed by a person, weeks later, from a piece of paper."""

from pathlib import Path

import pytest

from crmdesk.errors import InvalidInput, WrongKey
from crmdesk.services.store.recovery import ALPHABET, new_code, plain_code, recovered_key, write_recovery
from crmdesk.services.store.sealing import Derivation

KEY = bytes(range(32))


def test_a_code_makes_the_key_again_however_it_is_typed(tmp_path: Path) -> None:
    code, path = new_code(), tmp_path / "recovery.json"
    write_recovery(path, "profile", KEY, code)
    for typed in (code, code.lower(), code.replace("-", " "), code.replace("0", "O").replace("1", "l")):
        assert recovered_key(path, f" {typed}\n") == KEY


def test_the_code_says_itself_when_a_character_is_wrong() -> None:
    code = plain_code(new_code())
    missed = 0
    for at in range(len(code)):
        wrong = ALPHABET[(ALPHABET.index(code[at]) + 1) % len(ALPHABET)]
        try:
            plain_code(code[:at] + wrong + code[at + 1 :])
            missed += 1
        except InvalidInput:
            pass
    assert missed <= 1, "two check characters miss one slip in a thousand"
    for typed in ("", code[:-1], code + "7", "口令"):
        with pytest.raises(InvalidInput):
            plain_code(typed)


def test_codes_differ_and_have_groups_to_read_aloud() -> None:
    codes = {new_code() for _ in range(50)}
    assert len(codes) == 50
    assert all(len(group) == 4 and set(group) <= set(ALPHABET) for code in codes for group in code.split("-"))


def test_another_profiles_code_and_a_damaged_file_are_told_apart(tmp_path: Path) -> None:
    code, path = new_code(), tmp_path / "recovery.json"
    write_recovery(path, "profile", KEY, code)
    with pytest.raises(WrongKey, match="another profile"):
        recovered_key(path, new_code())
    whole = path.read_text()
    path.write_text(whole.replace('"profile": "profile"', '"profile": "other"'))
    with pytest.raises(WrongKey, match="another profile"):
        recovered_key(path, code)
    for content in ("", whole[:-20], whole.replace('"memory_kib": 65536', '"memory_kib": 99999999999')):
        path.write_text(content)
        with pytest.raises(WrongKey, match="damaged"):
            recovered_key(path, code)


def test_the_file_does_not_hold_the_key(tmp_path: Path) -> None:
    path = tmp_path / "recovery.json"
    write_recovery(path, "profile", KEY, new_code())
    assert KEY.hex() not in path.read_text()


def test_guessing_costs_what_the_norm_asks_for() -> None:
    """RFC 9106 section 4, second recommended option: 64 MiB, three passes, four lanes."""
    strength = Derivation.fresh()
    assert (strength.memory_kib, strength.time_cost, strength.lanes) == (65_536, 3, 4)
    assert Derivation.fresh().salt != strength.salt
