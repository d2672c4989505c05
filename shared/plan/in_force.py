"""The plan as it holds now: its rows, with the situation's overrides in their places."""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from shared.plan.model import Plan, Post, Situation


def in_force(plan: Plan, situation: Situation) -> Plan:
    """The plan with sites of another risk class, and with whoever stands in for somebody.

    A post keeps its own contacts and gains those of the person who stands in: a duty phone rings,
    and so does theirs.
    """
    if not situation.site_classes and not situation.stand_ins:
        return plan
    classes, deputies = situation.site_classes, situation.stand_ins
    return replace(
        plan,
        sites=[
            replace(site, risk_class=classes.get(site.id, site.risk_class)) for site in plan.sites
        ],
        posts=[_held(post, plan, deputies) for post in plan.posts],
        shifts=[
            replace(shift, members=_deputised(shift.members, deputies)) for shift in plan.shifts
        ],
        policies=[
            replace(
                policy,
                steps=[
                    replace(step, people=_deputised(step.people, deputies)) for step in policy.steps
                ],
            )
            for policy in plan.policies
        ],
    )


def _held(post: Post, plan: Plan, deputies: Mapping[str, str]) -> Post:
    if post.holder is None or post.holder not in deputies:
        return post
    holder = _deputy(post.holder, deputies)
    person = plan.person_by_id.get(holder)
    own = person.contacts if person else []
    more = [contact for contact in own if contact not in post.contacts]
    return replace(post, holder=holder, contacts=[*post.contacts, *more])


def _deputised(people: Iterable[str], deputies: Mapping[str, str]) -> list[str]:
    return list(dict.fromkeys(_deputy(person, deputies) for person in people))


def _deputy(person: str, deputies: Mapping[str, str]) -> str:
    """Who stands in at last: a deputy may have one too."""
    seen = {person}
    while (deputy := deputies.get(person)) is not None and deputy not in seen:
        seen.add(deputy)
        person = deputy
    return person
