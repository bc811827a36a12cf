"""What waits: order, owners, calls, news and cost."""

from datetime import timedelta
from uuid import UUID, uuid4

from crmdesk.models import agent, article
from crmdesk.models.types import AgentId
from crmdesk.services.customers.worklist import CALLS, worklist
from crmdesk.services.store.unit_of_work import UnitOfWork

from .conftest import Desk, Statements, unindexed

MOBILE = "+8613800138000"


def hire(desk: Desk, login: str, team: UUID | None = None) -> AgentId:
    """Make an agent."""
    row_id = uuid4()
    values = {"id": row_id, "login": login, "name_zh": f"名{login}", "team_id": team}
    desk.do(agent.save_code(desk.author, "agent", values))
    return AgentId(row_id)


def test_empty_desk_has_nothing_waiting(desk: Desk) -> None:
    held = worklist(desk.reader, None, now=desk.now)
    assert (held.tasks, held.calls, held.news) == ((), (), ())


def test_tasks_by_due_time_undated_last(desk: Desk) -> None:
    me, other = hire(desk, "lin"), hire(desk, "he")
    owner = desk.customer("张伟", MOBILE)
    day = timedelta(days=1)
    desk.task(owner, subject="undated", owner_id=me)
    desk.task(owner, subject="tomorrow", owner_id=me, due_at=desk.now + day)
    desk.task(owner, subject="yesterday", due_at=desk.now - day, kind="callback", number_value=MOBILE)
    desk.task(owner, subject="hers", owner_id=other, due_at=desk.now)
    desk.task(owner, subject="done", owner_id=me, state="done")
    lines = worklist(desk.reader, me, now=desk.now).tasks
    assert [(line.subject, line.overdue, line.owner) for line in lines] == [
        ("yesterday", True, ""),
        ("tomorrow", False, "名lin"),
        ("undated", False, "名lin"),
    ]
    assert (lines[0].customer_id, lines[0].customer_name, lines[0].number) == (owner, "张伟", MOBILE)
    assert len(worklist(desk.reader, None, now=desk.now).tasks) == 4
    assert [line.subject for line in worklist(desk.reader, me, now=desk.now, limit=1).tasks] == ["yesterday"]


def test_unowned_tasks_of_another_team_do_not_wait_for_me(desk: Desk) -> None:
    mine, theirs = uuid4(), uuid4()
    me = hire(desk, "lin", mine)
    owner = desk.customer("张伟")
    desk.task(owner, subject="ours", team_id=mine)
    desk.task(owner, subject="theirs", team_id=theirs)
    assert [line.subject for line in worklist(desk.reader, me, now=desk.now).tasks] == ["ours"]


def test_a_task_of_a_complaint_says_which_and_what_for(desk: Desk) -> None:
    of = uuid4()
    desk.task(None, subject="C26-K7Q-0001", complaint_id=of, errand="follow_up")
    desk.task(None, subject="by hand")
    lines = worklist(desk.reader, None, now=desk.now).tasks
    assert {(line.complaint_id, line.errand) for line in lines} == {(of, "follow_up"), (None, "")}


def _emptied(work: UnitOfWork, subject: str) -> None:
    """Leave of a task what others get of it."""
    work.connection.execute("UPDATE task SET subject = '' WHERE subject = ?", (subject,))
    work.commit()


def test_what_is_left_of_a_task_of_a_restricted_complaint_waits_for_nobody(desk: Desk) -> None:
    mine = uuid4()
    me = hire(desk, "lin", mine)
    desk.task(None, subject="C26-K7Q-0001", errand="follow_up", complaint_id=uuid4(), team_id=mine)
    desk.task(None, subject="C26-K7Q-0002", complaint_id=uuid4(), team_id=mine)
    desk.store.write(_emptied, "C26-K7Q-0002").result()
    assert [line.errand for line in worklist(desk.reader, me, now=desk.now).tasks] == ["follow_up"]


def test_a_missed_call_waits_as_a_call_back(desk: Desk) -> None:
    owner = desk.customer("张伟", MOBILE)
    desk.call(MOBILE, owner, state="ended", result="missed", ended_at=desk.now)
    held = worklist(desk.reader, None, now=desk.now + timedelta(hours=2))
    assert [(task.kind, task.customer_name, task.overdue) for task in held.tasks] == [
        ("callback", "张伟", True)
    ]
    assert [(call.result, call.customer_name) for call in held.calls] == [("missed", "张伟")]


def test_latest_calls_are_mine_and_nobodys(desk: Desk) -> None:
    me, other = hire(desk, "lin"), hire(desk, "he")
    for minutes, who in enumerate((me, None, other, me)):
        desk.call(
            MOBILE, ago=timedelta(minutes=minutes), agent_id=who, number_raw=str(minutes), number_value=""
        )
    assert [call.number for call in worklist(desk.reader, me, now=desk.now).calls] == ["0", "1", "3"]
    assert len(worklist(desk.reader, None, now=desk.now).calls) == 4


def test_news_are_the_latest_published_articles(desk: Desk) -> None:
    for title, state in (("old", "published"), ("draft", "draft"), ("new", "published")):
        desk.later(hours=1)
        desk.do(article.save_article(desk.author, {"title": title, "body": f"about {title}", "state": state}))
    news = worklist(desk.reader, None, now=desk.now).news
    assert [(line.title, line.passage, str(line.why[0])) for line in news] == [
        ("new", "about new", "new"),
        ("old", "about old", "new"),
    ]


def test_news_in_the_agents_language_come_first_whatever_is_newer(desk: Desk) -> None:
    for title, lang in (("eins", "zh"), ("one", "en"), ("two", "en"), ("zwei", "zh")):
        desk.later(hours=1)
        held = {"title": title, "body": title, "lang": lang, "state": "published"}
        desk.do(article.save_article(desk.author, held))
    news = worklist(desk.reader, None, now=desk.now, language="en").news
    assert [line.title for line in news] == ["two", "one", "zwei", "eins"]


def test_length_of_history_does_not_matter(desk: Desk) -> None:
    me = hire(desk, "lin")
    for n in range(CALLS + 5):
        desk.call(MOBILE, ago=timedelta(days=n))
    trace = Statements(desk.reader)
    assert len(worklist(desk.reader, me, now=desk.now).calls) == CALLS
    ran = trace.stop()
    assert len(ran) == 7
    assert unindexed(desk.reader, ran) == []
