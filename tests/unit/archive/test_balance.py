"""Two heaps of rows are told apart whatever their order."""

import random

from hypothesis import given
from hypothesis import strategies as st

from services.archive.domain.balance import BUCKET_BITS, Balance, Bucket, Row

KEY = bytes(32)
rows_of = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 5000), st.text(max_size=3)),
    max_size=40,
)


def uneven(added: list[Row], taken: list[Row]) -> list[Bucket]:
    balance = Balance(KEY)
    balance.add(added)
    balance.take(taken)
    return balance.uneven()


@given(rows_of, st.randoms(use_true_random=False))
def test_the_same_rows_in_another_order_are_even(rows: list[Row], chance: random.Random) -> None:
    other = list(rows)
    chance.shuffle(other)
    assert uneven(rows, other) == []


@given(rows_of, rows_of)
def test_rows_that_differ_are_uneven_where_they_do(added: list[Row], taken: list[Row]) -> None:
    places = {
        (row[0], row[1], row[2] >> BUCKET_BITS)
        for row in {*added, *taken}
        if added.count(row) != taken.count(row)
    }
    assert set(uneven(added, taken)) == places


def test_another_key_gives_other_sums() -> None:
    one, other = Balance(KEY), Balance(b"1" * 32)
    assert one._digest((0, 0, 0, "x")) != other._digest((0, 0, 0, "x"))
