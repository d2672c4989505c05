"""Phones of the local network: what they are told to trust is ours, and good for nothing else."""

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from ronda.stack.certificates import CERTIFICATE_LIVES, Certificates, certificates
from ronda.stack.errors import StackError
from ronda.stack.install_page import CERTIFICATE, install_page
from ronda.stack.lan import prepared

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ADDRESS = "192.168.7.20"


@pytest.fixture
def made(tmp_path: Path) -> Certificates:
    return certificates(tmp_path, [ADDRESS], NOW)


def verify(made: Certificates, subject: x509.DNSName | x509.IPAddress, at: datetime = NOW) -> None:
    authority = x509.load_pem_x509_certificate(made.authority.read_bytes())
    leaf = x509.load_pem_x509_certificates(made.certificate.read_bytes())[0]
    policy = PolicyBuilder().store(Store([authority])).time(at)
    policy.build_server_verifier(subject).verify(leaf, [])


def address(text: str) -> x509.IPAddress:
    return x509.IPAddress(ipaddress.IPv4Address(text))


def test_a_phone_that_trusts_the_authority_trusts_checkin_at_its_address(
    made: Certificates,
) -> None:
    for subject in (address(ADDRESS), address("127.0.0.1"), x509.DNSName("localhost")):
        verify(made, subject)
    for other in (address("192.168.7.21"), x509.DNSName("ronda.example")):
        with pytest.raises(VerificationError):
            verify(made, other)
    with pytest.raises(VerificationError):
        verify(made, address(ADDRESS), NOW + CERTIFICATE_LIVES + timedelta(days=1))


def test_the_authority_is_good_for_local_networks_only(made: Certificates) -> None:
    authority = x509.load_pem_x509_certificate(made.authority.read_bytes())
    limits = authority.extensions.get_extension_for_class(x509.NameConstraints)
    assert limits.critical
    assert limits.value.permitted_subtrees is not None
    networks = [each.value for each in limits.value.permitted_subtrees]
    assert ipaddress.IPv4Network("192.168.0.0/16") in networks
    assert all(
        network.is_private for network in networks if isinstance(network, ipaddress.IPv4Network)
    )


def test_phones_need_not_install_again_after_a_restart(tmp_path: Path, made: Certificates) -> None:
    again = certificates(tmp_path, ["10.0.0.5"], NOW + timedelta(days=30))
    assert again.fingerprint == made.fingerprint
    verify(again, address("10.0.0.5"), NOW + timedelta(days=30))


def test_no_key_is_readable_by_others(tmp_path: Path, made: Certificates) -> None:
    for key in (made.key, tmp_path / "ca-key.pem"):
        assert key.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("public", ["8.8.8.8", "224.0.0.1", "ronda"])
def test_the_internet_is_no_local_network(tmp_path: Path, public: str) -> None:
    with pytest.raises(StackError, match="local network"):
        prepared(tmp_path, public, checkin_port=8001, install_port=8000)


async def test_the_install_page_hands_out_the_authority_and_says_how_to_tell_it(
    made: Certificates,
) -> None:
    page = install_page(
        made.authority, fingerprint=made.fingerprint, app=f"https://{ADDRESS}:8001/app/"
    )
    transport = httpx.ASGITransport(page)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        shown = await client.get("/")
        assert made.fingerprint in shown.text
        assert f'href="https://{ADDRESS}:8001/app/"' in shown.text
        handed = await client.get(CERTIFICATE)
        assert handed.content == made.authority.read_bytes()
        assert handed.headers["content-type"] == "application/x-x509-ca-cert"
        assert (await client.get("/ca-key.pem")).status_code == 404
