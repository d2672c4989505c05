"""Reading a plan: a YAML file and the tables it names, as a `Plan` or as all that is wrong."""

from pathlib import Path as FilePath

import msgspec

from shared.plan import tables, yaml_tree
from shared.plan.coherence import check_coherence
from shared.plan.draft import Draft, DraftRow
from shared.plan.errors import PlanError, Source
from shared.plan.model import OPTIONAL_SECTIONS, ROW_TYPES, SECTIONS, Plan
from shared.plan.pieces import MAX_PIECE_BYTES, content_version
from shared.plan.references import check_references
from shared.plan.rows import RowReader, did_you_mean, shown

_TABLES = {"sites": (".csv", ".geojson", ".json"), "people": (".csv",)}
"""Sections that may be `{file: …}`, a table beside the plan, and what that name may end in."""


def load(path: FilePath) -> Plan | list[PlanError]:
    """The plan, or every error in it, ordered by file and line.

    Reads the plan's file and the CSV or GeoJSON files that it names, relative to its folder.
    Raises nothing for what is wrong with a file; a missing one is an error like any other.
    """
    reader = _PlanReader(path)
    reader.read()
    draft = reader.draft
    check_references(draft)
    check_coherence(draft)
    if draft.errors:
        return sorted(set(draft.errors), key=PlanError.sort_key)
    return _plan(draft)


def _plan(draft: Draft) -> Plan:
    sections = {name: [row.value for row in rows] for name, rows in draft.rows.items()}
    (operation,) = sections.pop("operation")
    plan = Plan(version="", operation=operation, **sections)
    return msgspec.structs.replace(plan, version=content_version(plan))


class _PlanReader:
    def __init__(self, path: FilePath) -> None:
        self._path = path
        self.draft = Draft()

    def read(self) -> None:
        """Fills the draft as far as the files can be read."""
        text = self._text(self._path, Source(str(self._path)), ())
        if text is None:
            return
        tree = yaml_tree.parse(text, str(self._path))
        self.draft.errors += tree.errors
        source = Source(str(self._path), tree.marks)
        if not isinstance(tree.value, dict):
            if not tree.errors:
                message = f"must hold the sections {', '.join(SECTIONS)}"
                self.draft.errors.append(source.error((), message))
            return
        for name in tree.value:
            if name not in SECTIONS:
                message = f"unknown section{did_you_mean(name, SECTIONS)}"
                self.draft.errors.append(source.error((name,), message))
        for name in SECTIONS:
            if name in tree.value:
                self._section(source, name, tree.value[name])
            elif name not in OPTIONAL_SECTIONS:
                message = f"needs the section {name!r}; it may be an empty list"
                self.draft.errors.append(source.error((), message))

    def _section(self, source: Source, name: str, raw: object) -> None:
        if name == "operation":
            self.draft.sources[name] = source
            self.draft.rows[name] = [self._row(source, name, (name,), raw)]
        elif isinstance(raw, list):
            self._rows(source, name, raw)
        elif name in _TABLES and isinstance(raw, dict):
            self._file(source, name, raw)
        else:
            wanted = "a list of rows" + (" or {file: …}" if name in _TABLES else "")
            message = f"must be {wanted}, not {shown(raw)}"
            self.draft.errors.append(source.error((name,), message))

    def _file(self, source: Source, name: str, raw: dict[str, object]) -> None:
        file = raw.get("file")
        if set(raw) != {"file"} or not isinstance(file, str):
            message = "must be {file: <name>} alone, or a list of rows"
            self.draft.errors.append(source.error((name,), message))
            return
        path = self._path.parent / file
        suffix = path.suffix.lower()
        if suffix not in _TABLES[name]:
            message = f"must end in {', '.join(_TABLES[name])}, not {shown(file)}"
            self.draft.errors.append(source.error((name, "file"), message))
            return
        text = self._text(path, source, (name, "file"))
        if text is None:
            return
        is_csv = suffix == ".csv"
        table = (tables.read_csv if is_csv else tables.read_geojson)(text, str(path), name)
        self.draft.errors += table.errors
        if table.rows or not table.errors:
            self._rows(table.source, name, table.rows, lax=is_csv)

    def _text(self, path: FilePath, source: Source, where: tuple[str | int, ...]) -> str | None:
        try:
            return path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            message = f"is not UTF-8 text (byte {error.start}); save it as UTF-8"
            self.draft.errors.append(Source(str(path)).error((), message))
        except OSError as error:
            message = f"cannot read {path}: {error.strerror or error}"
            self.draft.errors.append(source.error(where, message))
        return None

    def _rows(self, source: Source, name: str, raws: list[object], *, lax: bool = False) -> None:
        self.draft.sources[name] = source
        self.draft.rows[name] = [
            self._row(source, name, (name, at), raw, lax=lax) for at, raw in enumerate(raws)
        ]

    def _row(
        self,
        source: Source,
        section: str,
        path: tuple[str | int, ...],
        raw: object,
        *,
        lax: bool = False,
    ) -> DraftRow:
        reader = RowReader(
            lambda at, message: self.draft.errors.append(source.error(at, message)), lax=lax
        )
        value = reader.read(ROW_TYPES[section], raw, path)
        row = DraftRow(source, path, raw, value)
        if value is not None and len(msgspec.json.encode(value)) > MAX_PIECE_BYTES:
            self.draft.complain(row, (), f"is larger than {MAX_PIECE_BYTES} bytes; split it")
        return row
