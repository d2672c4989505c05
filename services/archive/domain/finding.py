"""What a verification finds, each naming the row that it is about."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

Kind = Literal["record", "segment", "index", "erasure", "log", "checkpoint"]


class Finding(NamedTuple):
    """Something that is not as it was sealed.

    A record, segment, index or erasure has a place; a log entry's or a checkpoint's position or
    size is in `offset`, and its topic is empty. Where only a span is known to be wrong, `last` is
    its last offset.
    """

    kind: Kind
    what: str
    topic: str = ""
    partition: int = -1
    offset: int = -1
    last: int | None = None

    @property
    def where(self) -> str:
        """The row's name: `topic/partition/offset`, `topic/partition/first-last`, `log 17`."""
        if self.topic and self.offset < 0:
            return self.topic
        if self.topic:
            span = "" if self.last is None else f"-{self.last}"
            return f"{self.topic}/{self.partition}/{self.offset}{span}"
        return f"{self.kind} {self.offset}" if self.offset >= 0 else self.kind

    @property
    def order(self) -> tuple[bool, str, int, int]:
        """Rows by place first, then what seals them."""
        return (not self.topic, self.topic, self.partition, self.offset)


def sharpened(findings: Iterable[Finding]) -> list[Finding]:
    """In order; a span in which other findings name their rows is left to those."""
    ordered = sorted(findings, key=lambda each: each.order)
    exact = [each for each in ordered if each.topic and each.last is None]
    return [
        each
        for each in ordered
        if each.last is None or not any(_inside(other, each) for other in exact)
    ]


def _inside(one: Finding, span: Finding) -> bool:
    return (one.topic, one.partition) == (
        span.topic,
        span.partition,
    ) and span.offset <= one.offset <= (span.last or 0)
