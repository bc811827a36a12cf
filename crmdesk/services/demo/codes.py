"""Code tables and articles of the demo company, as rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from crmdesk.models.agent import Agent, Disposition, Fault, Outlet, ProductModel, Team
from crmdesk.models.article import Article
from crmdesk.services.demo_content import DemoAgent, DemoArticle, DemoContent

NAMESPACE = UUID("b0f6a1c4-52a1-5d0e-9a7b-2f1d6c3e8a10")


def code_id(kind: str, key: str) -> UUID:
    """Return the id of a code row, the same in every demo store."""
    return uuid5(NAMESPACE, f"{kind}/{key}")


@dataclass(frozen=True, slots=True)
class Desks:
    """Who answers which kind of call."""

    content: DemoContent
    by_team: dict[str, list[DemoAgent]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for agent in self.content.company.agents:
            self.by_team.setdefault(agent.team, []).append(agent)

    def team_for(self, language: str, *, electric: bool) -> str:
        """Return the key of the team that takes such a call."""
        wanted = "english" if language == "en" else "ev" if electric else "hotline"
        return wanted if wanted in self.by_team else next(iter(self.by_team))


def code_rows(content: DemoContent) -> Iterator[object]:
    """Yield teams, agents, dispositions, outlets, models and faults."""
    company = content.company
    for team in company.teams:
        yield Team(
            id=code_id("team", team.key),
            key=team.key,
            queue=team.queue,
            name_en=team.name_en,
            name_zh=team.name_zh,
        )
    for agent in company.agents:
        yield Agent(
            id=code_id("agent", agent.login),
            login=agent.login,
            name_en=agent.name_en,
            name_zh=agent.name_zh,
            extension=agent.extension,
            team_id=code_id("team", agent.team),
            role=agent.role,
            languages=agent.languages,
        )
    for n, way in enumerate(company.dispositions):
        yield Disposition(
            id=code_id("disposition", way.key),
            key=way.key,
            name_en=way.name_en,
            name_zh=way.name_zh,
            closing=way.closing,
            position=n,
        )
    yield from _things(content)


def _things(content: DemoContent) -> Iterator[object]:
    for outlet in content.company.outlets:
        yield Outlet(
            id=code_id("outlet", outlet.code),
            key=outlet.code,
            name_en=outlet.name_en,
            name_zh=outlet.name_zh,
            city=outlet.city,
            phone=outlet.phone,
        )
    for model in content.company.models:
        yield ProductModel(
            id=code_id("model", model.code),
            key=model.code,
            name_en=model.name_en,
            name_zh=model.name_zh,
            service_km=model.service_interval_km,
            service_months=model.service_interval_months,
        )
    for fault in content.company.faults:
        yield Fault(
            id=code_id("fault", fault.key), key=fault.key, name_en=fault.name_en, name_zh=fault.name_zh
        )


def article_rows(content: DemoContent, now: datetime) -> Iterator[Article]:
    """Yield the articles, written over the last two years, the last ones this week."""
    count = len(content.articles)
    for n, article in enumerate(content.articles):
        at = now - timedelta(days=2 + 11 * (count - n), hours=n % 7)
        yield _article(article, at)


def _article(article: DemoArticle, at: datetime) -> Article:
    return Article(
        id=code_id("article", article.id),
        external_id=article.id,
        lang=article.lang,
        title=article.title,
        body=article.body,
        say_this=article.say_this,
        do_this=article.do_this,
        safety=article.safety,
        models=article.models,
        topics=article.topics,
        keywords=article.keywords,
        state=article.state,
        created_at=at,
        updated_at=at,
    )
