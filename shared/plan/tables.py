"""Rows from the files that a plan names: CSV for sites and people, GeoJSON points for sites."""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from shared.plan.errors import Mark, Path, PlanError, Source

_DELIMITERS = ",;\t"
_SPACE = re.compile(r"[ \t\r\n]*")


@dataclass(slots=True)
class Table:
    """Rows as they stand in a file: cells of a CSV are text, an empty one is left out."""

    source: Source
    rows: list[object] = field(default_factory=list)
    errors: list[PlanError] = field(default_factory=list)


def read_csv(text: str, file: str, section: str) -> Table:
    """Rows of a CSV whose first line names the fields; commas, semicolons or tabs divide it."""
    marks: dict[Path, Mark] = {}
    table = Table(Source(file, marks))
    try:
        lines = _csv_lines(text)
    except csv.Error as error:
        table.errors.append(PlanError(file, 1, None, section, f"not CSV: {error}"))
        return table
    if not lines:
        table.errors.append(PlanError(file, 1, None, section, "has no line with field names"))
        return table
    (first, header), *body = lines
    names = [name.strip() for name in header]
    for name in sorted({name for name in names if names.count(name) > 1}):
        table.errors.append(
            PlanError(file, first, None, section, f"column {name!r} stands twice; keep one")
        )
    for line, cells in body:
        path: Path = (section, len(table.rows))
        marks[path] = Mark(line)
        if len(cells) > len(names):
            message = f"has {len(cells)} cells for {len(names)} columns; quote text with commas"
            table.errors.append(table.source.error(path, message))
        filled = zip(names, (cell.strip() for cell in cells), strict=False)
        table.rows.append({name: cell for name, cell in filled if cell})
    return table


def _csv_lines(text: str) -> list[tuple[int, list[str]]]:
    """Lines that hold anything, each with the number of the line where it begins."""
    header = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines = []
    begins = 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            lines.append((begins, cells))
        begins = reader.line_num + 1
    return lines


def read_geojson(text: str, file: str, section: str) -> Table:
    """Rows of a FeatureCollection of Points: `properties`, with `lat` and `lon` from the point."""
    marks: dict[Path, Mark] = {}
    table = Table(Source(file, marks))
    try:
        document = json.loads(
            text, parse_constant=_refused_constant, object_pairs_hook=_without_repeats
        )
    except ValueError as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
        table.errors.append(PlanError(file, line, None, section, f"not JSON: {error}"))
        return table
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or document.get("type") != "FeatureCollection":
        message = 'must be a GeoJSON FeatureCollection: {"type": …, "features": […]}'
        table.errors.append(PlanError(file, 1, None, section, message))
        return table
    for at, line in enumerate(_feature_lines(text)):
        marks[section, at] = Mark(line)
    for at, feature in enumerate(features):
        row, problem = _feature_row(feature)
        table.rows.append(row)
        if problem:
            table.errors.append(table.source.error((section, at), problem))
    return table


def _refused_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"field {repeated!r} stands twice in one object")
    return fields


def _feature_row(feature: object) -> tuple[dict[str, object], str | None]:
    """The row of a feature, and what is wrong with its shape."""
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        return {}, 'must be a {"type": "Feature", …}'
    properties = feature.get("properties")
    if not isinstance(properties, dict):
        return {}, "`properties` must hold the site's fields"
    # JSON writes an absent value as null; a CSV leaves the cell empty.
    row = {name: value for name, value in properties.items() if value is not None}
    geometry = feature.get("geometry")
    point = geometry.get("coordinates") if isinstance(geometry, dict) else None
    if not isinstance(geometry, dict) or geometry.get("type") != "Point":
        return row, "`geometry` must be a Point"
    if not isinstance(point, list) or len(point) not in {2, 3}:
        return row, "a Point's `coordinates` are [longitude, latitude]"
    return {**row, "lon": point[0], "lat": point[1]}, None


def _feature_lines(text: str) -> Iterator[int]:
    """The line where each item of the top level's `features` begins; `text` is valid JSON."""
    decoder = json.JSONDecoder()
    at = _after_space(text, text.index("{") + 1)
    while text[at] != "}":
        name, at = decoder.raw_decode(text, at)
        at = _after_space(text, _after_space(text, at) + 1)  # the colon
        if name == "features":
            yield from _item_lines(decoder, text, at + 1)
            return
        _, at = decoder.raw_decode(text, at)
        at = _after_comma(text, at)


def _item_lines(decoder: json.JSONDecoder, text: str, at: int) -> Iterator[int]:
    line, counted = 1, 0
    at = _after_space(text, at)
    while text[at] != "]":
        line, counted = line + text.count("\n", counted, at), at
        yield line
        _, at = decoder.raw_decode(text, at)
        at = _after_comma(text, at)


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _after_comma(text: str, at: int) -> int:
    at = _after_space(text, at)
    return _after_space(text, at + 1) if text[at] == "," else at
