"""Who may sign in: by password or by the word of an issuer, and until when."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from services.alerts.domain.operator import LOGIN, Operator, login_of, password_of
from services.alerts.domain.throttle import LIMITS, Failures, counted, wait_s
from services.alerts.handlers.revoking import revoke
from services.alerts.metrics import Metrics
from services.alerts.ports import AccountStore, AccountTransaction, Passwords
from shared.auth import Issuer, Principal
from shared.clock import Clock
from shared.events.operator import Revocation
from shared.logging import logger
from shared.revocation import Revocations

SESSION = timedelta(hours=12)
"""A shift; whoever stays longer signs in again."""

_log = logger(__name__)


class TooMany(Exception):
    """Too many failures; `wait_s` until the next attempt is looked at."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"too many attempts; try again in {wait_s:.0f} s")
        self.wait_s = wait_s


class Unknown(Exception):
    """Not an account that may sign in so; why is not for whoever asks."""


@dataclass(frozen=True, slots=True)
class Session:
    """A signed token and how long it is good for."""

    token: str
    ttl: timedelta


class Accounts:
    """Signs operators in and out; a sign-out holds on this replica at once, on the others when
    they have read of it."""

    def __init__(
        self,
        *,
        store: AccountStore,
        passwords: Passwords,
        issuer: Issuer,
        revocations: Revocations,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._issuer = issuer
        self._revocations = revocations
        self._clock = clock
        self._metrics = metrics

    async def sign_in(self, typed: str, password: str, address: str) -> Session:
        """Raises `TooMany`, or `Unknown` for a wrong name or password; both take as long."""
        login, subjects = login_of(typed), _subjects(login_of(typed), address)
        operator = await self._admitted(login, subjects)
        may = operator is not None and operator.disabled_at is None
        known = operator.password_hash if operator is not None and may else None
        right = await self._passwords.matches(known, password_of(password))
        if operator is None or not right:
            self._metrics.sign_ins.labels("refused").inc()
            _log.warning("sign-in refused", address=address)
            raise Unknown("the name or the password is wrong")
        await self._succeeded(operator, password_of(password), subjects)
        return self._session(operator, "password")

    async def sign_in_by_issuer(self, subject: str, login: str) -> Session:
        """Who proved to the configured issuer that they are `subject`. The first time the account
        of that login is bound to it, if it was made for the issuer (`--sso`): where people choose
        their names there, none of them becomes the holder of a password here."""
        async with self._store.transaction() as transaction:
            operator = await transaction.operator_of(subject)
            if operator is None:
                operator = await _unbound(transaction, login_of(login))
                if operator is not None:
                    operator = replace(operator, oidc_subject=subject)
                    await transaction.save_operator(operator)
        if operator is None or operator.disabled_at is not None:
            self._metrics.sign_ins.labels("refused").inc()
            raise Unknown("no account here belongs to this person")
        return self._session(operator, "issuer")

    async def sign_out(self, principal: Principal) -> None:
        """Revokes the token that is shown, and no other one."""
        if principal.session is None:
            return
        now = self._clock()
        revocation = Revocation(
            actor=principal.actor,
            before=now,
            reason="signed_out",
            session=principal.session,
            until=principal.expires_at,
        )
        async with self._store.transaction() as transaction:
            await revoke(transaction, revocation, by=principal.actor, unit=principal.unit, now=now)
        self._revocations.apply(revocation)

    async def _admitted(self, login: str, subjects: Mapping[str, str]) -> Operator | None:
        now = self._clock()
        async with self._store.transaction() as transaction:
            known = await transaction.sign_in_failures(list(subjects.values()))
            waits = [wait_s(known.get(subjects[kind]), LIMITS[kind], now) for kind in subjects]
            if max(waits) > 0:
                self._metrics.sign_ins.labels("throttled").inc()
                raise TooMany(max(waits))
            await transaction.save_sign_in_failures(
                {
                    subject: counted(known.get(subject), LIMITS[kind], now)
                    for kind, subject in subjects.items()
                }
            )
            return await transaction.operator(login) if LOGIN.fullmatch(login) else None

    async def _succeeded(
        self, operator: Operator, password: str, subjects: Mapping[str, str]
    ) -> None:
        stale = self._passwords.is_stale(operator.password_hash or "")
        fresh = await self._passwords.hashed(password) if stale else None
        async with self._store.transaction() as transaction:
            known = await transaction.sign_in_failures(list(subjects.values()))
            here = subjects["login_here"]
            await transaction.save_sign_in_failures(
                {
                    subject: Failures(0 if subject == here else max(0, row.count - 1), row.at)
                    for subject, row in known.items()
                }
            )
            if fresh is not None:
                await transaction.save_operator(replace(operator, password_hash=fresh))

    def _session(self, operator: Operator, how: str) -> Session:
        self._metrics.sign_ins.labels(how).inc()
        token = self._issuer.token(
            actor=operator.actor,
            name=operator.name,
            role=operator.role,
            unit=operator.unit,
            now=self._clock(),
            ttl=SESSION,
        )
        return Session(token, SESSION)


async def _unbound(transaction: AccountTransaction, login: str) -> Operator | None:
    operator = await transaction.operator(login) if LOGIN.fullmatch(login) else None
    if operator is None or operator.oidc_subject is not None or operator.password_hash is not None:
        return None
    return operator


def _subjects(login: str, address: str) -> dict[str, str]:
    """What failures are counted by. Hashed: a password typed into the wrong field is not kept."""
    words = {
        "login_here": f"login_here|{login}|{address}",
        "address": f"address|{address}",
        "login": f"login|{login}",
    }
    return {kind: hashlib.sha256(word.encode()).hexdigest() for kind, word in words.items()}
