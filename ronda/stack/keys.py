"""The signing keys of a stack that makes its own."""

from pathlib import Path

from services.archive.adapters.seal_keys import make_key
from shared.auth import generate_keys, key_files

_DEVICE_ROLES = frozenset({"guard", "officer"})


def signing_key_file(data: Path, role: str) -> Path:
    """The key under a stack's data folder that signs tokens of this role."""
    return key_files(keys_folder(data))["checkin" if role in _DEVICE_ROLES else "alerts"]


def keys_folder(data: Path) -> Path:
    """Where a stack keeps its keys."""
    return data / "keys"


def seal_key_file(data: Path) -> Path:
    """The Ed25519 key under a stack's data folder that signs the archive's checkpoints."""
    return keys_folder(data) / "archive-seal-key.pem"


def make_keys(data: Path) -> None:
    """Makes the keys that are missing."""
    generate_keys(keys_folder(data))
    make_key(seal_key_file(data))
