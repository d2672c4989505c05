"""The ledger recomputed from the rows by a second, plain way, for tests of whoever writes it."""

from services.archive.domain import merkle
from services.archive.domain.leaves import NOTHING_BEFORE, place, record_leaf
from tests.integration.archive.witnesses import query

Place = tuple[int, int, int]


async def recomputed(url: str) -> tuple[int, bytes]:
    """Size and root of the log, from the records up.

    An assertion fails where a segment's root is not its records', a chain is broken, or the log
    lacks a position or has another leaf than its segment gives.
    """
    leaves = await _segment_leaves(url)
    entries = await query(
        url,
        "SELECT position, topic, partition, next_offset, leaf FROM archive.log ORDER BY position",
    )
    assert [entry.position for entry in entries] == list(range(len(entries)))
    for entry in entries:
        assert entry.leaf == leaves[entry.topic, entry.partition, entry.next_offset], entry
    assert len({entry[1:4] for entry in entries}) == len(entries), "a segment is in the log twice"
    return len(entries), merkle.root([entry.leaf for entry in entries])


async def _segment_leaves(url: str) -> dict[Place, bytes]:
    segments = await query(
        url,
        "SELECT segment.*, name FROM archive.segment JOIN archive.topic ON topic.id = topic"
        " ORDER BY topic, partition, next_offset",
    )
    last: dict[tuple[int, int], bytes] = {}
    leaves: dict[Place, bytes] = {}
    for segment in segments:
        rows = await query(
            url,
            'SELECT "offset", appended_at, key, value, headers, salt FROM archive.record'
            ' WHERE topic = %s AND partition = %s AND "offset" >= %s AND "offset" < %s'
            ' AND appended_at BETWEEN %s AND %s ORDER BY "offset"',
            *(segment.topic, segment.partition, segment.first_offset, segment.next_offset),
            *(segment.earliest, segment.latest),
        )
        where = place(segment.name, segment.partition)
        root = merkle.root([record_leaf(row.salt, where, row) for row in rows])
        assert segment.root == root, f"{segment.name}/{segment.partition} {segment.first_offset}"
        assert segment.records == len(rows)
        before = last.get((segment.topic, segment.partition), NOTHING_BEFORE)
        assert segment.previous == before, f"the chain of {segment.name}/{segment.partition}"
        microseconds = round(segment.committed_at.timestamp() * 1_000_000)
        leaf = merkle.leaf_hash(
            b"ronda.segment.v1\n" + where + segment.first_offset.to_bytes(8, "big")
            + segment.next_offset.to_bytes(8, "big") + segment.records.to_bytes(4, "big")
            + segment.root + segment.previous + microseconds.to_bytes(8, "big")
        )  # fmt: skip
        last[segment.topic, segment.partition] = leaf
        leaves[segment.topic, segment.partition, segment.next_offset] = leaf
    return leaves
