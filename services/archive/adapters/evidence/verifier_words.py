"""What a check of an export says; a part of `verify.py` too."""

from collections.abc import Iterator
from typing import Any


def shown(found: Any) -> dict[str, Any]:
    """What was found, for programs."""
    counts = {name: getattr(found, name) for name in ("records", "erased", "unsealed")}
    return {
        "ok": not found.findings,
        **counts,
        "findings": [{"where": where, "what": what} for where, what in found.findings],
        "erasures": [{"act": act} | words for act, words in sorted(found.erasures.items())],
        "retired": found.retired,
        "segments_partly_retired": found.partly,
        "signatures_checked": bool(found.keys),
        "keys": found.keys,
        "remarks": found.remarks,
    }


def said(found: Any, *, mine: bool) -> Iterator[str]:
    """What was found, for people; with `mine`, the keys were theirs."""
    for where, what in found.findings:
        yield f"{where}: {what}"
    for act in found.erasures.values():
        yield (
            f"dihapus / erased: {act['records']} catatan / records, {act['first']}, "
            f"{act['erased_at']}, {act['authority']}: {act['reason']}"
        )
    for span in found.retired:
        yield (
            f"bulan dibuang / month retired: {span['from']} - {span['to']}, "
            f"{span['authority']}: {span['reason']}"
        )
    if found.partly:
        yield f"{found.partly} segmen tinggal sebagian / segments are partly retired"
    yield (
        f"{found.records} catatan / records, {found.erased} dihapus / erased, "
        f"{found.unsealed} belum disegel / not sealed yet"
    )
    yield from found.remarks
    source = "Anda / yours" if mine else "dari berkas ini / from this file"
    for key in found.keys:
        yield f"kunci / key ({source}): {key}"
    if found.findings:
        yield "TIDAK UTUH / NOT WHOLE"
    elif found.keys:
        yield "UTUH / WHOLE"
    else:
        yield "UTUH, tanda tangan TIDAK diperiksa / WHOLE, signatures NOT checked: use --key"
