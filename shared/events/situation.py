"""What the command center changes of the plan's defaults, from that minute on."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from shared.events.envelope import Event, Name, Timestamp

Override = Literal["phase", "logistics_stage", "site_class", "stand_in", "everything"]


class SituationChange(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One override, or its end where `value` is None; `everything` ends all of them.

    `of` is the site of a `site_class`, the person of a `stand_in`; `value` the phase's code, the
    logistics stage, the risk class, the person who stands in. `by` is the name of who decided it;
    the envelope's `time` is since when it holds.
    """

    what: Override
    by: str
    reason: Annotated[str, Meta(max_length=1000)]
    of: Name | None = None
    value: Name | None = None
    until: Timestamp | None = None


class SituationChanged(Event, frozen=True, kw_only=True, tag="ronda.situation.changed.v1"):
    data: SituationChange
