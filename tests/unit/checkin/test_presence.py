"""What one event shows of presence: each missing factor is a flag, and nothing is refused."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from services.checkin.domain.presence import CODE_GRACE_S, FLAGS, View, presence_flags
from shared.auth import generate_keys, key_files, rotate_key
from shared.checkpoint_codes import CodeBook, VerifyingKeys, make, signing_key
from shared.events.patrol import Fix
from shared.plan.geometry import distance_m
from shared.signing import PrivateKey
from tests.unit.checkin.builders import CHECKED_IN, INCIDENT, NORTH_500_M, NOW, WAREHOUSE, a_plan

SITE = a_plan().sites[0]
PRIVATE = ec.derive_private_key(11, ec.SECP256R1())
KID = "checkin-abc123"
BOOK = CodeBook({KID: PRIVATE.public_key()})
HERE = Fix(**WAREHOUSE, accuracy_m=12)


def a_code(site: str = SITE.id, *, expires_at: datetime | None = None, **other: Any) -> str:
    return make(
        site,
        issued_at=NOW - timedelta(days=1),
        expires_at=expires_at,
        kid=KID,
        key=other.get("key", PRIVATE),
    )


def flags(
    view: View, *, event_type: str = CHECKED_IN, age_s: float = 0, moment: datetime = NOW
) -> set[str]:
    return set(
        presence_flags(
            event_type,
            view,
            moment=moment,
            age_s=age_s,
            now=NOW,
            subject=SITE.id,
            site=SITE,
            codes=BOOK,
        )
    )


def test_a_scan_of_the_sites_own_code_on_the_spot_shows_nothing() -> None:
    assert flags(View(method="qr", code=a_code(), position=HERE)) == set()
    assert flags(View(method="gps", position=HERE)) == set()


@pytest.mark.parametrize(
    ("view", "flag"),
    [
        (View(method="qr", position=HERE), "no_code"),
        (View(method="nfc", position=HERE), "no_code"),
        (View(method="qr", code=a_code()), "no_position"),
        (View(method="qr", code="https://contoh.example/1", position=HERE), "bad_code"),
        (View(method="qr", code=a_code("kpu-tuban"), position=HERE), "other_site_code"),
        (View(method="gps", position=Fix(**NORTH_500_M, accuracy_m=9)), "outside_geofence"),
        (View(method="gps", position=Fix(**WAREHOUSE, accuracy_m=101)), "low_accuracy"),
        (View(method="gps", position=Fix(**WAREHOUSE, mock=True)), "mock_location"),
        (
            View(method="gps", position=Fix(**WAREHOUSE, fixed_at=NOW - timedelta(seconds=121))),
            "stale_position",
        ),
    ],
)
def test_a_missing_factor_is_its_flag(view: View, flag: str) -> None:
    assert flags(view) == {flag}
    assert flag in FLAGS


def test_only_a_check_in_is_asked_for_a_code() -> None:
    assert flags(View(), event_type=INCIDENT) == set()


def test_a_code_counts_at_the_time_of_the_event_and_not_at_that_of_the_delivery() -> None:
    view = View(method="qr", position=HERE, code=a_code(expires_at=NOW - timedelta(hours=1)))
    assert flags(view) == {"expired_code"}
    assert "expired_code" not in flags(view, age_s=3601)


@given(st.integers(0, 7200), st.integers(-7200, 7200))
def test_a_code_expires_one_grace_after_its_end(age_s: int, ends_s: int) -> None:
    end = NOW.replace(second=0) + timedelta(seconds=ends_s)
    end = end.replace(second=0)
    view = View(method="qr", position=HERE, code=a_code(expires_at=end))
    happened = NOW - timedelta(seconds=age_s)
    late = happened > end + timedelta(seconds=CODE_GRACE_S)
    assert ("expired_code" in flags(view, age_s=age_s)) == late


@given(
    st.floats(-0.02, 0.02),
    st.floats(-0.02, 0.02),
    st.none() | st.floats(0, 5_000),
    st.booleans(),
)
def test_place_is_judged_by_distance_radius_and_accuracy_alone(
    north: float, east: float, accuracy_m: float | None, mock: bool
) -> None:
    fix = Fix(
        lat=WAREHOUSE["lat"] + north, lon=WAREHOUSE["lon"] + east, accuracy_m=accuracy_m, mock=mock
    )
    marks = flags(View(method="gps", position=fix))
    outside = distance_m(fix, SITE) > SITE.radius_m + (accuracy_m or 0)
    assert ("outside_geofence" in marks) == outside
    assert ("low_accuracy" in marks) == ((accuracy_m or 0) > 100)
    assert ("mock_location" in marks) == mock


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
def test_no_text_that_we_did_not_sign_is_a_code(text: str) -> None:
    assert BOOK.genuine(text) is None


@given(st.data())
def test_a_code_with_one_other_character_is_none(data: st.DataObject) -> None:
    code = a_code(expires_at=NOW + timedelta(hours=8))
    place = data.draw(st.integers(0, len(code) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda c: c != code[place]))
    assert BOOK.genuine(code[:place] + other + code[place + 1 :]) is None


def test_a_code_says_what_it_was_made_with() -> None:
    end = datetime(2023, 11, 30, 1, 5, tzinfo=UTC)
    code = BOOK.genuine(a_code(expires_at=end))
    assert code is not None
    assert (code.site, code.expires_at) == (SITE.id, end)
    assert CodeBook({}).genuine(a_code()) is None
    other = ec.derive_private_key(12, ec.SECP256R1())
    assert BOOK.genuine(a_code(key=other)) is None


def test_a_code_by_a_rotated_key_is_genuine_without_a_restart(tmp_path: Path) -> None:
    files = generate_keys(tmp_path)
    book = CodeBook(VerifyingKeys(files["keys"]))

    def printed(kid: str, key: PrivateKey) -> str:
        return make(SITE.id, issued_at=NOW, expires_at=None, kid=kid, key=key)

    old = printed(*signing_key(files["checkin"]))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for file in files.values():
        (elsewhere / file.name).write_bytes(file.read_bytes())
    rotate_key(elsewhere, "checkin")
    new = printed(*signing_key(key_files(elsewhere)["checkin"]))
    assert book.genuine(old) is not None
    assert book.genuine(new) is None
    files["keys"].write_text("a half-written file")
    assert book.genuine(new) is None
    key_files(elsewhere)["keys"].replace(files["keys"])
    assert book.genuine(new) is not None
    assert book.genuine(old) is not None


@pytest.mark.parametrize("site", ["a:b", "", "Besar", "a" * 81])
def test_no_code_is_made_for_what_is_no_site(site: str) -> None:
    with pytest.raises(ValueError, match="no code"):
        a_code(site)
