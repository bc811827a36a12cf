"""What cannot be is answered with a sentence at every door, changes nothing, and loses nothing."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.conftest import Desk, Refused
from tests.blackbox.test_complaints import CHECKLIST, START, Procedure, money

NOBODY = "00000000-0000-0000-0000-000000000000"
LONG = "长" * 100_000
INVALID, CONFLICT, DENIED, NOT_FOUND, WORLD = -32602, -32001, -32002, -32004, -32010
CASE = tuple[str, dict[str, Any], int, str]
"""Method or step, its parameters (over good ones), the error's code, and how its sentence begins."""


class House:
    """A desk with a complaint in each state that steps are tried in."""

    def __init__(self, procedure: Procedure) -> None:
        self.ask = procedure.ask
        self.me = procedure.me
        self.files = {
            "received": procedure.open(),
            "acknowledged": procedure.step(
                procedure.open(), "T2", checklist=CHECKLIST, ack_channel="phone", owner=procedure.me
            ),
            "assessed": procedure.assessed(),
            "investigating": procedure.step(procedure.assessed(), "T5", contacted_at=START),
            "proposed": procedure.proposed("2500.00"),
        }
        self.customer = self.files["received"]["complaint"]["customer_id"]
        self.call = self.ask("call.ring", external_id="c9", **{"from": "13800138000"})["call"]["id"]

    def step(self, state: str, transition: str, fields: dict[str, Any], **more: Any) -> Any:
        """Take a step on the complaint in *state*, as it stands."""
        seen = self.files[state]["complaint"]
        place = {"from_state": seen["state"], "base_version": seen["version"], **more}
        return self.ask("complaint.transition", id=seen["id"], transition=transition, fields=fields, **place)

    def open(self, **fields: Any) -> Any:
        """Log a complaint."""
        return self.ask("complaint.open", **{**GOOD, "customer_id": self.customer, **fields})["complaint"]

    def all(self) -> Any:
        """Everything there is."""
        return [self.ask("complaint.list", limit=500)["items"], self.ask("letter.list", limit=500)["items"]]


GOOD = {
    "received_at": "2026-11-20T00:58:00Z",
    "channel": "phone",
    "category": "repair_again",
    "what_happened": "刹车异响，同一故障第三次进站",
    "remedy_wanted": "refund",
}
REFUND = {"type": "refund", "value": money("150.00"), "due": "2026-11-27T00:00:00Z"}
PROPOSAL: dict[str, Any] = {
    "cause": "a_wear_early",
    "cause_class": "A",
    "finding": "upheld",
    "remedies": [REFUND],
    "reason_text": "刹车片磨损过早",
}
ASSESSMENT = {
    "severity": "S3",
    "impact": {"persons": 0, "money": money("1.00")},
    "regime": "none",
    "cause_class": "B",
}


