"""The category is guessed from words, says which, and takes its lists from data."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from benchmarks.category_guess import DATA, city_rows, demo_rows, hit_rates
from crmdesk.errors import InvalidInput
from crmdesk.services.complaints.categories import (
    Category,
    read_categories,
    read_causes,
    starter_categories,
    starter_causes,
)
from crmdesk.services.complaints.guess import CategoryGuesser
from crmdesk.services.complaints.words import TEXT_SIGNS, WordFinder, plain

LISTS = ("categories.toml", "categories_city.toml")
HEADS = {
    *("safety", "quality", "repair", "parts", "delivery", "price", "contract", "service", "waiting"),
    *("information", "privacy", "online", "site"),
}


@pytest.fixture(scope="module")
def guesser() -> CategoryGuesser:
    return CategoryGuesser(starter_categories())


def _category(key: str, *words: str, weak: tuple[str, ...] = ()) -> Category:
    return Category(key, "head", key, key, needs_asset=False, words=words, weak=weak)


def _keys(guesser: CategoryGuesser, text: str, at_most: int = 3) -> list[str]:
    return [guess.key for guess in guesser.guess(text, at_most)]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("车底又漏油了，上次换的机油滤芯", "quality_engine"),
        ("變速箱換擋頓挫", "quality_gearbox"),
        ("发动机冒烟起火", "safety_fire"),
        ("销售承诺的赠送保养一直不兑现", "contract_promise"),
        ("4S店态度恶劣，还骂人", "service_attitude"),
        ("门店说没有配件，等配件等了一个月", "parts_wait"),
        ("开了发票但是抬头错了", "price_invoice"),
        ("个人信息泄露，天天接到推销", "privacy_leak"),
        ("打了三次电话没人回电，一直没有答复", "waiting_reply"),
        ("Ｔｈｅ Ｇｅａｒｂｏｘ ｊｅｒｋｓ", "quality_gearbox"),
        ("The brakes are grinding", "quality_brakes"),
        ("I was overcharged and want the invoice corrected: hidden fees", "price_bill"),
        ("The man at the desk was rude and shouted at me", "service_attitude"),
        ("Please refund my deposit", "contract_refund"),
        ("The car was not delivered on the delivery date", "delivery_late"),
        ("Their website says something else, misleading advertising", "information_advertising"),
    ],
)
def test_plain_cases_come_first(guesser: CategoryGuesser, text: str, key: str) -> None:
    assert _keys(guesser, text)[0] == key


def test_a_guess_names_the_words_that_speak_for_it(guesser: CategoryGuesser) -> None:
    first, second = guesser.guess("变速箱漏油，换挡顿挫，服务态度差", 2)
    assert first.key == "quality_gearbox"
    assert set(first.because) == {"变速箱", "换挡", "顿挫"}
    assert first.score > second.score
    assert 0 < first.score < 1


def test_nothing_known_is_no_guess(guesser: CategoryGuesser) -> None:
    assert guesser.guess("") == ()
    assert guesser.guess("您好，早上好 lorem ipsum 0815") == ()


def test_at_most_as_many_as_wanted_the_best_first(guesser: CategoryGuesser) -> None:
    text = "发动机异响，刹车偏软，空调不制冷，车机死机，轮胎鼓包，多收费，态度恶劣"
    assert [len(guesser.guess(text, n)) for n in (0, 1, 3, 99)] == [0, 1, 3, len(guesser.guess(text, 99))]
    scores = [guess.score for guess in guesser.guess(text, 99)]
    assert scores == sorted(scores, reverse=True)
    assert sum(scores) < 1


def test_a_word_for_two_categories_weighs_less_than_one_for_one() -> None:
    guesser = CategoryGuesser([_category("both", "leak"), _category("one", "leak", "oil")])
    assert [(g.key, g.because) for g in guesser.guess("oil leak")] == [
        ("one", ("oil", "leak")),
        ("both", ("leak",)),
    ]


def test_a_weak_word_decides_only_where_nothing_better_is_said() -> None:
    guesser = CategoryGuesser([_category("noise", weak=("异响",)), _category("brakes", "刹车")])
    assert _keys(guesser, "车内异响") == ["noise"]
    assert _keys(guesser, "异响在刹车时") == ["brakes", "noise"]


def test_what_is_said_first_outweighs_what_follows() -> None:
    guesser = CategoryGuesser([_category("a", "door"), _category("b", "window")])
    later = "and then we talked about this and that for quite a while before "
    assert _keys(guesser, f"door, {later} window") == ["a", "b"]
    assert _keys(guesser, f"window, {later} door") == ["b", "a"]


def test_repeating_a_word_does_not_drown_two_others() -> None:
    guesser = CategoryGuesser([_category("loud", "oil"), _category("true", "gearbox", "clutch")])
    assert _keys(guesser, "gearbox clutch oil oil oil oil")[0] == "true"


def test_even_scores_follow_the_order_of_the_list() -> None:
    rows = [_category("zeta", "alpha"), _category("eta", "beta")]
    assert _keys(CategoryGuesser(rows), "beta alpha") == ["zeta", "eta"]
    assert _keys(CategoryGuesser(reversed(rows)), "beta alpha") == ["eta", "zeta"]


def test_what_stands_behind_the_first_ten_thousand_signs_is_not_read(guesser: CategoryGuesser) -> None:
    head = "发动机漏油。" + "无" * TEXT_SIGNS
    assert guesser.guess(head + "刹车异响" * 100_000) == guesser.guess(head)


@pytest.mark.parametrize(("language", "first", "among"), [("zh", 0.9, 0.95), ("en", 0.8, 0.9)])
def test_calls_of_the_demo_are_guessed(
    guesser: CategoryGuesser, language: str, first: float, among: float
) -> None:
    rates = hit_rates(list(demo_rows(language)), guesser, starter_categories())
    assert rates["top_1"] >= first
    assert rates["top_3"] >= among


def test_the_held_out_half_of_a_city_hotline_is_guessed() -> None:
    rows = list(city_rows(DATA, 1))
    if not rows:
        pytest.skip("the complaints of a city hotline are not on this machine")
    categories = starter_categories("categories_city.toml")
    rates = hit_rates(rows, CategoryGuesser(categories), categories)
    assert rates["top_1"] >= 0.84
    assert rates["top_3"] >= 0.96


class TestFinder:
    def test_chinese_words_stand_anywhere_english_ones_apart(self) -> None:
        finder = WordFinder(["漏油", "oil"])
        assert [hit.word for hit in finder.find(plain("发动机漏油严重，the OIL boils"))] == ["漏油", "oil"]

    def test_the_longest_of_those_that_begin_first_hides_the_others(self) -> None:
        finder = WordFinder(["着火", "打不着火", "打不着", "not start", "start"])
        assert [hit.word for hit in finder.find("打不着火")] == ["打不着火"]
        assert [hit.word for hit in finder.find("it does not start")] == ["not start"]

    def test_a_gap_stays_within_its_clause_and_its_length(self) -> None:
        finder = WordFinder(["刹车…失灵", "brakes … failed"])
        for text in ("刹车失灵", "刹车突然完全失灵", "brakes failed", "the brakes had suddenly all failed"):
            assert len(finder.find(plain(text))) == 1, text
        for text in (
            "刹车，喇叭失灵",
            "刹车正常可是今天早上喇叭失灵",
            "the brakes. it failed",
            "brakes a b c d failed",
        ):
            assert finder.find(plain(text)) == [], text

    def test_a_phrase_does_not_reach_over_the_end_of_a_clause(self) -> None:
        assert WordFinder(["no brakes"]).find("Oh no, brakes again".lower()) == []

    def test_a_word_with_a_gap_hides_nothing(self) -> None:
        finder = WordFinder(["刹车…失灵", "着火"])
        assert [hit.word for hit in finder.find("刹车着火失灵")] == ["刹车…失灵", "着火"]

    def test_an_exact_word_is_found_as_spelled_only(self) -> None:
        finder = WordFinder(["=reporter", "leak"])
        found = finder.find("a reporter reports leaking")
        assert [(hit.word, hit.start, hit.end) for hit in found] == [("=reporter", 2, 10), ("leak", 19, 26)]
        assert finder.find("he will report") == []

    @pytest.mark.parametrize("word", ["", "油", "…漏油", "漏油…", "leak…漏油", "leak…漏油x", "。", "="])
    def test_a_word_that_cannot_be_found_is_refused(self, word: str) -> None:
        with pytest.raises(InvalidInput, match="cannot be looked for"):
            WordFinder([word])


class TestLists:
    @pytest.mark.parametrize("name", LISTS)
    def test_two_levels_named_in_both_languages(self, name: str) -> None:
        rows = starter_categories(name)
        heads = {row.key for row in rows if not row.parent}
        below = Counter(row.parent for row in rows if row.parent)
        assert set(below) == heads
        assert all(row.name_en and row.name_zh and row.name_en != row.name_zh for row in rows)
        for field in ("key", "name_en", "name_zh"):
            assert max(Counter(getattr(row, field) for row in rows).values()) == 1, field

    def test_the_list_of_a_maker_has_its_heads(self) -> None:
        assert {row.key for row in starter_categories() if not row.parent} == HEADS

    @pytest.mark.parametrize("name", LISTS)
    def test_every_category_below_a_head_has_words_of_both_languages(self, name: str) -> None:
        for row in starter_categories(name):
            if row.parent:
                assert any(word.isascii() for word in row.words), row.key
                assert any(not word.isascii() for word in row.words), row.key

    @pytest.mark.parametrize("name", LISTS)
    def test_no_word_stands_there_twice_or_hides_behind_one_of_the_same_stem(self, name: str) -> None:
        rows = starter_categories(name)
        for row in rows:
            assert max(Counter(row.words + row.weak).values(), default=1) == 1, row.key
        listed = list(dict.fromkeys(word for row in rows for word in row.words + row.weak))
        finder = WordFinder(listed)
        hidden = [
            word
            for word in listed
            if word not in [hit.word for hit in finder.find(plain(word.replace(" … ", " ").replace("…", "")))]
        ]
        assert hidden == []

    def test_what_is_at_fault_asks_for_the_asset(self) -> None:
        needs = {row.key for row in starter_categories() if row.needs_asset}
        assert {"quality_engine", "repair_again", "safety_fire", "parts_wait"} <= needs
        assert not needs & {"price_invoice", "service_attitude", "privacy_leak", "waiting_line"}

    @pytest.mark.parametrize(
        ("rows", "fault"),
        [
            ([{"key": "a", "en": "A", "zh": "甲"}] * 2, "twice"),
            ([{"key": "b", "parent": "a", "en": "B", "zh": "乙"}], "must come after"),
            (
                [
                    {"key": "a", "en": "A", "zh": "甲"},
                    {"key": "b", "parent": "a", "en": "B", "zh": "乙"},
                    {"key": "c", "parent": "b", "en": "C", "zh": "丙"},
                ],
                "must name a head",
            ),
            ([{"key": "a", "en": "A", "zh": "甲", "words_en": ["oil"]}], "is a head"),
            ([{"key": "a", "en": "A", "zh": "甲", "wrods_en": ["oil"]}], "is not known here"),
            ([{"key": "a", "en": "A"}], "zh is missing"),
        ],
    )
    def test_a_slip_in_the_list_is_named(self, rows: list[dict[str, Any]], fault: str) -> None:
        with pytest.raises(InvalidInput) as refused:
            read_categories({"category": rows})
        assert fault in str(refused.value)


class TestCauses:
    def test_three_classes_on_top_groups_below_and_leaves_to_choose(self) -> None:
        nodes = starter_causes()
        assert [(n.key, n.cause_class) for n in nodes if not n.parent] == [("A", "A"), ("B", "B"), ("C", "C")]
        by_key = {node.key: node for node in nodes}
        for node in nodes:
            if node.parent:
                assert node.cause_class == by_key[node.parent].cause_class
                assert not by_key[node.parent].leaf
            if node.leaf:
                assert by_key[by_key[node.parent].parent].key in "ABC"
        assert {node.key for node in nodes if not node.leaf and node.parent} == {
            node.parent for node in nodes if node.leaf
        }

    def test_every_class_has_leaves_and_every_name_both_languages(self) -> None:
        nodes = starter_causes()
        leaves = Counter(node.cause_class for node in nodes if node.leaf)
        assert min(leaves[each] for each in "ABC") >= 8
        assert all(node.name_en != node.name_zh for node in nodes)

    def test_a_class_or_a_leaf_that_is_missing_is_named(self) -> None:
        top = [{"key": key, "en": key, "zh": key} for key in "ABC"]
        with pytest.raises(InvalidInput, match="must be A, B, C"):
            read_causes({"class": top[:2]})
        group = {"key": "g", "class": "A", "en": "G", "zh": "组", "leaves": []}
        with pytest.raises(InvalidInput, match="must not be empty"):
            read_causes({"class": top, "group": [group]})
