"""Accounts are made, disabled and given passwords by whoever runs the machine."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from services.alerts.domain.operator import (
    OPERATOR_ROLES,
    Operator,
    login_of,
    login_problem,
    password_of,
    password_problem,
)
from services.alerts.handlers.revoking import revoke
from services.alerts.ports import AccountStore, Passwords
from shared.clock import Clock
from shared.events.operator import Revocation

Reason = Literal["disabled", "password_changed"]


class Refused(Exception):
    """It cannot be done; `str()` says why and what to do."""


class Administration:
    """What `ronda user` does; each method raises `Refused`."""

    def __init__(self, *, store: AccountStore, passwords: Passwords, clock: Clock) -> None:
        self._store = store
        self._passwords = passwords
        self._clock = clock

    async def add(
        self,
        login: str,
        *,
        name: str,
        role: str,
        unit: str,
        actor: str | None = None,
        password: str | None = None,
    ) -> Operator:
        """A new account; without a password it signs in by the configured issuer alone."""
        login = login_of(login)
        if problem := login_problem(login):
            raise Refused(problem)
        if role not in OPERATOR_ROLES:
            raise Refused(f"there is no role {role!r}; there are {', '.join(OPERATOR_ROLES)}")
        hashed = await self._hashed(password, login) if password is not None else None
        now = self._clock()
        operator = Operator(
            login=login,
            actor=actor or login,
            name=name,
            role=role,
            unit=unit,
            created_at=now,
            password_hash=hashed,
            password_at=now if hashed else None,
        )
        async with self._store.transaction() as transaction:
            for other in await transaction.operators():
                if other.login == login:
                    raise Refused(f"there is an account {login!r} already")
                if other.actor == operator.actor:
                    raise Refused(f"{operator.actor!r} has the account {other.login!r} already")
            await transaction.save_operator(operator)
        return operator

    async def disable(self, login: str, *, by: str) -> None:
        """Nobody signs in with it any more, and whoever is signed in with it is not."""
        await self._change(login, by=by, reason="disabled")

    async def change_password(self, login: str, password: str, *, by: str) -> None:
        """A new password; every session of the account ends. A disabled account is enabled again:
        giving it a password means that."""
        hashed = await self._hashed(password, login_of(login))
        await self._change(login, by=by, reason="password_changed", password_hash=hashed)

    async def all(self) -> Sequence[Operator]:
        """Every account, by login."""
        async with self._store.transaction() as transaction:
            return await transaction.operators()

    async def _hashed(self, password: str, login: str) -> str:
        password = password_of(password)
        if problem := password_problem(password, login):
            raise Refused(problem)
        return await self._passwords.hashed(password)

    async def _change(
        self, login: str, *, by: str, reason: Reason, password_hash: str | None = None
    ) -> None:
        now = self._clock()
        async with self._store.transaction() as transaction:
            operator = await transaction.operator(login_of(login))
            if operator is None:
                raise Refused(f"there is no account {login!r}; `ronda user list` shows them")
            if password_hash is None:
                changed = replace(operator, disabled_at=operator.disabled_at or now)
            else:
                changed = replace(
                    operator, password_hash=password_hash, password_at=now, disabled_at=None
                )
            await transaction.save_operator(changed)
            revocation = Revocation(actor=operator.actor, before=now, reason=reason)
            await revoke(transaction, revocation, by=by, unit=operator.unit, now=now)
