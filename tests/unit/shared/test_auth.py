"""Tokens: forged ones prove nobody."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.auth import (
    Issuer,
    Principal,
    Unauthenticated,
    Verifier,
    bearer,
    generate_keys,
    rotate_key,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
UNIT = "polda-jatim/polres-tuban"


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, Path]:
    return generate_keys(tmp_path)


def _token(key_file: Path, **over: object) -> str:
    claims: dict[str, object] = {
        "actor": "p-1021",
        "name": "Aipda Contoh",
        "role": "officer",
        "unit": UNIT,
        "now": NOW,
        "device": "d-0007",
    }
    return Issuer(key_file).token(**(claims | over))  # type: ignore[arg-type]


def test_a_token_of_ours_names_its_principal(keys: dict[str, Path]) -> None:
    principal = Verifier(keys["keys"]).verify(_token(keys["checkin"]), NOW)
    assert principal == Principal(
        actor="p-1021",
        name="Aipda Contoh",
        role="officer",
        unit=UNIT,
        issuer="checkin",
        expires_at=NOW + timedelta(minutes=15),
        device="d-0007",
        issued_at=NOW,
    )


def test_a_token_is_refused_once_it_has_expired_also_when_it_is_remembered(
    keys: dict[str, Path],
) -> None:
    verifier = Verifier(keys["keys"])
    token = _token(keys["checkin"])
    verifier.verify(token, NOW)
    with pytest.raises(Unauthenticated, match="expired"):
        verifier.verify(token, NOW + timedelta(minutes=15))


def _segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _claims(**over: object) -> dict[str, object]:
    return {
        "iss": "alerts",
        "aud": "ronda",
        "sub": "mallory",
        "name": "M",
        "role": "commander",
        "unit": UNIT,
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 900,
    } | over


def _unsigned(keys: dict[str, Path]) -> str:
    return f"{_segment({'alg': 'none'})}.{_segment(_claims())}."


def _hmac_with_the_public_key(keys: dict[str, Path]) -> str:
    kid = json.loads(keys["keys"].read_text())["keys"][1]["kid"]
    signed = f"{_segment({'alg': 'HS256', 'kid': kid})}.{_segment(_claims())}"
    mac = hmac.new(keys["keys"].read_bytes(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def _with_a_changed_claim(keys: dict[str, Path]) -> str:
    head, _, signature = _token(keys["alerts"], role="operator").split(".")
    return f"{head}.{_segment(_claims())}.{signature}"


def _with_a_changed_signature(keys: dict[str, Path]) -> str:
    token = _token(keys["checkin"])
    return token[:-6] + ("AAAAAA" if not token.endswith("AAAAAA") else "BBBBBB")


def _of_a_stranger(keys: dict[str, Path]) -> str:
    return _token(generate_keys(keys["keys"].parent / "stranger")["alerts"])


def _of_a_key_that_it_brings(keys: dict[str, Path]) -> str:
    stranger = generate_keys(keys["keys"].parent / "stranger")
    jwk = json.loads(stranger["keys"].read_text())["keys"][0]
    _, claims, signature = _token(stranger["checkin"]).split(".")
    return f"{_segment({'alg': 'ES256', 'jwk': jwk})}.{claims}.{signature}"


def _with_an_address_of_keys(keys: dict[str, Path]) -> str:
    header = {"alg": "ES256", "kid": "x", "jku": "http://127.0.0.1:9/keys"}
    return f"{_segment(header)}.{_segment(_claims())}.AAAA"


def _expired(keys: dict[str, Path]) -> str:
    return _token(keys["checkin"], now=NOW - timedelta(hours=2))


def _empty(_: dict[str, Path]) -> str:
    return ""


def _two_parts(keys: dict[str, Path]) -> str:
    return _token(keys["checkin"]).rpartition(".")[0]


def _not_base64(_: dict[str, Path]) -> str:
    return "ä.ö.ü"


FORGERIES = [
    _unsigned,
    _hmac_with_the_public_key,
    _with_a_changed_claim,
    _with_a_changed_signature,
    _of_a_stranger,
    _of_a_key_that_it_brings,
    _with_an_address_of_keys,
    _expired,
    _empty,
    _two_parts,
    _not_base64,
]


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__.strip("_"))
def test_a_forged_token_proves_nobody(
    keys: dict[str, Path], forge: Callable[[dict[str, Path]], str]
) -> None:
    with pytest.raises(Unauthenticated, match=r".+"):
        Verifier(keys["keys"]).verify(forge(keys), NOW)


def test_an_issuer_cannot_speak_in_the_name_of_another(keys: dict[str, Path]) -> None:
    token = Issuer(keys["checkin"])
    token.name = "alerts"
    forged = token.token(actor="x", name="x", role="commander", unit=UNIT, now=NOW)
    with pytest.raises(Unauthenticated, match="another issuer"):
        Verifier(keys["keys"]).verify(forged, NOW)


def test_an_unknown_role_is_not_issued(keys: dict[str, Path]) -> None:
    with pytest.raises(ValueError, match="the roles are"):
        _token(keys["alerts"], role="emperor")


def test_keys_are_made_once_and_their_private_halves_are_for_the_owner_only(
    keys: dict[str, Path],
) -> None:
    before = {name: file.read_bytes() for name, file in keys.items()}
    again = generate_keys(keys["keys"].parent)
    assert {name: file.read_bytes() for name, file in again.items()} == before
    assert keys["checkin"].stat().st_mode & 0o077 == 0
    assert b'"d"' not in keys["keys"].read_bytes()


@pytest.mark.parametrize("header", [None, "", "Basic eDp5", "Bearer", "Bearer "])
def test_a_missing_or_strange_authorization_says_what_to_send(header: str | None) -> None:
    with pytest.raises(Unauthenticated, match="ronda token"):
        bearer(header)


@pytest.mark.parametrize(
    ("unit", "covered"),
    [
        (UNIT, True),
        (f"{UNIT}/polsek-soko", True),
        ("polda-jatim", False),
        (f"{UNIT}-lama", False),
        (None, False),
    ],
)
def test_a_principal_covers_its_own_subtree_only(
    keys: dict[str, Path], unit: str | None, covered: bool
) -> None:
    principal = Verifier(keys["keys"]).verify(_token(keys["checkin"]), NOW)
    assert principal.covers(unit) is covered


def test_a_rotated_key_is_known_at_once_and_what_the_old_one_signed_stays_good(
    keys: dict[str, Path],
) -> None:
    verifier, old, before = Verifier(keys["keys"]), Issuer(keys["checkin"]), _kids(keys)
    signed_before = _token(keys["checkin"])
    kid = rotate_key(keys["keys"].parent, "checkin")
    assert _kids(keys) == before | {kid}
    assert Issuer(keys["checkin"])._kid == kid
    for token in (signed_before, _token(keys["checkin"]), _token(keys["alerts"])):
        assert verifier.verify(token, NOW).actor == "p-1021"
    # Until its next start the issuer signs with the key that it has read.
    late = old.token(actor="x", name="x", role="officer", unit=UNIT, now=NOW)
    assert verifier.verify(late, NOW).actor == "x"
    assert generate_keys(keys["keys"].parent) == keys
    assert _kids(keys) == before | {kid}


def test_a_broken_file_of_keys_takes_away_none_that_were_read(keys: dict[str, Path]) -> None:
    verifier, token = Verifier(keys["keys"]), _token(keys["checkin"])
    keys["keys"].write_text("{")
    with pytest.raises(Unauthenticated, match="unknown key"):
        verifier.verify(_of_a_stranger(keys), NOW)
    assert verifier.verify(token, NOW).actor == "p-1021"


def _kids(keys: dict[str, Path]) -> set[str]:
    return {key["kid"] for key in json.loads(keys["keys"].read_text())["keys"]}