@pytest.fixture(scope="module")
def house(first: Desk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("bad")
    shutil.copytree(first.path, folder / "profile")
    shutil.copy(first.environment["CRMDESK_KEY_FILE"], folder / "keys.json")
    desk = Desk(folder / "profile", folder / "keys.json")
    with desk.rpc(CRMDESK_CLOCK=START) as rpc:
        yield House(Procedure(rpc))
    logs = (folder / "profile" / "logs").glob("*.log")
    assert [log for log in logs if "Traceback" in log.read_text(encoding="utf-8")] == []


OPENING: list[CASE] = [
    ("open", {"what_happened": "short"}, DENIED, "Tell what happened in 10 characters at least."),
    ("open", {"what_happened": ""}, INVALID, "Please fill in what_happened."),
    ("open", {"what_happened": "\x00\x07 "}, INVALID, "Please fill in what_happened."),
    ("open", {"what_happened": LONG + "长"}, INVALID, "what_happened may have 100000 characters at most"),
    ("open", {"what_happened": "\ud83d 十个字以上的文字十个字以上"}, INVALID, "what_happened must be text."),
    ("open", {"what_happened": ["x"]}, INVALID, "what_happened must be text."),
    ("open", {"received_at": "0000-01-01T00:00:00Z"}, INVALID, "received_at must be a moment in UTC"),
    ("open", {"received_at": "0001-01-01T00:00:00Z"}, INVALID, "received_at must lie between 1970 and 2199."),
    ("open", {"received_at": "9999-12-31T23:59:59Z"}, INVALID, "received_at must lie between 1970 and 2199."),
    ("open", {"received_at": "2027-01-01T00:00:00Z"}, DENIED, "It cannot have been received later than now."),
    ("open", {"received_at": "2026-11-20T00:58:00+99:00"}, INVALID, "received_at must be a moment in UTC"),
    ("open", {"received_at": "2026-11-20T00:58:00"}, INVALID, "received_at must be a moment in UTC"),
    ("open", {"received_at": "２０２６-11-20T00:58:00Z"}, INVALID, "received_at must be a moment in UTC"),
    ("open", {"received_at": 1e300}, INVALID, "received_at must be a moment in UTC"),
    ("open", {"channel": "phone\x00"}, INVALID, "channel must be one of: phone"),
    ("open", {"category": "' OR 1=1 --"}, INVALID, "category: ' OR 1=1 -- is not in the list."),
    ("open", {"remedy_wanted": "gold"}, INVALID, "remedy_wanted: gold is not in the list."),
    ("open", {"severity": "S0"}, INVALID, "severity must be one of: S1"),
    ("open", {"customer_id": NOBODY}, NOT_FOUND, "This customer is not here any more."),
    ("open", {"customer_id": "x"}, INVALID, "customer_id must be an id."),
    ("open", {"call_id": NOBODY}, NOT_FOUND, "This call is not here any more."),
    ("open", {"asset_id": NOBODY}, NOT_FOUND, "This asset is not here any more."),
    ("open", {"repeat_of": NOBODY}, NOT_FOUND, "This complaint is not here any more."),
    ("open", {"complainant": "长" * 201}, INVALID, "complainant may have 200 characters at most"),
    ("open", {"outlet": LONG}, INVALID, "outlet may have 200 characters at most"),
    ("open", {"language": LONG}, INVALID, "language may have 200 characters at most"),
    ("open", {"request_id": LONG}, INVALID, "request_id must have between 1 and 200 characters."),
    ("open", {"nonsense": 1}, INVALID, "There is no field nonsense here."),
]


@pytest.mark.parametrize(("_open", "fields", "code", "sentence"), OPENING)
def test_logging_what_cannot_be(
    house: House, _open: str, fields: dict[str, Any], code: int, sentence: str
) -> None:
    before = house.all()
    with pytest.raises(Refused) as met:
        house.open(**fields)
    assert (met.value.code, str(met.value)[: len(sentence)]) == (code, sentence)
    assert house.all() == before


def proposing(**changed: Any) -> dict[str, Any]:
    return {**PROPOSAL, **changed}


def paying(**changed: Any) -> dict[str, Any]:
    return proposing(remedies=[{**REFUND, **changed}])


STEPS: list[CASE] = [
    ("received T5", {"contacted_at": START}, DENIED, "This cannot be done in the state RECEIVED."),
    ("received T2", {}, INVALID, "Please fill in checklist."),
    (
        "received T2",
        {"checklist": {}, "ack_channel": "phone", "owner": "me"},
        DENIED,
        "The check-list of acceptance does not hold",
    ),
    (
        "received T2",
        {"checklist": "yes", "ack_channel": "phone"},
        INVALID,
        "checklist must have the parts ours",
    ),
    ("received T18", {"words": "", "channel": "phone"}, INVALID, "Please fill in words."),
    ("received T18", {"words": LONG + "长", "channel": "mail"}, INVALID, "words may have 100000 characters"),
    ("received T19", {"target_id": "itself"}, DENIED, "Choose another complaint that is still open."),
    ("received T19", {"target_id": NOBODY}, NOT_FOUND, "This complaint is not here any more."),
    (
        "received E1",
        {"to_level": 10**40, "reason": "x"},
        INVALID,
        "to_level must be a whole number from 1 to 3.",
    ),
    (
        "received E1",
        {"to_level": "２", "reason": "x"},
        INVALID,
        "to_level must be a whole number from 1 to 3.",
    ),
    (
        "received E1",
        {"to_level": 2.5, "reason": "x"},
        INVALID,
        "to_level must be a whole number from 1 to 3.",
    ),
    ("received E2", {"body": "moon", "reference": "1", "date": START}, INVALID, "body must be one of: 12315"),
    (
        "received E2",
        {"body": "12315", "reference": "\x00", "date": START},
        INVALID,
        "Please fill in reference.",
    ),
    (
        "received E2",
        {"body": "12315", "reference": "1", "date": "9999-12-31T23:59:59Z"},
        INVALID,
        "date must lie between 1970 and 2199.",
    ),
    ("received H1", {"to": "me", "open_points": "x"}, DENIED, "He owns it already. Choose somebody else."),
    ("received U1", {"operation_id": NOBODY}, DENIED, "Only your own last step, made at this desk"),
    ("received T20", {"reason": "mood", "text": "x"}, INVALID, "reason must be one of: not_satisfied"),
    ("acknowledged T4", {**ASSESSMENT, "severity": "S9"}, INVALID, "severity must be one of: S1"),
    ("acknowledged T4", {**ASSESSMENT, "regime": "MARS"}, INVALID, "regime: MARS is not in the list."),
    ("acknowledged T4", {**ASSESSMENT, "impact": []}, INVALID, "impact must have the parts persons, money."),
    (
        "acknowledged T4",
        {**ASSESSMENT, "impact": {"persons": 10**30, "money": money("1")}},
        INVALID,
        "impact must be a whole number from 0 to 1000000.",
    ),
    (
        "acknowledged T4",
        {**ASSESSMENT, "impact": {"persons": 0, "money": money("NaN")}},
        INVALID,
        "impact.money.amount must be a decimal number",
    ),
    ("assessed T5", {"contacted_at": "0001-01-01T00:00:00Z"}, INVALID, "contacted_at must lie between 1970"),
    ("assessed T5", {"contacted_at": "9999-12-31T23:59:59Z"}, INVALID, "contacted_at must lie between 1970"),
    (
        "assessed T5",
        {"contacted_at": "2026-11-20T09:00"},
        INVALID,
        "contacted_at must be a time with its zone",
    ),
    (
        "investigating T6",
        {"wait_for": "customer", "what": "x", "until": "9999-12-31T23:59:59Z"},
        INVALID,
        "until must lie between 1970 and 2199.",
    ),
    (
        "investigating T6",
        {"wait_for": "luck", "what": "x", "until": START},
        INVALID,
        "wait_for must be one of",
    ),
    ("investigating T8", proposing(cause="nope"), INVALID, "cause: nope is not in the list."),
    ("investigating T8", proposing(finding="maybe"), INVALID, "finding must be one of: upheld"),
    ("investigating T8", proposing(remedies="x"), INVALID, "remedies must be a list of at most 50 lines."),
    (
        "investigating T8",
        proposing(remedies=[{}] * 51),
        INVALID,
        "remedies must be a list of at most 50 lines.",
    ),
    ("investigating T8", proposing(remedies=[]), INVALID, "Please fill in remedies."),
    ("investigating T8", proposing(reason_text="\x00\u0007"), INVALID, "Please fill in reason_text."),
    ("investigating T8", paying(type="gold"), INVALID, "remedies must be one of: apology"),
    ("investigating T8", paying(value=money("-1")), INVALID, "remedies[0].value.amount must be a decimal"),
    ("investigating T8", paying(value=money("1e30")), INVALID, "remedies[0].value.amount must be a decimal"),
    ("investigating T8", paying(value=money("0.001")), INVALID, "remedies[0].value.amount must be a decimal"),
    ("investigating T8", paying(value=money("1,000")), INVALID, "remedies[0].value.amount must be a decimal"),
    (
        "investigating T8",
        paying(value={"amount": "1", "currency": "USD"}),
        INVALID,
        "remedies[0].value.currency must be CNY",
    ),
    (
        "investigating T8",
        paying(due="9999-12-31T23:59:59Z"),
        INVALID,
        "remedies must lie between 1970 and 2199.",
    ),
    (
        "proposed T9",
        {"proposal_version": 1, "sent_via": "phone"},
        DENIED,
        "Make the letter, or name the call",
    ),
    (
        "proposed T9",
        {"proposal_version": 1, "sent_via": "phone", "call_id": "the call"},
        DENIED,
        "Nobody approves a proposal of his own beyond his limit.",
    ),
    (
        "proposed T9",
        {"proposal_version": 99, "sent_via": "phone", "call_id": "the call"},
        DENIED,
        "The proposal was changed meanwhile.",
    ),
]


@pytest.mark.parametrize(("step", "fields", "code", "sentence"), STEPS)
def test_steps_that_cannot_be_taken(
    house: House, step: str, fields: dict[str, Any], code: int, sentence: str
) -> None:
    state, transition = step.split()
    named = {
        "itself": house.files["received"]["complaint"]["id"],
        "me": house.me,
        "the call": house.call,
    }
    filled = {
        name: named.get(value, value) if isinstance(value, str) else value for name, value in fields.items()
    }
    before = house.all()
    with pytest.raises(Refused) as met:
        house.step(state, transition, filled)
    assert (met.value.code, str(met.value)[: len(sentence)]) == (code, sentence)
    assert house.all() == before


OTHERS: list[CASE] = [
    ("complaint.approve", {"proposal_version": 1}, DENIED, "A supervisor who did not propose it"),
    ("complaint.approve", {"proposal_version": 99}, CONFLICT, "The proposal was changed meanwhile."),
    ("complaint.approve", {"proposal_version": 10**30}, INVALID, "proposal_version must be between 1 and"),
    ("complaint.approve", {"id": NOBODY, "proposal_version": 1}, NOT_FOUND, "This complaint is not here"),
    ("complaint.get", {"id": 5}, INVALID, "id must be an id."),
    ("complaint.list", {"filter": {"nope": 1}}, INVALID, "There is no field filter.nope here."),
    (
        "complaint.list",
        {"filter": {"state": ["X"] * 501}},
        INVALID,
        "filter.state must be a list of at most 500.",
    ),
    ("complaint.list", {"after": "\x00"}, INVALID, "This `after` does not belong to this list"),
    ("complaint.list", {"limit": "５"}, INVALID, "limit must be a whole number."),
    ("complaint.history", {"after": 10**30}, INVALID, "after must be between 1 and"),
    ("complaint.register", {"received_from": "0000-01-01"}, INVALID, "received_from must be a date"),
    ("letter.make", {"kind": "love"}, INVALID, "kind must be one of: acknowledgement"),
    ("letter.make", {"kind": "referral"}, INVALID, "Say to which body outside the letter goes."),
    ("letter.make", {"text": ""}, INVALID, "The letter is empty. Start again from the template."),
    ("letter.make", {"next_on": "2026-02-30"}, INVALID, "next_on must be a date like 2026-11-20."),
    ("letter.make", {"file": "../x.pdf"}, INVALID, "file must be a whole path."),
    ("letter.make", {"file": "/tmp/a\x00b.pdf"}, INVALID, "file must be a whole path."),
    ("letter.send", {"id": NOBODY, "sent_via": "mail"}, NOT_FOUND, "There is no such letter."),
    ("survey.record", {"answers": {"": 60}}, INVALID, "Please fill in answers."),
    ("survey.record", {"answers": {"all": 55}}, INVALID, "all: a grade is one of 90, 60"),
    ("survey.record", {"answers": {"all": 10**40}}, INVALID, "all: a grade is one of 90, 60"),
    (
        "survey.record",
        {"answers": {str(n): 60 for n in range(51)}},
        INVALID,
        "A survey has 50 items at most.",
    ),
    (
        "survey.record",
        {"answers": {}, "words": LONG + "长"},
        INVALID,
        "words may have 100000 characters at most",
    ),
    ("complaint.fetch", {"id": "x"}, INVALID, "id must be an id."),
    ("clock.set", {"at": "9999-12-31T23:59:59Z"}, INVALID, "A clock is set like 2026-11-20T09:58:00Z"),
]


@pytest.mark.parametrize(("method", "given", "code", "sentence"), OTHERS)
def test_other_doors(house: House, method: str, given: dict[str, Any], code: int, sentence: str) -> None:
    complaint = house.files["proposed"]["complaint"]["id"]
    name = {"complaint.approve": "id", "complaint.history": "id"}.get(method)
    if method.startswith(("letter.make", "survey.")):
        name = "complaint_id"
    before = house.all()
    with pytest.raises(Refused) as met:
        house.ask(method, **({name: complaint} if name else {}) | given)
    assert (met.value.code, str(met.value)[: len(sentence)]) == (code, sentence)
    assert house.all() == before


def test_who_looked_at_another_state_is_told_and_given_the_present_one(house: House) -> None:
    for stale in ({"from_state": "CLOSED"}, {"from_state": "\x00"}):
        with pytest.raises(Refused, match="The complaint was changed meanwhile: state") as met:
            house.step("received", "T18", {"words": "Leave it.", "channel": "phone"}, **stale)
        assert met.value.code == CONFLICT
        assert met.value.data["current"]["state"] == "RECEIVED"


@pytest.mark.parametrize(
    ("field", "given", "kept"),
    [
        ("what_happened", LONG, LONG),
        ("what_happened", "😀" * 12, "😀" * 12),
        ("what_happened", "刹车\x00异响\x07，第三次进站了", "刹车异响，第三次进站了"),
        ("what_happened", "１２３ 全角数字与全角字母ＡＢＣ", "１２３ 全角数字与全角字母ＡＢＣ"),
        ("what_happened", "' OR 1=1; DROP TABLE complaint; --", "' OR 1=1; DROP TABLE complaint; --"),
        ("what_happened", "{nope} %s ${x} <b>x</b> \\n", "{nope} %s ${x} <b>x</b> \\n"),
        ("complainant", "王\x00芳\n的母亲", "王 芳 的母亲"),
        ("outlet", "\x00", ""),
        ("language", "zh\x00", "zh"),
        ("received_at", "2026-11-20T08:58:00+08:00", "2026-11-20T00:58:00Z"),
    ],
)
def test_what_can_be_kept_is_kept_as_it_was_meant(house: House, field: str, given: str, kept: str) -> None:
    assert house.open(**{field: given})[field] == kept


@pytest.mark.parametrize("reason", ["{nope} %s {0} ${x} {{", "😀\u202e<b>&amp;", "长" * 5_000])
def test_a_letter_prints_words_as_words(house: House, reason: str) -> None:
    made = house.ask("letter.make", complaint_id=house.files["proposed"]["complaint"]["id"], reason=reason)
    assert reason.replace("\u202e", "")[:20].split("\u202e")[0] in made["text"].replace("\u202e", "")


@pytest.mark.parametrize("name", ["nope/x.pdf", "", "长" * 300 + ".pdf"])
def test_a_letter_that_cannot_be_written_down_says_where(house: House, name: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="The letter could not be written to") as met:
        house.ask(
            "letter.make",
            complaint_id=house.files["proposed"]["complaint"]["id"],
            file=str(tmp_path / name),
        )
    assert met.value.code == WORLD
    assert list(tmp_path.iterdir()) == []


HEAD = "received_at,state,category,what_happened,channel\n"


def line(**changed: str) -> str:
    told = {
        "received_at": "2026-11-20T00:58:00Z",
        "state": "RECEIVED",
        "category": "quality",
        "what_happened": "刹车异响同一故障第三次进站",
        "channel": "phone",
    }
    return ",".join({**told, **changed}.values()) + "\n"


ROWS = [
    (line(received_at="0000-01-01"), "received_at cannot be '0000-01-01'."),
    (line(received_at="0001-01-01"), "received_at cannot be '0001-01-01'."),
    (line(received_at="9999-12-31"), "It cannot have been received later than now."),
    (line(received_at="2026-11-20T00:58:00+99:99"), "received_at cannot be"),
    (line(state="LOST"), "state must be one of: RECEIVED"),
    (line(category="nope"), "category: nope is not in the list."),
    (line(channel="pigeon"), "channel must be one of: phone"),
    (line(what_happened="长" * 100_001), "what_happened may have 100000 characters at most"),
    (line(what_happened=""), "Please fill in what_happened."),
]


def test_rows_that_cannot_be_are_refused_by_their_lines_and_the_others_are_in(desk: Desk) -> None:
    file = desk.path / "=a b😀;..%2f.csv"
    file.write_text(HEAD + "".join(row for row, _ in ROWS) + line(), encoding="utf-8")
    done = desk.run("import", "complaints", str(file), CRMDESK_CLOCK=START)
    summary = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, summary["rows"], summary["new"]) == (0, len(ROWS) + 1, 1)
    told = [(each["line"], each["reason"]) for each in summary["refused"]]
    assert [n for n, _ in told] == list(range(2, len(ROWS) + 2))
    for (_, reason), (_, wanted) in zip(told, ROWS, strict=True):
        assert reason.startswith(wanted)


