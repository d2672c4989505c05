"""What is revoked is good for nothing, and nothing else is touched by it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from shared import revocation
from shared.auth import Issuer, Principal, Unauthenticated, Verifier, generate_keys
from shared.events.operator import OperatorRevoked, Revocation
from shared.events.registry import encode
from shared.events.samples import samples
from shared.revocation import Revocations

NOW = datetime(2024, 2, 12, 20, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Record(NamedTuple):
    offset: int
    value: bytes | None


def a_principal(actor: str = "siti", session: str = "a", at: datetime = NOW) -> Principal:
    return Principal(
        actor, "Siti", "operator", "polda-x", "alerts", at + timedelta(hours=12),
        issued_at=at, session=session,
    )  # fmt: skip


def disabled(actor: str = "siti", before: datetime = NOW) -> Revocation:
    return Revocation(actor=actor, before=before, reason="disabled")


def test_a_session_that_was_signed_out_is_over_and_the_others_are_not() -> None:
    revocations = Revocations()
    revocations.apply(Revocation(actor="siti", before=NOW, reason="signed_out", session="a"))
    assert revocations.revoked(a_principal(session="a"))
    assert not revocations.revoked(a_principal(session="b"))


def test_a_disabled_account_loses_every_token_from_before_and_none_from_after() -> None:
    revocations = Revocations()
    revocations.apply(disabled(before=NOW))
    revocations.apply(disabled(before=NOW - SECOND))
    assert revocations.revoked(a_principal(at=NOW))
    assert not revocations.revoked(a_principal(at=NOW + SECOND))
    assert not revocations.revoked(a_principal("budi", at=NOW))


def test_of_many_sessions_those_are_forgotten_that_have_ended_by_themselves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(revocation, "MOST_SESSIONS", 20)
    revocations = Revocations()
    for days in range(100):
        before = NOW + timedelta(days=days)
        revocations.apply(
            Revocation(
                actor="siti",
                before=before,
                reason="signed_out",
                session=f"s{days}",
                until=before + timedelta(days=9),
            )
        )
    assert len(revocations._sessions) <= 20
    for days in range(91, 100):
        assert revocations.revoked(a_principal(session=f"s{days}"))


def test_the_fold_takes_operators_and_passes_over_everything_else() -> None:
    event = next(each for each in samples().values() if isinstance(each, OperatorRevoked))
    others = [encode(each) for each in samples().values() if not isinstance(each, OperatorRevoked)]
    values = [*others, None, b"{", encode(event)]
    revocations = Revocations()
    revocations.feed([Record(offset, value) for offset, value in enumerate(values)])
    assert revocations.revoked(a_principal(event.data.actor, at=event.data.before))
    assert not revocations.revoked(a_principal())


def test_a_verifier_asks_each_time_also_for_a_token_that_it_knows(tmp_path: Path) -> None:
    files, revocations = generate_keys(tmp_path), Revocations()
    verifier = Verifier(files["keys"], revocations.revoked)
    token = Issuer(files["alerts"]).token(
        actor="siti", name="Siti", role="operator", unit="polda-x", now=NOW
    )
    assert verifier.verify(token, NOW).actor == "siti"
    revocations.apply(disabled())
    with pytest.raises(Unauthenticated, match="revoked"):
        verifier.verify(token, NOW)


def test_what_was_sealed_opens_for_its_purpose_and_its_time_only(tmp_path: Path) -> None:
    files = generate_keys(tmp_path)
    issuer, verifier = Issuer(files["alerts"]), Verifier(files["keys"])
    sealed = issuer.sealed("sso", {"state": "x"}, now=NOW, ttl=timedelta(minutes=10))
    assert verifier.opened("sso", sealed, NOW)["state"] == "x"
    for purpose, text, at in (
        ("another", sealed, NOW),
        ("sso", sealed, NOW + timedelta(minutes=11)),
        ("sso", sealed[:-4] + "AAAA", NOW),
        ("sso", "", NOW),
    ):
        with pytest.raises(Unauthenticated):
            verifier.opened(purpose, text, at)
    # It is no token, and a token is not it.
    with pytest.raises(Unauthenticated):
        verifier.verify(sealed, NOW)
    token = issuer.token(actor="a", name="A", role="admin", unit="x", now=NOW)
    with pytest.raises(Unauthenticated):
        verifier.opened("sso", token, NOW)
