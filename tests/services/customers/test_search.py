"""Find anything: every part of what is known of a customer leads to him, nothing else does harm."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmdesk.models import asset, customer
from crmdesk.models.screen_pop import FoundPage
from crmdesk.models.types import CustomerId
from crmdesk.services.customers.search import find, understand
from crmdesk.services.customers.search_index import is_current, rebuild
from crmdesk.services.store.unit_of_work import UnitOfWork

from .conftest import Desk, Statements, own_number, unindexed

VIN = "L0DS7A2B4N1234567"


def names(page: FoundPage) -> list[str]:
    return [hit.name for hit in page.items]


def found(desk: Desk, text: str) -> list[CustomerId]:
    return [hit.customer_id for hit in find(desk.reader, text).items]


@pytest.fixture
def zhang(desk: Desk) -> CustomerId:
    """One customer with everything, among others with nothing in common."""
    return settle(desk)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk with that customer, which nobody changes."""
    held = Desk(tmp_path_factory.mktemp("town") / "desk.db")
    settle(held)
    yield held
    held.close()


def settle(desk: Desk) -> CustomerId:
    """Open the customers of the town; return the one with everything."""
    desk.customer("李娜", "+8615922223333")
    who = desk.customer(
        "张建国",
        "+8613800138000",
        {"kind": "email", "raw": "JG.Zhang@example.com", "value": "jg.zhang@example.com"},
        name_alt="Zhang Jianguo",
        external_id="C-4711",
    )
    desk.asset(who, plate="沪A·12345", vin=VIN)
    desk.customer("王芳", "+862155500147")
    return who


@pytest.mark.parametrize(
    "text",
    [
        *("张建国", "张建", "建国", "张", "国", "張建國", "張建", "  张建国 ", "张 建国", "国 张"),
        *("zhangjianguo", "ZhangJianguo", "zhang jianguo", "jianguo zhang", "jianguo", "zhangji", "zhang j"),
        *("zjg", "ZJG", "zhangjg", "jg", "zj", "ｚｊｇ", "Ｚｈａｎｇ"),
        *("13800138000", "138 0013 8000", "+86 138-0013-8000", "8613800138000", "0013", "8000", "138001"),
        *("沪A12345", "沪a12345", "A12345", "12345", "沪A·12", "滬A12345", "沪A 12345"),
        *(VIN, VIN.lower(), "1234567", "234567", "4N123456"),
        *("jg.zhang@example.com", "JG.Zhang", "zhang@ex", "C-4711", "c-4711"),
    ],
)
def test_every_way_leads_to_him(town: Desk, text: str) -> None:
    assert names(find(town.reader, text)) == ["张建国"]


@pytest.mark.parametrize("text", ["", " ", "x", "赵", "zhu", "9999", "张芳", "zhang na", "粤B", "@", "!!!"])
def test_what_nobody_has_finds_nobody(town: Desk, text: str) -> None:
    assert names(find(town.reader, text)) == []


@pytest.mark.parametrize(
    ("text", "why", "detail"),
    [
        ("张建", "name", "沪A·12345"),
        ("zjg", "name in pinyin", "沪A·12345"),
        ("0013", "number", "+8613800138000"),
        ("沪A123", "plate", "沪A·12345"),
        (VIN[-9:], "VIN", VIN),
        ("c-4711", "customer number", "C-4711"),
        ("zhang@", "e-mail", "JG.Zhang@example.com"),
    ],
)
def test_hits_say_why(town: Desk, text: str, why: str, detail: str) -> None:
    (hit,) = find(town.reader, text).items
    assert (hit.name, str(hit.why), hit.detail) == ("张建国", why, detail)


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        *(
            ("单田芳", "shantianfang"),
            ("单田芳", "dan"),
            ("曾国藩", "zgf"),
            ("曾国藩", "ceng"),
            ("仇英", "qiuying"),
        ),
        *(("解缙", "xiejin"), ("解缙", "jie"), ("吕布", "lvbu"), ("吕布", "lubu"), ("重庆长安", "changan")),
    ],
)
def test_characters_of_several_readings(desk: Desk, name: str, typed: str) -> None:
    who = desk.customer(name)
    assert found(desk, typed) == [who]


