"""The plan's shape. Everything that may differ between two operations is data in here."""

from datetime import date, datetime, time
from functools import cached_property
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct

from shared.events.alert import Severity
from shared.events.patrol import Latitude, Longitude, NonNegative

Key = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_.-]*$", max_length=80)]
UnitPath = Annotated[str, Meta(pattern=r"^[a-z0-9-]+(/[a-z0-9-]+)*$", max_length=200)]
Label = Annotated[str, Meta(min_length=1, max_length=200)]
LogisticsStage = Literal["none", "boxes", "ballots", "packed", "distributed", "returned"]
RiskClass = Literal["kurang_rawan", "rawan", "sangat_rawan", "khusus"]
ThreatStage = Literal["PG", "AG", "GN"]
RISK_CLASSES: tuple[str, ...] = get_args(RiskClass)
STAGES: tuple[str, ...] = get_args(LogisticsStage)


class Row(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of the plan's rows."""


class Operation(Row, frozen=True, kw_only=True):
    id: Key
    name: Label
    timezone: Label
    unit: UnitPath
    """The root of the unit tree: whose operation it is."""
    unknown_for_s: NonNegative = 3600
    """A site that is silent this long raises an alert, unless its type says otherwise."""
    purpose: Literal["exercise", "synthetic"] | None = None
    """None is the real thing; an exercise pages no real contact and counts in no report."""


class Unit(Row, frozen=True, kw_only=True):
    """A police unit; its parent is the path without the last part."""

    path: UnitPath
    name: Label


class Phase(Row, frozen=True, kw_only=True):
    """An election phase (*tahapan*); both dates are included, in local time."""

    code: Key
    name: Label
    starts: date
    ends: date
    tense: bool | None = None
    """Whether every severity is one step higher in it; None means what its code says."""


class ChecklistLine(Row, frozen=True, kw_only=True):
    """A line of the checklist that the phone shows at a kind of site."""

    id: Key
    label: Label
    label_en: Label


class SiteType(Row, frozen=True, kw_only=True):
    """A kind of site, with its words for people and what holds for every site of the kind."""

    id: Key
    label: Label
    label_en: Label
    min_radius_m: NonNegative = 0
    """A smaller geofence is an error: at a polling place officers stay outside, 50 m away."""
    unknown_for_s: NonNegative | None = None
    """How long such a site may be silent; None means the operation's `unknown_for_s`."""
    keeps_logistics: bool = False
    """Whether boxes and ballots are kept there, so that the logistics stage weighs on it."""
    checklist: Annotated[list[ChecklistLine], Meta(max_length=30)] = []
    """What a visit looks at, in this order."""


class Site(Row, frozen=True, kw_only=True):
    id: Key
    name: Label
    type: Key
    risk_class: Key
    unit: UnitPath
    lat: Latitude
    lon: Longitude
    radius_m: Annotated[float, Meta(gt=0, le=5000)]
    district: Label | None = None
    guards: Annotated[int, Meta(ge=0, le=1000)] | None = None
    """How many guards a visit should meet; None means that nobody said."""


class Way(Row, frozen=True, kw_only=True):
    """An address within a channel of the plan."""

    channel: Key
    address: Label


class Contact(Way, frozen=True, kw_only=True):
    """How somebody is reached. All contacts are told at once; `otherwise` are other ways to one of
    them, tried in their order, each as soon as the one before has failed once."""

    otherwise: Annotated[list[Way], Meta(max_length=5)] = []


class Person(Row, frozen=True, kw_only=True):
    """An officer or a guard, under an invented name in every example of ours."""

    id: Key
    name: Label
    rank: Label
    unit: UnitPath
    role: Key
    contacts: list[Contact] = []
    """How the person is reached, where a chain names them; in a CSV `channel:address …`."""


class Post(Row, frozen=True, kw_only=True):
    """A duty that can be told: `kind` is what an escalation step names."""

    id: Key
    kind: Key
    name: Label
    unit: UnitPath
    holder: Key | None = None
    contacts: list[Contact] = []


class Shift(Row, frozen=True, kw_only=True):
    """A crew on duty each day between two local times; an end before the start is next morning."""

    id: Key
    crew: Label
    unit: UnitPath
    members: list[Key]
    starts: time
    ends: time
    sites: list[Key] = []


class CheckItem(Row, frozen=True, kw_only=True):
    """Something that every visit of a rule looks at."""

    item: Key
    category: Key | None = None
    """What an answer `bad` is reported as; None means that it is only kept."""


class VisitRule(Row, frozen=True, kw_only=True):
    """Which sites are visited when, in local time; a filter that is an empty list lets all pass."""

    id: Key
    at: list[time]
    grace_s: NonNegative
    opens_before_s: NonNegative = 1800
    phases: list[Key] = []
    site_types: list[Key] = []
    risk_classes: list[Key] = []
    sites: list[Key] = []
    logistics_stages: list[LogisticsStage] = []
    """Where not empty, the rule holds only while the posko has set one of these stages."""
    min_dwell_s: NonNegative = 0
    min_people: Annotated[int, Meta(ge=0, le=1000)] = 0
    checklist: list[CheckItem] = []
    crew: Label | None = None


class Category(Row, frozen=True, kw_only=True):
    """A row of the severity table."""

    id: Key
    label: Label
    label_en: Label
    severity: Severity
    stage: ThreatStage
    group: Literal["K", "P", "G", "B"]
    family: Key
    """Categories of one family at one place and time are one happening."""
    site_types: list[Key] = []
    """Where the phone offers it first; empty means everywhere."""
    vulnerabilities: list[Key] = []
    """Kinds of open vulnerability that make it worse; empty means any at the site."""
    restricted_to: list[Key] = []
    """Login roles that may know of such a report; empty means all that see alerts."""
    hidden_from_unit: bool = False
    """Whether the site's unit, which is accused, and those below it may not know of it."""


class TriageRule(Row, frozen=True, kw_only=True):
    """A rule of the operation's own: where `when` holds (CEL over the names in
    `shared.plan.expression.VARIABLES`) the severity rises by `steps`, or to `at_least`."""

    id: Key
    label: Label
    label_en: Label
    when: Annotated[str, Meta(min_length=1, max_length=500)]
    steps: Annotated[int, Meta(ge=1, le=3)] | None = None
    at_least: Severity | None = None


class Step(Row, frozen=True, kw_only=True):
    """One level: whom it tells at once, how long after the level before it. `posts` are kinds of
    post, found by the unit; of `crews` whoever is on shift then."""

    after_s: NonNegative
    posts: list[Key] = []
    people: list[Key] = []
    crews: list[Label] = []

    @property
    def names(self) -> list[str]:
        """Everybody it names."""
        return [*self.posts, *self.people, *self.crews]


class EscalationPolicy(Row, frozen=True, kw_only=True):
    """A chain for the severities it names.

    `start_level` lets *kritis* begin above the first step, with the skipped steps copied.
    `progress_s` is how long an acknowledgement holds without progress; `repeat_s` is how often the
    last step is told again until somebody takes the alert. A dispatch holds `arrive_s`, an arrival
    `resolve_s`; then the alert climbs again.
    """

    id: Key
    severities: Annotated[list[Severity], Meta(min_length=1)]
    steps: Annotated[list[Step], Meta(min_length=1, max_length=10)]
    progress_s: Annotated[float, Meta(gt=0)]
    repeat_s: Annotated[float, Meta(gt=0)]
    start_level: Annotated[int, Meta(ge=1, le=10)] = 1
    arrive_s: Annotated[float, Meta(gt=0)] = 900
    resolve_s: Annotated[float, Meta(gt=0)] = 3600


class Channel(Row, frozen=True, kw_only=True):
    """A way to reach people.

    `log` writes a line; `webhook` posts the page to `url`; `sms` posts to a gateway at `url`;
    `email` and `apprise` go where the service's settings say. No secret stands in a plan.
    """

    id: Key
    kind: Literal["log", "webhook", "sms", "email", "apprise"]
    url: str | None = None
    secret_name: str | None = None
    """Name of the secret that signs webhooks, opens the gateway, and signs receipts; for `apprise`
    of the setting that holds its URL."""
    body: Annotated[str, Meta(max_length=2000)] | None = None
    """What the gateway is sent, with `{to}`, `{text}` and `{ref}`; None means JSON of these."""
    content_type: Literal["application/json", "application/x-www-form-urlencoded"] = (
        "application/json"
    )
    auth_header: Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{1,60}$")] = "Authorization"
    """Where the gateway wants the secret; in `Authorization` as `Bearer`, else as it is."""
    ref_field: Annotated[str, Meta(max_length=80)] | None = None
    """Where the gateway's answer names the message, `messages.0.id`; None means by our `{ref}`."""
    receipt_within_s: Annotated[float, Meta(gt=0, le=3600)] | None = None
    """A page whose delivery is not confirmed within this has failed; None means nobody confirms."""


class Plan(Struct, frozen=True, kw_only=True, dict=True):
    """A whole operation plan, validated."""

    version: str
    operation: Operation
    units: list[Unit]
    phases: list[Phase]
    sites: list[Site]
    people: list[Person]
    posts: list[Post]
    shifts: list[Shift]
    visit_rules: list[VisitRule]
    categories: list[Category]
    policies: list[EscalationPolicy]
    channels: list[Channel]
    site_types: list[SiteType] = []
    triage_rules: list[TriageRule] = []

    @cached_property
    def timezone(self) -> ZoneInfo:
        """The operation's local time."""
        return ZoneInfo(self.operation.timezone)

    @cached_property
    def site_by_id(self) -> dict[str, Site]:
        """Sites by id."""
        return {site.id: site for site in self.sites}

    @cached_property
    def site_type_by_id(self) -> dict[str, SiteType]:
        """Kinds of sites by id."""
        return {site_type.id: site_type for site_type in self.site_types}

    @cached_property
    def category_by_id(self) -> dict[str, Category]:
        """The severity table by category."""
        return {category.id: category for category in self.categories}

    @cached_property
    def person_by_id(self) -> dict[str, Person]:
        """People by id."""
        return {person.id: person for person in self.people}

    @cached_property
    def visit_rule_by_id(self) -> dict[str, VisitRule]:
        """Visit rules by id."""
        return {rule.id: rule for rule in self.visit_rules}

    @cached_property
    def channel_by_id(self) -> dict[str, Channel]:
        """Channels by id."""
        return {channel.id: channel for channel in self.channels}

    @cached_property
    def policy_by_severity(self) -> dict[str, EscalationPolicy]:
        """The chain of each severity."""
        return {severity: policy for policy in self.policies for severity in policy.severities}

    @cached_property
    def policy_by_id(self) -> dict[str, EscalationPolicy]:
        """Chains by id."""
        return {policy.id: policy for policy in self.policies}

    def post(self, kind: str, unit: str) -> Post | None:
        """The post of this kind that answers for a unit: its own, else the nearest one above."""
        path: str | None = unit
        while path:
            for post in self.posts:
                if post.kind == kind and post.unit == path:
                    return post
            path = path.rpartition("/")[0]
        return None

    def unknown_for_s(self, site: Site) -> float:
        """How many seconds a site may be silent before an alert is raised."""
        site_type = self.site_type_by_id.get(site.type)
        if site_type is None or site_type.unknown_for_s is None:
            return self.operation.unknown_for_s
        return site_type.unknown_for_s

    def phase_on(self, day: date) -> Phase | None:
        """The phase of a local date; the later row wins where two overlap."""
        return next((p for p in reversed(self.phases) if p.starts <= day <= p.ends), None)

    def phase_at(self, moment: datetime) -> Phase | None:
        """The phase of a moment's local date."""
        return self.phase_on(moment.astimezone(self.timezone).date())


class Situation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Live overrides of the plan's defaults; None, or no entry, means what the plan says."""

    phase: str | None = None
    logistics_stage: str | None = None
    site_classes: dict[str, str] = {}
    """Risk class by site."""
    stand_ins: dict[str, str] = {}
    """By person who stands in for them."""


class DueVisit(Struct, frozen=True, kw_only=True):
    """A visit that a rule demands; the id is the same whenever the day is expanded again."""

    id: str
    rule: str
    site: str
    unit: str
    crew: str | None
    opens_at: datetime
    due_at: datetime
    grace_until: datetime
    min_dwell_s: float


ROW_TYPES: dict[str, type[Row]] = {
    "operation": Operation,
    "units": Unit,
    "phases": Phase,
    "site_types": SiteType,
    "sites": Site,
    "people": Person,
    "posts": Post,
    "shifts": Shift,
    "visit_rules": VisitRule,
    "categories": Category,
    "triage_rules": TriageRule,
    "policies": EscalationPolicy,
    "channels": Channel,
}
"""What a row of each section is."""

SECTIONS: tuple[str, ...] = tuple(ROW_TYPES)
OPTIONAL_SECTIONS = frozenset({"triage_rules"})
"""Sections that a plan may leave out."""
