"""Ed25519 keys that sign checkpoints, from PEM files (PKCS #8, without a passphrase)."""

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from services.archive.domain.note import Key, Sign
from shared.settings import SettingsError

SECOND = "/second"
"""Behind the origin it is the name of the second key."""


def signer(file: Path, name: str) -> tuple[Key, Sign]:
    """The key under a name, and what signs with it. Raises `SettingsError`."""
    try:
        private = load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SettingsError(f"seal key {file}: {error}") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise SettingsError(
            f"seal key {file} is no Ed25519 key: `openssl genpkey -algorithm ed25519` makes one"
        )
    return Key(name, private.public_key().public_bytes_raw()), private.sign


def make_key(file: Path) -> None:
    """Makes a key where there is none, for its owner's eyes."""
    if file.exists():
        return
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    beside = file.with_suffix(".new")
    beside.touch(mode=0o600)
    beside.write_bytes(pem)
    beside.replace(file)
