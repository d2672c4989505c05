"""Reading rows strictly: every error of a row, not the first one; a typo in a name is an error."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec
from msgspec import Struct

from shared.plan.errors import Path
from shared.plan.model import Contact

Report = Callable[[Path, str], None]

_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?")
_BOUND = re.compile(r"Expected `(?:float|int)` (<=|>=|<|>) (\S+)")
_LENGTH = re.compile(r"Expected `(str|array)` of length (<=|>=) (\d+)")
_PATTERNS = {
    r"^[a-z0-9][a-z0-9_.-]*$": "may hold small letters, digits and _ . - and begins with a letter"
    " or a digit",
    r"^[a-z0-9-]+(/[a-z0-9-]+)*$": "must be names of small letters, digits and - divided by /",
}


class _Invalid:
    """Stands where a value could not be read; the error has been reported."""


_INVALID: Final = _Invalid()


@dataclass(frozen=True, slots=True)
class RowReader:
    """Turns plain values into Structs; `lax` reads numbers from text, as a CSV's cells need."""

    report: Report
    lax: bool = False

    def read(self, kind: type[Struct], raw: object, path: Path) -> Any:
        """The Struct, or None after every error in it has been reported."""
        value = self._struct(kind, raw, path)
        return None if value is _INVALID else value

    def _struct(self, kind: type[Struct], raw: object, path: Path) -> object:
        if self.lax and kind is Contact and isinstance(raw, str):
            # A cell holds a contact as `channel:address`.
            channel, _, address = raw.partition(":")
            raw = {"channel": channel, "address": address}
        if not isinstance(raw, dict):
            self.report(path, f"must be fields with values, not {shown(raw)}")
            return _INVALID
        fields = {field.name: field for field in msgspec.structs.fields(kind)}
        for name in raw:
            if name not in fields:
                self.report((*path, name), f"unknown field{did_you_mean(str(name), fields)}")
        values: dict[str, object] = {}
        for name, field in fields.items():
            if name in raw:
                values[name] = self._value(field.type, raw[name], (*path, name))
            elif field.required:
                self.report(path, f"needs the field {name!r}")
                values[name] = _INVALID
        return _INVALID if _INVALID in values.values() else kind(**values)

    def _value(self, declared: Any, raw: object, path: Path) -> object:
        bare = _bare(declared)
        if raw is None and not _is_optional(declared):
            self.report(path, "is empty; give it a value")
            return _INVALID
        if get_origin(bare) is list:
            return self._list(declared, get_args(bare)[0], raw, path)
        if isinstance(bare, type) and issubclass(bare, Struct):
            return self._struct(bare, raw, path)
        return self._leaf(declared, bare, raw, path)

    def _list(self, declared: Any, of: Any, raw: object, path: Path) -> object:
        if self.lax and isinstance(raw, str):
            raw = raw.split()
        if not isinstance(raw, list):
            self.report(path, f"must be a list, for example [a, b], not {shown(raw)}")
            return _INVALID
        items = [self._value(of, item, (*path, at)) for at, item in enumerate(raw)]
        return _INVALID if _INVALID in items else self._converted(declared, items, path)

    def _leaf(self, declared: Any, bare: Any, raw: object, path: Path) -> object:
        if isinstance(raw, str) and not raw.strip():
            self.report(path, "is empty; give it a value")
            return _INVALID
        if bare is time:
            if not isinstance(raw, str) or not _TIME.fullmatch(raw):
                message = f"must be a local time from 00:00 to 23:59, not {shown(raw)}"
                self.report(path, message)
                return _INVALID
            return time.fromisoformat(raw)
        value = self._converted(declared, raw, path)
        if isinstance(value, float) and not math.isfinite(value):
            self.report(path, "must be a finite number")
            return _INVALID
        return value

    def _converted(self, declared: Any, raw: object, path: Path) -> object:
        try:
            return msgspec.convert(raw, declared, strict=not self.lax)
        except msgspec.ValidationError as error:
            self.report(path, _explained(declared, raw, str(error)))
            return _INVALID


def shown(raw: object) -> str:
    """A value in an error message: short, and recognisable."""
    if raw is None:
        return "nothing"
    if isinstance(raw, dict):
        return "fields with values"
    if isinstance(raw, list):
        return "a list"
    text = repr(raw)
    return text if len(text) <= 60 else f"{text[:57]}…"


def did_you_mean(name: str, known: Any) -> str:
    """The end of a sentence about an unknown name: the nearest known ones."""
    near = get_close_matches(name, [str(one) for one in known], n=2)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _bare(declared: Any) -> Any:
    """A declared type without its constraints and without its None."""
    while True:
        if get_origin(declared) is Annotated:
            declared = get_args(declared)[0]
        elif _is_optional(declared):
            declared = next(one for one in get_args(declared) if one is not NoneType)
        else:
            return declared


def _is_optional(declared: Any) -> bool:
    return get_origin(declared) in {Union, UnionType} and NoneType in get_args(declared)


def _explained(declared: Any, raw: object, error: str) -> str:
    """What msgspec found, in words that say what to write instead."""
    bare = _bare(declared)
    if get_origin(bare) is Literal:
        allowed = get_args(bare)
        return f"must be one of {', '.join(allowed)}, not {shown(raw)}"
    if bound := _BOUND.search(error):
        return f"must be {bound[1]} {bound[2].removesuffix('.0')}, not {shown(raw)}"
    if length := _LENGTH.search(error):
        what = "characters" if length[1] == "str" else "items"
        return f"must have {length[2]} {length[3]} {what}"
    if bare is str:
        return _explained_text(raw, error)
    if bare is date:
        return f"must be a date like 2024-02-14, not {shown(raw)}"
    comma = "; decimals take a point" if isinstance(raw, str) and "," in raw else ""
    return f"must be a {'whole number' if bare is int else 'number'}, not {shown(raw)}{comma}"


def _explained_text(raw: object, error: str) -> str:
    if not isinstance(raw, str):
        return f"must be text, not {shown(raw)}; write it in quotes"
    words = next((words for regex, words in _PATTERNS.items() if f"'{regex}'" in error), error)
    return f"{words}, not {shown(raw)}"
