"""The demo content is complete in both languages, hangs together, and names nobody's real product."""

import re
import shutil
import unicodedata
from collections import Counter
from pathlib import Path

import phonenumbers
import pytest

from crmdesk.errors import FileFault
from crmdesk.resources import resource
from crmdesk.services.demo_content import (
    LANGUAGES,
    DemoContent,
    VehicleModel,
    demo_vin,
    load_demo_content,
    vin_check_digit,
)

FILES = ("company.json", "names.json", "articles.jsonl", "scripts.jsonl", "calls.jsonl")
REAL_BRANDS_EN = """
    Toyota Honda Nissan Mazda Subaru Suzuki Mitsubishi Lexus Infiniti Acura Hyundai Kia Volkswagen Audi BMW
    Mercedes Benz Porsche Opel Vauxhall Renault Peugeot Citroen Fiat Ferrari Lamborghini Maserati Volvo Saab
    Skoda Bentley Jaguar Tesla Chevrolet Cadillac Buick Chrysler Dodge Jeep Geely Chery BYD NIO XPeng Haval
    Hongqi Roewe Baojun Wuling Changan Dongfeng Zeekr Leapmotor Lincoln Rivian Lucid Dacia Daihatsu Isuzu Tata
"""
REAL_BRANDS_ZH = """
    丰田 本田 日产 马自达 斯巴鲁 铃木 三菱 雷克萨斯 英菲尼迪 讴歌 起亚 大众 奥迪 宝马 奔驰 保时捷 欧宝
    雷诺 标致 雪铁龙 菲亚特 法拉利 兰博基尼 玛莎拉蒂 沃尔沃 萨博 斯柯达 宾利 捷豹 路虎 特斯拉 雪佛兰
    凯迪拉克 别克 克莱斯勒 道奇 吉普 福特 林肯 吉利 奇瑞 比亚迪 蔚来 小鹏 理想 哈弗 红旗 荣威 宝骏 五菱
    长安 东风 极氪 零跑 名爵 传祺 江淮 长城 领克 问界 奔腾 海马 力帆 众泰
"""
COMMON_FAULTS = 20


@pytest.fixture(scope="module")
def content() -> DemoContent:
    return load_demo_content(resource("demo"))


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(resource("demo"), tmp_path / "demo"))


def everything() -> str:
    return "\n".join((resource("demo") / name).read_text(encoding="utf-8") for name in FILES)


def test_there_is_enough_of_everything(content: DemoContent) -> None:
    company, names = content.company, content.names
    assert len(company.agents) == 12
    assert [agent.extension for agent in company.agents] == [str(number) for number in range(1001, 1013)]
    assert len(company.models) == 8
    assert len(company.outlets) == 40
    assert len(company.faults) >= 40
    assert len(company.dispositions) >= 14
    assert [line.number for line in company.lines] == ["02158208000", "02158208001"]
    assert min(len(names.surnames), len(names.latin_first_names), len(names.latin_last_names)) >= 120
    assert len(names.given_names) >= 280
    assert min(len(names.company_trades), len(names.streets)) >= 60
    assert Counter(article.lang for article in content.articles) == {"zh": 37, "en": 24}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_model_finds_five_articles_in_each_language(content: DemoContent, lang: str) -> None:
    counts = Counter(code for article in content.articles if article.lang == lang for code in article.models)
    assert {model.code for model in content.company.models if counts[model.code] < 5} == set()


def test_every_fault_has_an_article_for_each_of_its_models(content: DemoContent) -> None:
    served = {
        (topic, code) for article in content.articles for topic in article.topics for code in article.models
    }
    asked = {(fault.key, code) for fault in content.company.faults for code in fault.models}
    assert asked - served == set()


def test_articles_are_as_long_as_an_agent_can_read(content: DemoContent) -> None:
    assert len(content.articles) >= 60
    for article in content.articles:
        length = len(article.body) if article.lang == "zh" else len(article.body.split())
        shortest, longest = (250, 700) if article.lang == "zh" else (150, 350)
        assert shortest <= length <= longest, (article.id, length)
        assert len(article.do_this.splitlines()) == 5, article.id
        assert article.title and article.say_this and article.keywords, article.id
        assert article.state == "published"
        assert article.topic in article.topics


def test_english_articles_have_a_chinese_twin(content: DemoContent) -> None:
    topics: dict[str, set[str]] = {lang: set() for lang in LANGUAGES}
    for article in content.articles:
        topics[article.lang].add(article.topic)
    assert topics["en"] <= topics["zh"]


def test_safety_line_stands_in_every_article_about_a_dangerous_fault(content: DemoContent) -> None:
    dangerous = {fault.key for fault in content.company.faults if fault.safety}
    silent = {article.topic for article in content.articles if not article.safety}
    assert silent & dangerous == set()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_common_faults_have_several_histories(content: DemoContent, lang: str) -> None:
    counts = Counter(text.fault for text in content.history if text.lang == lang)
    assert sum(count >= 3 for count in counts.values()) >= COMMON_FAULTS
    assert set(counts) == {fault.key for fault in content.company.faults}
    most_heard = {fault.key for fault in content.company.faults if fault.weight >= 5}
    kinds = {(text.fault, text.kind) for text in content.history if text.lang == lang}
    assert most_heard <= {fault for fault, kind in kinds if kind == "visit"}


