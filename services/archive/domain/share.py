"""How the record is divided among those who check it at the same time."""

from typing import NamedTuple


class Share(NamedTuple):
    """The rows of every `of`-th partition, from the one numbered `number` on.

    The shares of one `of` hold each row once, those of partitions that nobody knows included.
    """

    number: int
    of: int


EVERYTHING = Share(0, 1)