COMMANDS: list[tuple[tuple[str, ...], str, bytes | None, str]] = [
    (("import", "complaints"), "nope.csv", None, "cannot be read"),
    (("import", "complaints"), ".", None, "cannot be read"),
    (("import", "complaints"), "长" * 300, None, "cannot be read"),
    (("import", "complaints"), "empty.csv", b"", "is empty: its first line has to name the columns"),
    (("import", "complaints"), "binary.csv", bytes(range(256)) * 9, "is no utf-8 text"),
    (("import", "complaints"), "nul.csv", HEAD.encode() + b"a\x00b,c,d,e,f\n", "is no text file"),
    (
        ("import", "complaints"),
        "broken.csv",
        HEAD.encode() + b'"x,y',
        "breaks off in line 2; nothing was changed",
    ),
    (
        ("import", "complaints"),
        "twice.csv",
        HEAD.strip().encode() + b",state\n",
        "has the column state twice",
    ),
    (("import", "complaints"), "others.csv", b"a,b\n1,2\n", "Name other columns with --mapping"),
    (("import", "complaints", "--mapping"), "m.json", b"[" * 100_000, "is no JSON"),
    (("import", "complaints", "--mapping"), "m.json", b'{"state": 5}', "A mapping is JSON like"),
    (("import", "complaints", "--mapping"), "m.json", b"\xff\xfe\x00", "is no JSON"),
    (("export", "complaints"), "nope/x.csv", None, "cannot be written"),
    (("export", "complaints"), ".", None, "is no file that can be written"),
    (("export", "complaints"), "长" * 300, None, "cannot be written"),
    (("export", "register"), "nope/x.csv", None, "cannot be written"),
    (("export", "register"), "长" * 300, None, "cannot be written"),
    (("verify",), "nope.csv", None, "cannot be read"),
    (("verify",), "other.csv", b"a,b\n1,2\n", "This is no register of crmdesk"),
    (("verify",), "binary.csv", bytes(range(256)) * 9, "cannot be read"),
]


@pytest.mark.parametrize(("words", "name", "content", "sentence"), COMMANDS)
def test_commands_given_what_they_cannot_use(
    first: Desk, tmp_path: Path, words: tuple[str, ...], name: str, content: bytes | None, sentence: str
) -> None:
    file, good = tmp_path / name, tmp_path / "good.csv"
    good.write_text(HEAD + line(), encoding="utf-8")
    if content is not None:
        file.write_bytes(content)
    before = sorted(path.name for path in tmp_path.iterdir())
    given = (
        (*words, str(file)) if "--mapping" not in words else (*words[:2], str(good), *words[2:], str(file))
    )
    done = first.run(*given, CRMDESK_CLOCK=START)
    told = done.stderr.decode()
    assert (done.returncode, told.startswith("crmdesk: "), sentence in told) == (1, True, True), told
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_an_export_does_not_take_the_place_of_what_is_no_file(first: Desk, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    for words in (("export", "complaints"), ("export", "register")):
        done = first.run(*words, str(tmp_path / "pipe.csv"), CRMDESK_CLOCK=START)
        assert b"is no file that can be written" in done.stderr
    assert (tmp_path / "pipe.csv").is_fifo()