def test_every_fault_of_every_model_has_a_history_in_both_languages(content: DemoContent) -> None:
    told = {
        (text.lang, text.fault, code)
        for text in content.history
        if text.kind == "call"
        for code in text.models
    }
    for fault in content.company.faults:
        asked = {(lang, fault.key, code) for lang in LANGUAGES for code in fault.models}
        assert asked <= told, fault.key
    assert {text.kind for text in content.history} == {"call", "visit", "task"}


def test_scripts_come_in_pairs_and_every_question_is_reached(content: DemoContent) -> None:
    assert Counter(script.topic for script in content.scripts).most_common()[-1][1] == len(LANGUAGES)
    for script in content.scripts:
        reached = {answer.next for question in script.questions for answer in question.answers}
        assert {question.id for question in script.questions[1:]} == reached - {""}
        assert all(len(question.answers) >= 2 for question in script.questions)


def test_chinese_is_chinese_and_english_is_english(content: DemoContent) -> None:
    han = re.compile(r"[\u4e00-\u9fff]")
    for article in content.articles:
        for text in (article.title, article.body, article.say_this, article.do_this, article.keywords):
            assert bool(han.search(text)) == (article.lang == "zh"), article.id
    for entry in content.history:
        assert bool(han.search(entry.note)) == (entry.lang == "zh"), entry.subject
    company = content.company
    for rows in (company.faults, company.outlets, company.operations, company.dispositions):
        assert all(han.search(row.name_zh) and not han.search(row.name_en) for row in rows)


def test_nothing_real_is_named() -> None:
    text = everything()
    chinese, latin = REAL_BRANDS_ZH.split(), REAL_BRANDS_EN.split()
    assert min(len(chinese), len(latin)) >= 60
    assert [brand for brand in chinese if brand in text] == []
    assert re.findall(rf"\b(?:{'|'.join(latin)})\b", text, re.IGNORECASE) == []


def test_mail_goes_to_reserved_domains_only(content: DemoContent) -> None:
    domains = (*content.names.email_domains, content.company.email_domain)
    assert [name for name in domains if not re.search(r"(^|\.)example(\.(com|net|org))?$", name)] == []


def test_no_control_or_private_characters() -> None:
    text = everything()
    odd = {"Cc", "Cf", "Co", "Cn"}
    assert {sign for sign in text.replace("\n", "") if unicodedata.category(sign) in odd} == set()
    # Escaped ones: only the line break and the quotation mark are needed.
    assert re.findall(r"\\[^n\"]", text) == []


def test_outlet_numbers_belong_to_their_city(content: DemoContent) -> None:
    areas = {city.key: city.area_code for city in content.company.cities}
    for outlet in content.company.outlets:
        assert outlet.area_code == areas[outlet.city]
        assert re.fullmatch(rf"0{outlet.area_code}555\d{{4,5}}", outlet.phone), outlet
        assert phonenumbers.is_valid_number(phonenumbers.parse(outlet.phone, content.company.country)), outlet
    assert len({outlet.phone for outlet in content.company.outlets}) == len(content.company.outlets)


def test_check_digit_agrees_with_known_numbers() -> None:
    # Seventeen ones and the worked example of 49 CFR 565 have a digit that is known beforehand.
    assert vin_check_digit("11111111111111111") == "1"
    assert vin_check_digit("1M8GDM9A_KP042788".replace("_", "0")) == "X"


def test_vins_are_well_formed_and_differ(content: DemoContent) -> None:
    def numbers(model: VehicleModel) -> list[str]:
        years = range(model.first_year, model.last_year + 1)
        return [demo_vin(model, year, serial) for year in years for serial in (1, 98_765)]

    vins = [vin for model in content.company.models for vin in numbers(model)]
    assert len(set(vins)) == len(vins)
    assert all(re.fullmatch(r"L0D[A-HJ-NPR-Z0-9]{5}[0-9X][A-HJ-NPR-Z0-9]{8}", vin) for vin in vins)
    assert all(vin[8] == vin_check_digit(vin) for vin in vins)


def test_missing_file_is_a_sentence(copied: Path) -> None:
    (copied / "scripts.jsonl").unlink()
    with pytest.raises(FileFault, match=r"demo content cannot be used: scripts\.jsonl"):
        load_demo_content(copied)


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("articles.jsonl", '"state"', '"status"', r"articles\.jsonl:1: missing or unknown: state, status"),
        ("articles.jsonl", '"oil_leak"]', '"oil_leek"]', r"unknown oil_leek"),
        ("articles.jsonl", '"KB-0002"', '"KB-0001"', r"'KB-0001' comes twice"),
        ("calls.jsonl", '{"fault"', '{"fault', r"calls\.jsonl:1"),
        ("calls.jsonl", '"lang": "zh"', '"lang": "fr"', r"calls\.jsonl: unknown fr"),
        ("company.json", '"bays": 8', '"bays": "8"', r"not of type int"),
        ("company.json", '"models": ["SUV-7"', '"models": ["SUV-8"', r"unknown SUV-8"),
        ("scripts.jsonl", '"next": "q2"', '"next": "q9"', r"unknown q9"),
        ("names.json", '"email_domains": [', '"email_domains": "x", "more": [', r"missing or unknown: more"),
    ],
)
def test_damage_is_told(copied: Path, name: str, old: str, new: str, told: str) -> None:
    path = copied / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(FileFault, match=told):
        load_demo_content(copied)


def test_another_encoding_is_told(copied: Path) -> None:
    path = copied / "articles.jsonl"
    path.write_bytes(path.read_text(encoding="utf-8").encode("gb18030"))
    with pytest.raises(FileFault, match=r"articles\.jsonl"):
        load_demo_content(copied)