def test_two_letters_find_the_name_of_two_characters_first(desk: Desk) -> None:
    short = desk.customer("张伟")
    longer = [desk.customer(name) for name in ("张伟强", "李张伟", "周文静")]
    assert found(desk, "zw")[0] == short
    assert set(found(desk, "zw")) == {short, *longer}


def test_whole_names_and_tiers_come_first(desk: Desk) -> None:
    plain, gold = desk.customer("王伟"), desk.customer("王伟", tier="gold")
    key, part = desk.customer("王伟", key_account=True), desk.customer("王伟民", tier="platinum")
    newest = desk.customer("王伟")
    assert found(desk, "王伟") == [key, gold, newest, plain, part]


def test_without_a_car_the_number_tells_namesakes_apart(desk: Desk) -> None:
    desk.customer("陆远", "+8613800138000")
    desk.customer("陆远")
    assert [hit.detail for hit in find(desk.reader, "陆远").items] == ["", "+8613800138000"]


def test_contacts_lead_to_their_company(desk: Desk) -> None:
    company = desk.customer("恒澄物流有限公司", kind="company")
    person = desk.contact(company, "欧阳娜娜")
    for typed in ("欧阳", "nana", "oynn", "歐陽"):
        (hit,) = find(desk.reader, typed).items
        assert (hit.customer_id, str(hit.why), hit.detail) == (company, "contact", "欧阳娜娜")
    renamed = {"fields": {"id": person, "customer_id": company, "name": "司马光"}}
    desk.do(desk.author.describe("contact.save", renamed))
    assert found(desk, "欧阳") == []
    assert found(desk, "smg") == [company]


def test_seven_digits_bring_the_newest_twenty_and_fewer_say_more(desk: Desk) -> None:
    people = [desk.customer(f"客户{n}", f"+861380013{n:04d}") for n in range(23)]
    page = find(desk.reader, "1380013")
    assert [hit.customer_id for hit in page.items] == people[:2:-1]
    assert page.more
    assert len(find(desk.reader, "0013").items) == 20
    assert find(desk.reader, "0013").more
    assert not find(desk.reader, "13800130005").more


def test_short_digits_leave_room_for_plates(desk: Desk) -> None:
    for n in range(12):
        desk.customer(f"客户{n}", f"+86138{n:04d}2345")
    owner = desk.customer("张伟")
    desk.asset(owner, plate="沪B52345")
    page = find(desk.reader, "2345", limit=4)
    assert [str(hit.why) for hit in page.items] == ["number"] * 3 + ["plate"]
    assert page.more


def test_changes_are_followed_and_leave_nothing_behind(desk: Desk) -> None:
    who = desk.customer("欧阳锋", "+8613800138000")
    car = desk.asset(who, plate="沪A12345")
    desk.write(_rename, who, {"name": "洪七公"})
    desk.write(_replate, car, {"plate": "浙B67890"})
    (point,) = [p for (p,) in desk.reader.execute("SELECT id FROM contact_point")]
    desk.do(desk.author.describe("contact_point.drop", {"id": point.hex()}))
    for gone in ("欧阳锋", "ouyang", "oyf", "13800138000", "0138", "沪A12345", "1234"):
        assert found(desk, gone) == []
    assert found(desk, "hqg") == found(desk, "b678") == [who]
    for table in ("customer_fts_data", "contact_point_fts_data", "asset_fts_data"):
        held = b"".join(bytes(block) for (block,) in desk.reader.execute(f"SELECT block FROM {table}"))
        for text in ("欧阳", "ouyang", "oyf", "138", "001", "沪a1", "234"):
            assert text.encode() not in held, (table, text)


def _rename(work: UnitOfWork, who: CustomerId, changes: dict[str, str]) -> None:
    work.do(work.load(customer.Customer, who).change(work.author, changes, None))
    work.commit()


def _replate(work: UnitOfWork, car: UUID, changes: dict[str, str]) -> None:
    work.do(work.load(asset.Asset, car).change(work.author, changes, None))
    work.commit()


