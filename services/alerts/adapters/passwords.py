"""Passwords as argon2id, in threads of their own: each takes memory and a core for a moment."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from services.alerts.ports import TryAgain

AT_ONCE = 2
"""64 MiB each, with today's parameters (RFC 9106, the second recommendation)."""
MOST_WAITING = 32


class ArgonPasswords:
    """Hashes and verifies; what comes while too many wait is turned away."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        # Nobody's: a name that nobody has costs as much as one that somebody has.
        self._nobody = self._hasher.hash("nobody has this password")
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2")
        self._waiting = 0

    async def hashed(self, password: str) -> str:
        """A salted hash with its parameters."""
        if self._waiting >= MOST_WAITING:
            raise TryAgain("too many people sign in at once")
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, self._hasher.hash, password)
        finally:
            self._waiting -= 1

    async def matches(self, known: str | None, password: str) -> bool:
        """Whether a password is the one of a hash; against None it is never, and takes as long."""
        if self._waiting >= MOST_WAITING:
            raise TryAgain("too many people sign in at once")
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            right = await loop.run_in_executor(
                self._threads, self._verified, known or self._nobody, password
            )
        finally:
            self._waiting -= 1
        return right and known is not None

    def is_stale(self, known: str) -> bool:
        """Whether a hash was made with other parameters than today's."""
        try:
            return self._hasher.check_needs_rehash(known)
        except InvalidHashError:
            return False

    def _verified(self, known: str, password: str) -> bool:
        try:
            return self._hasher.verify(known, password)
        except (VerificationError, InvalidHashError):
            return False
