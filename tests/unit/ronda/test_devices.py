"""`ronda device` and `ronda plan codes`: what they publish and print."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ronda import devices
from ronda.plans import read
from services.checkin.domain.devices import Registry, code_hash
from shared.auth import generate_keys
from shared.checkpoint_codes import CodeBook, VerifyingKeys
from shared.events.device import DeviceInvited, DeviceRevoked
from shared.events.registry import encode
from tests.unit.checkin.phones import Phone
from tests.unit.ronda.test_commands import PLAN, exit_code

NOW = datetime(2023, 11, 28, 11, 0, tzinfo=UTC)
SOON = timedelta(minutes=15)


def invited(person: str, code: str = "ABCD-EFGH-JKMN-PQRS") -> DeviceInvited:
    return devices.invitation(
        read(PLAN), person=person, code=code, valid_for=SOON, by="account:posko", now=NOW
    )


def test_an_invitation_names_the_person_and_never_the_code() -> None:
    code = devices.new_code()
    event = invited("p-1011", code)
    assert (event.data.name, event.data.role) == ("Bripka Arya Rahmanto", "officer")
    assert event.data.code_sha256 == code_hash(code)
    assert code.replace("-", "").encode() not in encode(event).replace(b"-", b"")


@pytest.mark.parametrize(("person", "role"), [("p-1001", "officer"), ("p-1021", "guard")])
def test_a_phone_has_the_rights_of_the_field_whoever_carries_it(person: str, role: str) -> None:
    assert invited(person).data.role == role


def test_nobodys_phone_is_not_invited() -> None:
    with pytest.raises(devices.DevicesError, match="no person"):
        invited("p-0000")
    with pytest.raises(devices.DevicesError, match="no person"):
        devices.invitation(None, person="p-1011", code="x", valid_for=SOON, by="x", now=NOW)


def test_codes_are_long_differ_and_hold_no_letter_that_is_misread() -> None:
    codes = {devices.new_code() for _ in range(1000)}
    assert len(codes) == 1000
    assert all(len(code) == 19 and not set(code) & set("OILU") for code in codes)


def test_a_phone_is_revoked_once_and_only_when_there_is_one() -> None:
    phone, registry = Phone(), Registry()
    for event in phone.enrolment():
        registry.feed(event, NOW)

    def revoke(device: str) -> DeviceRevoked:
        return devices.revocation(registry, device=device, reason=None, by="x", now=NOW)

    with pytest.raises(devices.DevicesError, match="no phone"):
        revoke("d-0")
    registry.feed(revoke(phone.id), NOW)
    with pytest.raises(devices.DevicesError, match="was revoked"):
        revoke(phone.id)


def test_the_printed_codes_are_genuine_and_fill_two_cards_a_page(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    files, out = generate_keys(tmp_path / "keys"), tmp_path / "codes.pdf"
    words = ("--data", str(tmp_path), "--out", str(out), "--json")
    sites = ("--site", "kpu-tuban", "--site", "ppk-soko", "--site", "gudang-logistik")
    assert exit_code(monkeypatch, "plan", "codes", str(PLAN), *words, *sites) == 0
    codes = json.loads(capsys.readouterr().out)["codes"]
    book = CodeBook(VerifyingKeys(files["keys"]))
    assert list(codes) == ["kpu-tuban", "ppk-soko", "gudang-logistik"]
    for site, text in codes.items():
        genuine = book.genuine(text)
        assert genuine is not None
        assert (genuine.site, genuine.expires_at) == (site, None)
    pdf = out.read_bytes()
    assert pdf.startswith(b"%PDF-")
    assert pdf.count(b"/Type /Page\n") == 2


def test_a_site_that_the_plan_has_not_gets_no_code(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    generate_keys(tmp_path / "keys")
    words = ("--data", str(tmp_path), "--out", str(tmp_path / "x.pdf"), "--site", "nowhere")
    assert exit_code(monkeypatch, "plan", "codes", str(PLAN), *words) == 2
    assert not (tmp_path / "x.pdf").exists()


def test_without_a_key_no_codes_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert exit_code(monkeypatch, "plan", "codes", str(PLAN)) == 2


def test_a_display_shows_a_new_code_before_the_old_one_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    generate_keys(tmp_path / "keys")
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", pause)
    words = ("plan", "display", str(PLAN), "kpu-tuban", "--data", str(tmp_path))
    assert exit_code(monkeypatch, *words, "--valid-for", "4m") == 130
    assert pauses == [120.0] * 3
    assert capsys.readouterr().out.count("KPU Kabupaten Tuban") == 3
