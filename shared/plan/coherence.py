"""Whether a plan makes sense as a whole: trees have roots, chains reach people, times fit."""

from collections.abc import Callable, Iterable
from datetime import time
from typing import get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from shared.auth import ROLES
from shared.events.alert import Severity
from shared.plan.draft import Draft, DraftRow
from shared.plan.expand import rule_covers
from shared.plan.expression import ExpressionError, check
from shared.plan.model import (
    RISK_CLASSES,
    Category,
    Channel,
    EscalationPolicy,
    Operation,
    Person,
    Phase,
    Post,
    Shift,
    Site,
    SiteType,
    TriageRule,
    Unit,
    VisitRule,
)
from shared.plan.phases import says_nothing

SYSTEM_CATEGORIES = {
    "incident": "other",
    "duress": "officer_duress",
    "visit_missed": "missed_checkin",
    "silent": "no_report",
}
"""By kind of alert, the category where no report names one; every plan holds these four."""

_DAY_S = 86_400
_TAKERS = frozenset({"operator", "supervisor", "commander"})
"""Login roles that may take an alert."""


def check_coherence(draft: Draft) -> None:
    """Reports what no single row shows."""
    for look in _CHECKS:
        look(draft)


def _check_operation(draft: Draft) -> None:
    for row, operation in draft.values(Operation):
        try:
            ZoneInfo(operation.timezone)
        except (ValueError, OSError, LookupError):
            message = f"there is no time zone {operation.timezone!r}; Asia/Jakarta is one"
            draft.complain(row, ("timezone",), message)


def _check_units(draft: Draft) -> None:
    root = next((operation.unit for _, operation in draft.values(Operation)), None)
    if root is None:
        return
    known = set(draft.names("units", "path"))
    for row, unit in draft.values(Unit):
        parent = unit.path.rpartition("/")[0]
        if unit.path == root:
            continue
        if not unit.path.startswith(f"{root}/"):
            draft.complain(row, ("path",), f"is not below the operation's unit {root!r}")
        elif parent not in known:
            draft.complain(row, ("path",), f"has no parent; add the unit {parent!r}")


def _check_phases(draft: Draft) -> None:
    for row, phase in draft.values(Phase):
        if phase.ends < phase.starts:
            message = f"ends {phase.ends} before it starts {phase.starts}"
            draft.complain(row, ("ends",), message)
        if says_nothing(phase):
            message = f"{phase.code!r} is no known phase: say `tense: true` or `tense: false`"
            draft.complain(row, ("code",), message)


def _check_sites(draft: Draft) -> None:
    types = {site_type.id: site_type for _, site_type in draft.values(SiteType)}
    for row, site in draft.values(Site):
        if site.risk_class not in RISK_CLASSES:
            message = f"must be one of {', '.join(RISK_CLASSES)}, not {site.risk_class!r}"
            draft.complain(row, ("risk_class",), message)
        site_type = types.get(site.type)
        if site_type is not None and site.radius_m < site_type.min_radius_m:
            message = f"must be at least {site_type.min_radius_m:g} m at a {site.type}"
            draft.complain(row, ("radius_m",), f"{message}, not {site.radius_m:g}")


def _check_people(draft: Draft) -> None:
    channels = set(draft.names("channels", "id"))
    for row, person in draft.values(Person):
        for contact in person.contacts:
            # Not a reference like others: in a table all contacts are one cell.
            if contact.channel not in channels and "channels" in draft.rows:
                draft.complain(row, ("contacts",), f"there is no channel {contact.channel!r}")
        if person.role not in ROLES:
            message = f"must be one of {', '.join(ROLES)}, not {person.role!r}"
            draft.complain(row, ("role",), message)


def _check_posts(draft: Draft) -> None:
    taken: dict[tuple[str, str], str] = {}
    told = {kind for _, policy in draft.values(EscalationPolicy) for kind in _kinds(policy)}
    for row, post in draft.values(Post):
        other = taken.setdefault((post.kind, post.unit), post.id)
        if other != post.id:
            message = f"post {other!r} is the {post.kind} of {post.unit} already"
            draft.complain(row, ("kind",), message)
        if post.kind in told and not post.contacts:
            message = f"a chain tells this {post.kind}; give it a contact, `log` for instance"
            draft.complain(row, ("contacts",), message)


