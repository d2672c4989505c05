"""What every group of the fake store's rows shares."""

from collections.abc import Mapping
from typing import Any, TypeVar

T = TypeVar("T")


class FakeRows:
    """Part of the fake transaction, which has what is committed and what it wrote itself."""

    _store: Any
    _new: Any

    def _seen(self, committed: Mapping[str, T], written: Mapping[str, T]) -> dict[str, T]:
        return {**committed, **written}
