"""Who is told: the posts of a step, found by the unit tree, and what each of them is sent."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from shared.events.alert import Alert, Reason
from shared.plan.expand import is_on_duty
from shared.plan.model import Contact, Person, Plan, Post, Way

LOG_CHANNEL = "log"


@dataclass(frozen=True, slots=True)
class Page:
    """A message to a post. `dedup` is a function of what it says, so a repeat is recognised.

    `alert` is a snapshot: what is sent is what was true when it was decided. `why` is a sentence.
    Pages of one `call` tell one post one thing; it is reached once one of them is taken.
    `otherwise` are the ways that are tried after this one, each as soon as the one before failed.
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
    call: str = ""
    otherwise: tuple[Way, ...] = ()
    accepted_at: datetime | None = None
    """When a provider took it; its receipt is waited for."""
    fallback: bool = False
    """Whether another way to the same person has failed before it."""

    @property
    def ref(self) -> str:
        """A short name of it that every gateway can carry."""
        return hashlib.sha256(self.dedup.encode()).hexdigest()[:20]

    def next_way(self, now: datetime) -> "Page | None":
        """The same, by the next way; None after the last."""
        if not self.otherwise:
            return None
        way, *rest = self.otherwise
        return replace(
            self,
            dedup=f"{self.dedup}>{way.channel}",
            channel=way.channel,
            address=way.address,
            otherwise=tuple(rest),
            due_at=now,
            attempt=0,
            accepted_at=None,
            fallback=True,
        )


@dataclass(frozen=True, slots=True)
class Recipient:
    """One way to reach a post; `route` tells apart the ways that a post has."""

    post: str
    post_name: str
    person: str
    channel: str
    address: str
    route: str
    holder: str | None = None
    """The person's id."""
    otherwise: tuple[Way, ...] = ()

    @property
    def way(self) -> tuple[str, str]:
        """Where it goes, whoever is meant by it."""
        return self.channel, self.address


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


def of_people(plan: Plan, people: Iterable[str], purpose: str | None) -> tuple[Recipient, ...]:
    """How these persons are reached, by contacts of their own."""
    known = [plan.person_by_id[each] for each in dict.fromkeys(people) if each in plan.person_by_id]
    return tuple(
        way
        for person in known
        for way in _routes(person.id, person.name, person, person.contacts, purpose)
    )


def of_crews(
    plan: Plan, crews: Iterable[str], purpose: str | None, now: datetime
) -> tuple[Recipient, ...]:
    """How the members of these crews are reached that are on shift at a moment, by the plan."""
    wanted = set(crews)
    if not wanted:
        return ()
    at = now.astimezone(plan.timezone).time()
    on_shift = [
        member
        for shift in plan.shifts
        if shift.crew in wanted and is_on_duty(shift, at)
        for member in shift.members
    ]
    return of_people(plan, on_shift, purpose)


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


def call_of(alert: Alert, level: int, post: str) -> str:
    """The name of the first call of a level's post in the alert's present cycle."""
    return f"{alert.id}:{alert.cycle}:{level}:{post}"


def _page(alert: Alert, call: Call, recipient: Recipient, now: datetime) -> Page:
    mark = f":{call.mark}" if call.mark else ""
    first = call_of(alert, call.level, recipient.post)
    return Page(
        dedup=f"{first}:{recipient.route}{mark}",
        alert=alert,
        cycle=alert.cycle,
        level=call.level,
        post=recipient.post,
        recipient=recipient.person,
        channel=recipient.channel,
        address=recipient.address,
        why=call.why.id,
        due_at=now,
        call=f"{first}{mark}",
        otherwise=recipient.otherwise,
    )


def _ways(plan: Plan, post: Post, purpose: str | None) -> list[Recipient]:
    holder = plan.person_by_id.get(post.holder) if post.holder else None
    return _routes(post.id, post.name, holder, post.contacts, purpose)


def _routes(
    post: str,
    post_name: str,
    holder: Person | None,
    contacts: Sequence[Contact],
    purpose: str | None,
) -> list[Recipient]:
    if purpose is not None:
        contacts = [Contact(channel=LOG_CHANNEL, address=post)] if contacts else []
    routes: list[Recipient] = []
    used: dict[str, int] = {}
    for contact in contacts:
        channel = contact.channel
        used[channel] = used.get(channel, 0) + 1
        routes.append(
            Recipient(
                post=post,
                post_name=post_name,
                person=holder.name if holder else post_name,
                holder=holder.id if holder else None,
                channel=channel,
                address=contact.address,
                route=channel if used[channel] == 1 else f"{channel}.{used[channel]}",
                otherwise=tuple(contact.otherwise),
            )
        )
    return routes