def _check_shifts(draft: Draft) -> None:
    for row, shift in draft.values(Shift):
        if shift.starts == shift.ends:
            draft.complain(row, ("ends",), "a shift may not end at the time it starts")
        if not shift.members:
            draft.complain(row, ("members",), "a crew needs at least one member")


def _check_visit_rules(draft: Draft) -> None:
    sites = [site for _, site in draft.values(Site)]
    all_read = "sites" in draft.rows and len(sites) == len(draft.rows["sites"])
    for row, rule in draft.values(VisitRule):
        if problem := _timing_problem(rule):
            draft.complain(row, ("at",), problem)
        if any(at.tzinfo for at in rule.at):
            draft.complain(row, ("at",), "times are local; leave the offset out")
        if all_read and not any(rule_covers(rule, site) for site in sites):
            draft.complain(row, (), "covers no site; widen its site_types, risk_classes or sites")


def _timing_problem(rule: VisitRule) -> str | None:
    """Two windows of one rule that share a moment would let one visit count twice."""
    if not rule.at:
        return "needs at least one time"
    due = sorted(_seconds(at) for at in rule.at)
    for earlier, later in zip(due, [*due[1:], due[0] + _DAY_S], strict=True):
        if earlier + rule.grace_s >= later - rule.opens_before_s:
            return (
                f"{_clock(later)} opens before the grace of {_clock(earlier)} is over; move them"
                " apart or shorten opens_before_s or grace_s"
            )
    return None


def _seconds(at: time) -> int:
    return at.hour * 3600 + at.minute * 60 + at.second


def _clock(seconds: int) -> str:
    return f"{seconds // 3600 % 24:02d}:{seconds // 60 % 60:02d}"


def _check_categories(draft: Draft) -> None:
    known = set(draft.names("categories", "id"))
    for name in SYSTEM_CATEGORIES.values():
        if name not in known:
            _complain_of_section(draft, "categories", f"needs a row with id {name!r}")
    for row, category in draft.values(Category):
        for at, role in enumerate(category.restricted_to):
            if role not in ROLES:
                message = f"must be one of {', '.join(ROLES)}, not {role!r}"
                draft.complain(row, ("restricted_to", at), message)
        if category.restricted_to and not _TAKERS & {*category.restricted_to}:
            message = f"needs one of {', '.join(sorted(_TAKERS))}, or nobody could take the alert"
            draft.complain(row, ("restricted_to",), message)
        restricting = _restricting(category)
        if category.id in SYSTEM_CATEGORIES.values() and restricting is not None:
            message = "may not be set here: this concerns everybody in the room"
            draft.complain(row, (restricting,), message)


def _restricting(category: Category) -> str | None:
    """The field that keeps somebody from it."""
    if category.restricted_to:
        return "restricted_to"
    return "hidden_from_unit" if category.hidden_from_unit else None


def _check_triage_rules(draft: Draft) -> None:
    for row, rule in draft.values(TriageRule):
        if (rule.steps is None) == (rule.at_least is None):
            draft.complain(row, (), "needs either `steps` or `at_least`, to say what it does")
        try:
            check(rule.when)
        except ExpressionError as error:
            draft.complain(row, ("when",), f"is no condition: {error}")


def _check_policies(draft: Draft) -> None:
    chains: dict[str, str] = {}
    for row, policy in draft.values(EscalationPolicy):
        if policy.start_level > len(policy.steps):
            message = f"must be at most {len(policy.steps)}, the number of steps"
            draft.complain(row, ("start_level",), message)
        for at, severity in enumerate(policy.severities):
            other = chains.setdefault(severity, policy.id)
            if other != policy.id or severity in policy.severities[:at]:
                message = f"{severity!r} has the chain {other!r} already"
                draft.complain(row, ("severities", at), message)
        _check_reach(draft, row, policy)
    named = set(_texts(draft, "policies", "severities", "*"))
    for severity in get_args(Severity):
        if severity not in named:
            _complain_of_section(draft, "policies", f"no chain has the severity {severity!r}")


