"""TLS in a local network: a certificate authority of this stack's own, which phones are told to
trust, and the certificate that it gives to checkin."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_LIVES = timedelta(days=3650)
CERTIFICATE_LIVES = timedelta(days=365)
"""Phones refuse what is good for longer than 397 days."""
_BEFORE = timedelta(days=1)
# Whoever steals the authority's key can still not pose as a site of the internet.
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8")
_NAMES = ("localhost", "local")


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files in PEM: the authority, and checkin's certificate with its key."""

    authority: Path
    certificate: Path
    key: Path

    @property
    def fingerprint(self) -> str:
        """The authority's SHA-256, in the pairs that phones show."""
        digest = x509.load_pem_x509_certificate(self.authority.read_bytes()).fingerprint(
            hashes.SHA256()
        )
        return digest.hex(":").upper()


def certificates(folder: Path, addresses: Sequence[str], now: datetime) -> Certificates:
    """The authority of a folder, made once, and a new certificate for IPv4 addresses.

    Raises ValueError for an address that is not private.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = Certificates(folder / "ca.pem", folder / "checkin.pem", folder / "checkin-key.pem")
    authority, signer = _authority(folder, now)
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = _issued(authority, signer, key, [_private(address) for address in addresses], now)
    _write_key(made.key, key)
    made.certificate.write_bytes(_pem(leaf) + _pem(authority))
    return made


def _authority(folder: Path, now: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    file, key_file = folder / "ca.pem", folder / "ca-key.pem"
    if file.exists() and key_file.exists():
        known = x509.load_pem_x509_certificate(file.read_bytes())
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
        still_good = known.not_valid_after_utc - now > CERTIFICATE_LIVES
        if isinstance(key, ec.EllipticCurvePrivateKey) and still_good:
            return known, key
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"Ronda lokal {now:%Y-%m-%d %H:%M}")
    made = (
        _builder(name, name, key, now, AUTHORITY_LIVES)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(_only_here(), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write_key(key_file, key)
    file.write_bytes(_pem(made))
    return made, key


def _issued(
    authority: x509.Certificate,
    signer: ec.EllipticCurvePrivateKey,
    key: ec.EllipticCurvePrivateKey,
    addresses: Sequence[ipaddress.IPv4Address],
    now: datetime,
) -> x509.Certificate:
    here = ipaddress.IPv4Address("127.0.0.1")
    names = [x509.IPAddress(address) for address in dict.fromkeys([*addresses, here])]
    return (
        _builder(_name("Ronda checkin"), authority.subject, key, now, CERTIFICATE_LIVES)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.SubjectAlternativeName([*names, x509.DNSName("localhost")]), critical=False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .sign(signer, hashes.SHA256())
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
    lives: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BEFORE)
        .not_valid_after(now + lives)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _only_here() -> x509.NameConstraints:
    networks = [x509.IPAddress(ipaddress.IPv4Network(network)) for network in _PRIVATE]
    return x509.NameConstraints(
        permitted_subtrees=[*networks, *map(x509.DNSName, _NAMES)], excluded_subtrees=None
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _private(address: str) -> ipaddress.IPv4Address:
    read = ipaddress.IPv4Address(address)
    if not any(read in ipaddress.IPv4Network(network) for network in _PRIVATE):
        raise ValueError(f"{address} is no address of a local network")
    return read


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _write_key(file: Path, key: ec.EllipticCurvePrivateKey) -> None:
    file.touch(mode=0o600)
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
