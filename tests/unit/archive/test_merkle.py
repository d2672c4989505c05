"""The tree of RFC 9162, held to the vectors published with Certificate Transparency, and to the
recursive definition of the RFC itself."""

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.archive.domain import merkle

DATA = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
LEAVES = [merkle.leaf_hash(data) for data in DATA]
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
A = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
B = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
C = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
D = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
E = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
F = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
G = "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f"

INCLUSION: list[tuple[int, int, list[str]]] = [
    (0, 1, []),
    (0, 8, [A, B, C]),
    (5, 8, [F, D, ROOTS[4]]),
    (2, 3, [ROOTS[2]]),
    (1, 5, [ROOTS[1], B, F]),
]
CONSISTENCY: list[tuple[int, int, list[str]]] = [
    (1, 1, []),
    (1, 8, [A, B, C]),
    (2, 8, [B, C]),
    (6, 8, [E, D, ROOTS[4]]),
    (2, 5, [B, F]),
    (6, 7, [E, G, ROOTS[4]]),
]
leaves_of = st.integers(1, 70).map(
    lambda size: [sha256(number.to_bytes(2, "big")).digest() for number in range(size)]
)


def by_definition(leaves: Sequence[bytes]) -> bytes:
    """MTH as §2.1.1 writes it."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return merkle.node_hash(by_definition(leaves[:split]), by_definition(leaves[split:]))


@pytest.mark.parametrize("size", ROOTS)
def test_roots_are_the_published_ones(size: int) -> None:
    assert merkle.root(LEAVES[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size", "path"), INCLUSION)
def test_inclusion_paths_are_the_published_ones(index: int, size: int, path: list[str]) -> None:
    made = merkle.inclusion_path(index, LEAVES[:size])
    assert [node.hex() for node in made] == path
    expected = bytes.fromhex(ROOTS[size])
    assert merkle.verify_inclusion(LEAVES[index], index, size, made, expected)


@pytest.mark.parametrize(("first", "second", "path"), CONSISTENCY)
def test_consistency_paths_are_the_published_ones(first: int, second: int, path: list[str]) -> None:
    made = merkle.consistency_path(first, LEAVES[:second])
    assert [node.hex() for node in made] == path
    roots = bytes.fromhex(ROOTS[first]), bytes.fromhex(ROOTS[second])
    assert merkle.verify_consistency(first, second, made, *roots)


@given(leaves_of)
def test_a_root_is_what_the_definition_says(leaves: list[bytes]) -> None:
    assert merkle.root(leaves) == by_definition(leaves)


@given(leaves_of, st.data())
def test_every_leaf_can_be_proved_and_no_other_place_or_content(
    leaves: list[bytes], data: st.DataObject
) -> None:
    size = len(leaves)
    index = data.draw(st.integers(0, size - 1))
    elsewhere = data.draw(st.integers(0, size - 1))
    path = merkle.inclusion_path(index, leaves)
    expected = merkle.root(leaves)
    assert merkle.verify_inclusion(leaves[index], index, size, path, expected)
    assert merkle.verify_inclusion(leaves[index], elsewhere, size, path, expected) == (
        elsewhere == index
    )
    assert not merkle.verify_inclusion(sha256(b"other").digest(), index, size, path, expected)
    assert not merkle.verify_inclusion(leaves[index], index, size, [*path, leaves[0]], expected)
    assert not path or not merkle.verify_inclusion(leaves[index], index, size, path[1:], expected)


@given(leaves_of, st.data())
def test_a_longer_tree_shows_that_it_begins_with_the_shorter_one(
    leaves: list[bytes], data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, len(leaves)))
    path = merkle.consistency_path(first, leaves)
    before, after = merkle.root(leaves[:first]), merkle.root(leaves)
    assert merkle.verify_consistency(first, len(leaves), path, before, after)
    assert not merkle.verify_consistency(first, len(leaves), [*path, after], before, after)
    assert not merkle.verify_consistency(first, len(leaves), path, leaves[0][::-1], after)
    assert not path or not merkle.verify_consistency(
        first, len(leaves), path, before, leaves[0][::-1]
    )


@given(leaves_of, st.data())
def test_a_tree_that_was_changed_in_its_beginning_has_no_such_proof(
    leaves: list[bytes], data: st.DataObject
) -> None:
    first = data.draw(st.integers(1, len(leaves)))
    changed = list(leaves)
    changed[data.draw(st.integers(0, first - 1))] = sha256(b"other").digest()
    path = merkle.consistency_path(first, changed)
    before, after = merkle.root(leaves[:first]), merkle.root(changed)
    assert not merkle.verify_consistency(first, len(leaves), path, before, after)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_a_leaf_that_is_not_there_has_no_path(index: int, size: int) -> None:
    with pytest.raises(merkle.ProofError, match="no leaf"):
        merkle.inclusion_path(index, LEAVES[:size])
    with pytest.raises(merkle.ProofError, match="no leaf"):
        merkle.root_from_inclusion(LEAVES[0], index, size, [])


@pytest.mark.parametrize("first", [-1, 4])
def test_a_tree_that_is_longer_has_no_consistency_with_a_shorter_one(first: int) -> None:
    with pytest.raises(merkle.ProofError, match="no tree"):
        merkle.consistency_path(first, LEAVES[:3])
    assert not merkle.verify_consistency(first, 3, [], LEAVES[0], LEAVES[0])
