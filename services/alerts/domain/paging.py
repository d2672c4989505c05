"""Who is told: the posts of a step, found by the unit tree, and what each of them is sent."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from shared.events.alert import Alert, Reason
from shared.plan.model import Plan, Post

LOG_CHANNEL = "log"


@dataclass(frozen=True, slots=True)
class Page:
    """A message to a post. `dedup` is a function of what it says, so a repeat is recognised.

    `alert` is a snapshot: what is sent is what was true when it was decided. `why` is a sentence.
    """

    dedup: str
    alert: Alert
    cycle: int
    level: int
    post: str
    recipient: str
    channel: str
    address: str
    why: str
    due_at: datetime
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Recipient:
    """One way to reach a post; `route` tells apart the ways that a post has."""

    post: str
    post_name: str
    person: str
    channel: str
    address: str
    route: str


@dataclass(frozen=True, slots=True)
class Call:
    """Recipients to be told one thing at one level; `mark` tells it from the level's first call."""

    level: int
    recipients: tuple[Recipient, ...]
    why: Reason
    mark: str = ""


def recipients(
    plan: Plan, kinds: Iterable[str], unit: str, purpose: str | None
) -> tuple[Recipient, ...]:
    """How the posts of these kinds are reached that answer for a unit; empty means nobody.

    Who is not live is reached by the log alone: an exercise pages no real contact.
    """
    posts = [post for kind in dict.fromkeys(kinds) if (post := plan.post(kind, unit))]
    unique = {post.id: post for post in posts}.values()
    return tuple(way for post in unique for way in _ways(plan, post, purpose))


def posts_held_by(plan: Plan, actor: str, purpose: str | None) -> tuple[Recipient, ...]:
    """How a person is reached by the posts that they hold."""
    return tuple(
        way for post in plan.posts if post.holder == actor for way in _ways(plan, post, purpose)
    )


def names(people: Iterable[Recipient]) -> str | None:
    """The posts by name, for people; None where there are none."""
    return ", ".join(dict.fromkeys(person.post_name for person in people)) or None


def pages_of(alert: Alert, calls: Iterable[Call], now: datetime) -> tuple[Page, ...]:
    """The pages of a decision; nobody is told twice by one decision over one route."""
    pages: dict[str, Page] = {}
    for call in calls:
        for recipient in call.recipients:
            page = _page(alert, call, recipient, now)
            pages.setdefault(page.dedup, page)
    return tuple(pages.values())


def _page(alert: Alert, call: Call, recipient: Recipient, now: datetime) -> Page:
    mark = f":{call.mark}" if call.mark else ""
    step = f"{alert.id}:{alert.cycle}:{call.level}"
    return Page(
        dedup=f"{step}:{recipient.post}:{recipient.route}{mark}",
        alert=alert,
        cycle=alert.cycle,
        level=call.level,
        post=recipient.post,
        recipient=recipient.person,
        channel=recipient.channel,
        address=recipient.address,
        why=call.why.id,
        due_at=now,
    )


def _ways(plan: Plan, post: Post, purpose: str | None) -> list[Recipient]:
    holder = plan.person_by_id.get(post.holder) if post.holder else None
    person = holder.name if holder else post.name
    if purpose is not None:
        contacts = [(LOG_CHANNEL, post.id)] if post.contacts else []
    else:
        contacts = [(contact.channel, contact.address) for contact in post.contacts]
    routes: list[Recipient] = []
    used: dict[str, int] = {}
    for channel, address in contacts:
        used[channel] = used.get(channel, 0) + 1
        route = channel if used[channel] == 1 else f"{channel}.{used[channel]}"
        routes.append(Recipient(post.id, post.name, person, channel, address, route))
    return routes
