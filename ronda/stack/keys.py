"""The signing keys of a stack that makes its own."""

from pathlib import Path

from shared.auth import key_files

_DEVICE_ROLES = frozenset({"guard", "officer"})


def signing_key_file(data: Path, role: str) -> Path:
    """The key under a stack's data folder that signs tokens of this role."""
    return key_files(keys_folder(data))["checkin" if role in _DEVICE_ROLES else "alerts"]


def keys_folder(data: Path) -> Path:
    """Where a stack keeps its keys."""
    return data / "keys"