def test_rebuilding_gives_what_following_gave(desk: Desk, zhang: CustomerId) -> None:
    held = desk.reader.execute("SELECT * FROM customer_search ORDER BY seq").fetchall()
    told: list[int] = []
    desk.write(_rebuild, told)
    assert told == [3]
    assert desk.reader.execute("SELECT * FROM customer_search ORDER BY seq").fetchall() == held
    assert is_current(desk.reader)
    for text in ("zjg", "0013", "沪A12", "zhang@"):
        assert found(desk, text) == [zhang]
    desk.write(_rename, zhang, {"name": "洪七公", "name_alt": ""})
    assert found(desk, "张建国") == found(desk, "zjg") == []
    assert found(desk, "洪七") == [zhang]


def _rebuild(work: UnitOfWork, told: list[int]) -> None:
    rebuild(work.connection, told.append)
    work.commit()


HOSTILE = [
    *('" OR 1=1 --', "'; DROP TABLE customer; --", 'a" AND "b', "NEAR(a b, 3)", "name:张", "zhang*", "* * *"),
    *(
        "(((",
        "-zhang",
        "^zhang",
        "{a b}: c",
        "%",
        "_",
        "\\",
        "\x00\x01",
        "zh\x00ang",
        "𠀀𠀁",
        "👩‍👧",
        "\ud800",
    ),
    *("\ue001zw", "\ue003", "<b>张</b>", "0" * 10_000, "张" * 10_000, "a b " * 3_000, "é" * 5_000, "٣٤٥٦٧"),
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_input_does_no_harm(town: Desk, text: str) -> None:
    find(town.reader, text)
    assert town.reader.execute("SELECT count(*) FROM customer").fetchone() == (3,)


@pytest.mark.parametrize("name", ["'; DROP TABLE customer; --", '"quoted" OR', "<b>粗</b>", "Ⅷ½", "٣٤٥"])
def test_hostile_names_are_found(desk: Desk, name: str) -> None:
    who = desk.customer(name)
    assert found(desk, name) == [who]


@given(st.text(max_size=60))
@settings(max_examples=150)
def test_anything_can_be_understood(text: str) -> None:
    query = understand(text)
    assert len(query.words) <= 6


@pytest.mark.parametrize("text", ["zhangjg", "张建国", "13800138000", "0013", "沪A123", "zhang@", "C-4711"])
def test_every_read_is_indexed_and_few(town: Desk, text: str) -> None:
    find(town.reader, text)
    trace = Statements(town.reader)
    find(town.reader, text)
    ran = trace.stop()
    assert len(ran) <= 14
    assert unindexed(town.reader, ran) == []


SPOKEN = """
张 zhang 王 wang 李 li 赵 zhao 陈 chen 杨 yang 黄 huang 周 zhou 吴 wu 徐 xu 伟 wei 芳 fang 娜 na 敏 min
静 jing 丽 li 强 qiang 磊 lei 军 jun 洋 yang 艳 yan 勇 yong 杰 jie 涛 tao 明 ming
"""
SYLLABLES = dict(zip(SPOKEN.split()[::2], SPOKEN.split()[1::2], strict=True))
TRADITIONAL = str.maketrans("张赵陈杨黄吴伟静丽强军艳杰涛", "張趙陳楊黃吳偉靜麗強軍艷傑濤")
PERSONS = st.builds(
    lambda surname, given_name: surname + given_name,
    st.sampled_from("张王李赵陈杨黄周吴徐"),
    st.text("伟芳娜敏静丽强磊军洋艳勇杰涛明", min_size=1, max_size=2),
)


@given(st.lists(st.tuples(PERSONS, st.integers(13_000_000_000, 19_999_999_999)), min_size=1, max_size=5))
@settings(max_examples=8)
def test_everybody_is_found_by_every_part(
    tmp_path_factory: pytest.TempPathFactory, people: list[tuple[str, int]]
) -> None:
    desk = Desk(tmp_path_factory.mktemp("desk") / "desk.db")
    try:
        for name, number in people:
            who = desk.customer(name, own_number(f"+86{number}"))
            syllables = [SYLLABLES[c] for c in name]
            parts = [name, name.translate(TRADITIONAL), "".join(syllables), "".join(s[0] for s in syllables)]
            parts += [name[n : n + 2] for n in range(len(name) - 1)]
            parts += [str(number)[n : n + size] for size in (4, 7, 11) for n in range(12 - size)]
            for part in parts:
                assert who in found(desk, part), (name, part)
    finally:
        desk.close()
