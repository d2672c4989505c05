"""The travelling verifier's own mathematics, held to published vectors and to other code."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from services.archive.adapters.evidence import verifier_proofs as alone
from services.archive.domain import merkle

# RFC 8032 §7.1: secret key, public key, message, signature.
VECTORS = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
]  # fmt: skip
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493


@pytest.mark.parametrize("vector", VECTORS)
def test_published_signatures_are_good_and_those_for_anything_else_are_not(
    vector: tuple[str, str, str, str],
) -> None:
    secret, public, message, signature = map(bytes.fromhex, vector)
    assert Ed25519PrivateKey.from_private_bytes(secret).sign(message) == signature
    assert alone.ed25519_verify(public, message, signature)
    assert not alone.ed25519_verify(public, message + b"x", signature)
    for place in (0, 31, 32, 63):
        broken = bytearray(signature)
        broken[place] ^= 1
        assert not alone.ed25519_verify(public, message, bytes(broken))


def test_a_signature_whose_number_is_too_large_is_refused() -> None:
    _, public, message, signature = map(bytes.fromhex, VECTORS[1])
    larger = int.from_bytes(signature[32:], "little") + GROUP_ORDER
    malleable = signature[:32] + larger.to_bytes(32, "little")
    assert not alone.ed25519_verify(public, message, malleable)


@pytest.mark.parametrize("public", [b"", bytes(31), b"\xff" * 32, b"\x02" + bytes(31)])
def test_what_is_no_key_signs_nothing(public: bytes) -> None:
    assert not alone.ed25519_verify(public, b"", bytes(64))


@settings(max_examples=25)
@given(secret=st.binary(min_size=32, max_size=32), message=st.binary(max_size=80))
def test_it_agrees_with_the_library_on_any_key_and_message(secret: bytes, message: bytes) -> None:
    private = Ed25519PrivateKey.from_private_bytes(secret)
    public = private.public_key().public_bytes_raw()
    assert alone.ed25519_verify(public, message, private.sign(message))
    assert not alone.ed25519_verify(public, message + b"\x00", private.sign(message))


@given(leaves=st.lists(st.binary(min_size=32, max_size=32), max_size=40), data=st.data())
def test_its_trees_are_those_of_the_archive(leaves: list[bytes], data: st.DataObject) -> None:
    assert alone.tree_root(leaves) == merkle.root(leaves)
    if leaves:
        index = data.draw(st.integers(0, len(leaves) - 1))
        path = merkle.inclusion_path(index, leaves)
        size = len(leaves)
        assert alone.path_root(leaves[index], index, size, path) == merkle.root(leaves)
        assert alone.path_root(leaves[index], index, size, [*path, leaves[0]]) is None
        assert not path or alone.path_root(leaves[index], index, size, path[1:]) is None
