"""Signed notes: readable by others' tools, and nothing that was changed passes."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import assume, given
from hypothesis import strategies as st

from services.archive.domain.note import (
    Checkpoint,
    Key,
    NoteError,
    key_of,
    note_of,
    notes_in,
    opened,
    read,
    verified,
)

PRIVATE = [Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2)]
KEYS = [
    Key(name, private.public_key().public_bytes_raw())
    for name, private in zip(("ronda/tuban", "bawaslu"), PRIVATE, strict=True)
]
SIGNERS = [(key, private.sign) for key, private in zip(KEYS, PRIVATE, strict=True)]
CHECKPOINT = Checkpoint("ronda/tuban", 4711, bytes(range(32)))
NOTE = note_of(CHECKPOINT, SIGNERS)


def test_a_note_that_go_s_own_tools_made_is_read_and_verified() -> None:
    """From the documentation of golang.org/x/mod/sumdb/note, whose signer this is."""
    written = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    text = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
    )
    signature = (
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotp"
        "RZb6KE6RyyBwJnAM=\n"
    )
    assert opened(f"{text}\n{signature}", key_of(written)) == text
    assert str(key_of(written)) == written


def test_each_signer_s_signature_holds_by_itself() -> None:
    for key in KEYS:
        assert verified(NOTE, key_of(str(key))) == CHECKPOINT
    assert read(NOTE) == CHECKPOINT
    assert NOTE.split("\n")[:4] == [
        "ronda/tuban", "4711", base64.b64encode(CHECKPOINT.root).decode(), "",
    ]  # fmt: skip
    assert NOTE.count("— ") == 2
    assert NOTE.endswith("\n")


@given(st.integers(0, len(NOTE) - 1), st.characters(codec="utf-8"))
def test_a_note_with_one_character_changed_is_nobody_s(where: int, other: str) -> None:
    assume(NOTE[where] != other)
    changed = NOTE[:where] + other + NOTE[where + 1 :]
    good = 0
    for key in KEYS:
        try:
            assert verified(changed, key) == CHECKPOINT
        except NoteError:
            continue
        good += 1
    # A signature that was spoiled leaves the other one good; what is signed was never changed.
    assert good <= 1


def test_notes_are_found_in_a_file_that_was_added_to() -> None:
    other = note_of(CHECKPOINT._replace(size=4712), SIGNERS[:1])
    assert notes_in(f"{NOTE}\n{other}\n") == [NOTE, other]
    assert notes_in(NOTE) == [NOTE]
    assert notes_in("") == []


def test_a_key_of_the_same_name_is_another_key() -> None:
    stranger = Key(KEYS[0].name, KEYS[1].public)
    with pytest.raises(NoteError, match="no signature of ronda/tuban"):
        verified(NOTE, stranger)


ROOT = "A" * 43 + "="


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "a\n1\n",
        "a b\n1\nAAAA\n\n— a AAAA\n",
        f"ronda\n01\n{ROOT}\n\n— a AAAA\n",
        f"ronda\n-1\n{ROOT}\n\n— a AAAA\n",
        f"ronda\n1\n{ROOT}\n\nsigned: me\n",
        f"ronda\n1\n{ROOT[:-2]}B=\n\n— a AAAA\n",
    ],
)
def test_what_is_no_checkpoint_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(NoteError):
        read(text)


@pytest.mark.parametrize(
    "text", ["", "a+b", "ronda/tuban+00000000+" + "A" * 44, "a b+c+d", "a+b+é"]
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        key_of(text)


def test_an_origin_that_would_break_the_note_is_refused() -> None:
    with pytest.raises(NoteError):
        note_of(CHECKPOINT._replace(origin="polres tuban"), SIGNERS)
