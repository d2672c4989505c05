"""The plan that the services follow while they are measured."""

import msgspec

from ronda import plans
from ronda.bench.traffic import place
from ronda.stack.settings import DEFAULT_PLAN
from shared.plan.model import Channel, Contact, EscalationPolicy, Plan, Post, Site, Step
from shared.plan.pieces import content_version

_LONG_S = 86_400.0


def bench_plan(*, sites: int, webhook: str) -> Plan:
    """The example plan with `sites` sites, no visits, and chains of one page to `webhook`.

    The sites lie more than a kilometre apart, so that no two reports are of one happening.
    """
    example = plans.read(DEFAULT_PLAN)
    model = example.sites[0]
    changed = msgspec.structs.replace(
        example,
        operation=msgspec.structs.replace(example.operation, unknown_for_s=_LONG_S),
        site_types=[
            msgspec.structs.replace(kind, unknown_for_s=None) for kind in example.site_types
        ],
        sites=[_site(model, number) for number in range(sites)],
        shifts=[],
        visit_rules=[],
        channels=[Channel(id="bench", kind="webhook", url=webhook)],
        posts=[_reached(post) for post in example.posts],
        policies=[_one_page(example.policies)],
    )
    return msgspec.structs.replace(changed, version=content_version(changed))


def _site(model: Site, number: int) -> Site:
    lat, lon = place(number)
    return msgspec.structs.replace(
        model, id=f"site-{number}", name=f"Site {number}", lat=lat, lon=lon
    )


def _reached(post: Post) -> Post:
    return msgspec.structs.replace(post, contacts=[Contact(channel="bench", address=post.id)])


def _one_page(policies: list[EscalationPolicy]) -> EscalationPolicy:
    return EscalationPolicy(
        id="bench",
        severities=[severity for policy in policies for severity in policy.severities],
        steps=[Step(after_s=0, posts=["posko"])],
        progress_s=_LONG_S,
        repeat_s=_LONG_S,
    )
