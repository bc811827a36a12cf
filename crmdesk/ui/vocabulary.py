"""Words for the codes that come with the data; a code without a word is shown as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmdesk.ui.translation import word

if TYPE_CHECKING:
    from crmdesk.ui.translation import Words

KINDS = {
    "call": word("Call"),
    "visit": word("Visit"),
    "note": word("Note"),
    "task": word("Task"),
    "complaint": word("Complaint"),
    "order": word("Order"),
    "letter": word("Letter"),
}
COMPLAINT_STATES = {
    "RECEIVED": word("Logged"),
    "REJECTED": word("Rejected"),
    "ACKNOWLEDGED": word("Acknowledged"),
    "ASSESSED": word("Assessed"),
    "INVESTIGATING": word("Investigating"),
    "WAITING": word("Waiting"),
    "PROPOSED": word("Decision proposed"),
    "RESPONDED": word("Decision told"),
    "RESOLVED": word("Resolved"),
    "FOLLOW_UP": word("Follow-up"),
    "CLOSED": word("Closed"),
    "WITHDRAWN": word("Withdrawn"),
    "MERGED": word("Merged"),
}
STATES = {
    **COMPLAINT_STATES,
    "ringing": word("Ringing"),
    "talking": word("Talking"),
    "held": word("On hold"),
    "ended": word("Wrap-up"),
    "missed": word("Missed"),
    "cut_off": word("Cut off"),
    "answered": word("Answered"),
    "abandoned": word("Gave up"),
    "no_answer": word("No answer"),
    "busy": word("Busy"),
    "failed": word("Failed"),
    "voicemail": word("Voicemail"),
    "open": word("Open"),
    "dropped": word("Dropped"),
    "done": word("Done"),
    "closed": word("Closed"),
    "cancelled": word("Cancelled"),
    "overdue": word("Overdue"),
}
TIERS = {
    "platinum": word("Platinum"),
    "gold": word("Gold"),
    "silver": word("Silver"),
    "standard": word("Standard"),
    "key": word("Key account"),
    "vip": word("VIP"),
}
CHANNELS = {
    "phone": word("Telephone"),
    "mobile": word("Mobile"),
    "sms": word("SMS"),
    "email": word("E-mail"),
    "wechat": word("WeChat"),
    "letter": word("Letter"),
    "fax": word("Fax"),
    "work": word("Work"),
    "home": word("Home"),
    "office": word("Office"),
    "other": word("Other"),
    "switchboard": word("Switchboard"),
}
ERRANDS = {
    "written_acknowledgement": word("Written acknowledgement"),
    "summary": word("Written summary"),
    "follow_up": word("Follow-up call"),
    "survey": word("Ask how satisfied he is"),
    "escalated": word("Escalated: look at it"),
    "taken_over": word("Take it over"),
    "reminder": word("Reminder: a clock runs out"),
    "outside_decision": word("An outside body decided against us: take it up again"),
    "number_twice": word("Number was given twice: tell the customer the new one"),
}
"""What the procedure of a complaint asks people to do."""
# What people write beside a number when they type it in or import it.
LABELS = {
    "手机": "mobile",
    "家": "home",
    "家庭": "home",
    "住宅": "home",
    "公司": "work",
    "单位": "work",
    "办公室": "office",
    "办公": "office",
    "传真": "fax",
    "邮箱": "email",
    "微信": "wechat",
    "总机": "switchboard",
}
NUMBER_KINDS = {
    "mobile": word("mobile"),
    "fixed": word("landline"),
    "tollfree": word("toll-free number"),
    "short": word("short number"),
    "extension": word("extension"),
    "withheld": word("number withheld"),
    "unknown": word("number not sent"),
    "invalid": word("not a valid number"),
}
LANGUAGES = {"zh": word("Chinese"), "en": word("English"), "zh-CN": word("Chinese"), "zh-TW": word("Chinese")}
TELEPHONY = {
    "connected": word("Telephone connected"),
    "connecting": word("Telephone: connecting"),
    "off": word("No telephone connected"),
    "failed": word("Telephone not reachable"),
}


def said(words: Words, table: dict[str, str], code: str) -> str:
    """Return the word of *code*, or the code itself when *table* has none."""
    known = table.get(code)
    return words.tr(known) if known else code


def readiness(words: Words, *, ready: bool) -> tuple[str, str, str]:
    """Return title, line and tone of the band while there is no call."""
    if ready:
        line = words.tr("Waiting for a call · F12 pauses · Ctrl+K finds anything")
        return words.tr("Ready"), line, "good"
    return words.tr("Paused"), words.tr("No calls come in · F12 takes calls again"), "due"
