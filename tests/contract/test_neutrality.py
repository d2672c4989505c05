"""There is no field for votes, parties or candidates: not in an event, not in a plan."""

import inspect
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import msgspec
import pytest
from msgspec import inspect as schema

import shared.plan.model
import shared.plan.summary
from shared.events import envelope, registry
from shared.events.registry import EVENTS
from shared.plan.model import Plan

FORBIDDEN = re.compile(
    "vote|suara|candidate|calon|caleg|capres|cawapres|party|partai|paslon|c_?hasil|hasil|tally"
    "|result|ballot_?count|perolehan|winner|elektab"
)


def structs_of(kind: Any) -> Iterator[schema.StructType]:
    """A Struct's type and every Struct type within it."""
    pending, seen = [schema.type_info(kind)], set()
    while pending:
        info = pending.pop()
        if isinstance(info, schema.StructType):
            if info.cls in seen:
                continue
            seen.add(info.cls)
            yield info
            pending += [field.type for field in info.fields]
        elif isinstance(info, schema.UnionType):
            pending += info.types
        elif isinstance(info, schema.CollectionType):
            pending.append(info.item_type)
        elif isinstance(info, schema.DictType):
            pending += [info.key_type, info.value_type]
        elif isinstance(info, schema.Metadata):
            pending.append(info.type)


def structs_in(module: ModuleType) -> list[type[msgspec.Struct]]:
    return [
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, msgspec.Struct) and kind.__module__ == module.__name__
    ]


def words_of(kind: Any) -> Iterator[str]:
    """Every name that could hold such a thing: fields, classes, event types."""
    for struct in structs_of(kind):
        yield struct.cls.__name__
        yield from (field.encode_name for field in struct.fields)
        if isinstance(struct.tag, str):
            yield struct.tag


EVENT_MODULES = {inspect.getmodule(kind) for kind in EVENTS.values()} | {envelope, registry}
PLAN_MODULES = {shared.plan.model, shared.plan.summary}
# Sorted, because the workers of one run must see the same tests in the same order.
ALL = sorted(
    (kind for module in EVENT_MODULES | PLAN_MODULES if module for kind in structs_in(module)),
    key=lambda kind: (kind.__module__, kind.__name__),
)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_no_contract_has_a_place_for_votes_parties_or_candidates(kind: Any) -> None:
    found = {word for word in words_of(kind) if FORBIDDEN.search(word.lower())}

    assert not found, f"rule 6: no vote counts, parties or candidates anywhere, but {found}"


def test_the_search_reaches_every_event_and_what_is_nested_in_it() -> None:
    assert set(EVENTS.values()) <= set(ALL)
    assert "accuracy_m" in set(words_of(EVENTS["ronda.visit.checked_in.v1"]))
    assert {"ronda.alert.raised.v1", "declined_at"} <= set(
        words_of(EVENTS["ronda.alert.raised.v1"])
    )
    assert {"start_level", "after_s", "radius_m"} <= set(words_of(Plan))


def test_the_search_finds_what_it_looks_for() -> None:
    class Inner(msgspec.Struct):
        suara_sah: int

    class Outer(msgspec.Struct):
        rows: list[Inner | None]

    assert "suara_sah" in {word for word in words_of(Outer) if FORBIDDEN.search(word)}