def _check_reach(draft: Draft, row: DraftRow, policy: EscalationPolicy) -> None:
    """A step that finds nobody on the way up from a site would end the chain without a name."""
    posts = {
        (kind, unit)
        for post in draft.rows.get("posts", ())
        for _, kind in post.raw_values("kind")
        for _, unit in post.raw_values("unit")
    }
    declared = {kind for kind, _ in posts}
    reached = {person.id for _, person in draft.values(Person) if person.contacts}
    places = {operation.unit for _, operation in draft.values(Operation)}
    places.update(site.unit for _, site in draft.values(Site))
    for at, step in enumerate(policy.steps):
        if not step.names:
            draft.complain(row, ("steps", at), "tells nobody; name posts, people or crews")
        if step.people and reached.isdisjoint(step.people) and not step.crews and not step.posts:
            message = f"no contact is known of {', '.join(step.people)}"
            draft.complain(row, ("steps", at, "people"), message)
        if declared.isdisjoint(step.posts) or step.people or step.crews:
            continue  # unknown kinds are reported; others may be reached where the posts are not
        deaf = [
            unit
            for unit in sorted(places)
            if not any((kind, above) in posts for kind in step.posts for above in _upward(unit))
        ]
        if deaf:
            more = f" and {len(deaf) - 3} more" if len(deaf) > 3 else ""
            message = f"no {' or '.join(step.posts)} on the way up from {', '.join(deaf[:3])}{more}"
            draft.complain(row, ("steps", at, "posts"), message)


def _upward(unit: str) -> Iterable[str]:
    while unit:
        yield unit
        unit = unit.rpartition("/")[0]


def _kinds(policy: EscalationPolicy) -> Iterable[str]:
    return (kind for step in policy.steps for kind in step.posts)


_WITHOUT_URL = {
    "log": "a log channel has no url; leave it out",
    "email": "an email channel has no url; RONDA_SMTP_HOST names its server",
    "apprise": "an apprise channel has no url, which would hold a password; "
    "RONDA_APPRISE_URL_<secret_name> does",
}


def _check_channels(draft: Draft) -> None:
    for row, channel in draft.values(Channel):
        _check_url(draft, row, channel)
        if channel.kind == "apprise" and channel.secret_name is None:
            draft.complain(row, (), "an apprise channel needs the field 'secret_name'")
        if channel.body is not None and channel.kind != "sms":
            draft.complain(row, ("body",), "only an sms channel has a body")
        elif channel.body is not None and not {"{to}", "{text}"} <= _placeholders(channel.body):
            draft.complain(row, ("body",), "must hold {to} and {text}")


def _check_url(draft: Draft, row: DraftRow, channel: Channel) -> None:
    if channel.kind in _WITHOUT_URL:
        if channel.url is not None:
            draft.complain(row, ("url",), _WITHOUT_URL[channel.kind])
    elif channel.url is None:
        article = "an" if channel.kind == "sms" else "a"
        draft.complain(row, (), f"{article} {channel.kind} channel needs the field 'url'")
    elif problem := _url_problem(channel.url):
        draft.complain(row, ("url",), problem)


def _placeholders(body: str) -> set[str]:
    return {name for name in ("{to}", "{text}", "{ref}") if name in body}


def _url_problem(url: str) -> str | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return f"is not a URL: {url!r}"
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "must begin with https:// (or http:// within your own network) and name a host"
    if parts.username or parts.password:
        return "must not hold a password; a plan is published. Use secret_name"
    return None


def _complain_of_section(draft: Draft, section: str, message: str) -> None:
    """Reports what a section lacks, at its beginning; not where it could not be read at all."""
    source = draft.sources.get(section)
    if source is not None:
        draft.errors.append(source.error((section,), message))


def _texts(draft: Draft, section: str, *steps: str) -> Iterable[str]:
    for row in draft.rows.get(section, ()):
        yield from (text for _, text in row.raw_values(*steps))


_CHECKS: tuple[Callable[[Draft], None], ...] = (
    _check_operation,
    _check_units,
    _check_phases,
    _check_sites,
    _check_people,
    _check_posts,
    _check_shifts,
    _check_visit_rules,
    _check_categories,
    _check_triage_rules,
    _check_policies,
    _check_channels,
)
