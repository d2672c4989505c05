"""Where pages may go: nowhere inside one's own walls unless a setting says so, and never to
another address than the one that was judged."""

import asyncio
import datetime
import socket
import ssl
from collections.abc import Callable
from contextlib import closing
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import assume, given

from services.alerts.adapters.notifiers import posting
from services.alerts.adapters.notifiers.reach import Forbidden, Reach
from tests.integration.alerts.sink import Sink

HOST = "bel.contoh.example"
Names = dict[str, list[list[str]]]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """A name server of one's own: by host, the addresses of each answer in turn; the last stays."""
    known: Names = {}
    real = socket.getaddrinfo

    def lookup(host: str, port: int, *rest: Any, **named: Any) -> list[Any]:
        answers = known.get(host)
        if answers is None:
            raise socket.gaierror(f"no such host {host}")
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [each for address in addresses for each in real(address, port, *rest, **named)]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return known


async def judged(host: str, *allow: str) -> str:
    return await Reach(allow).address_of(host, 80)


INSIDE = (
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # noqa: S104
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.0.192",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
)


@pytest.mark.parametrize("address", INSIDE)
async def test_an_address_inside_is_refused(address: str) -> None:
    with pytest.raises(Forbidden, match="RONDA_NOTIFY_ALLOW"):
        await judged(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808"])
async def test_an_address_of_the_internet_is_not(address: str) -> None:
    assert await judged(address) == address


@pytest.mark.parametrize(
    ("allow", "address"),
    [
        ("loopback", "127.0.0.1"),
        ("loopback", "::1"),
        ("10.20.0.0/16", "10.20.3.4"),
        ("10.20.3.4", "10.20.3.4"),
        ("169.254.0.0/16", "169.254.1.1"),
        ("fd00::/8", "fd00::5"),
    ],
)
async def test_what_a_setting_lists_is_allowed(allow: str, address: str) -> None:
    assert await judged(address, allow) == address


@given(address=st.ip_addresses(v=4), network=st.sampled_from(["10.20.0.0/16", "127.0.0.0/8"]))
def test_a_network_allows_itself_and_nothing_else_inside(address: Any, network: str) -> None:
    async def may() -> bool:
        try:
            return await judged(str(address), network) == str(address)
        except Forbidden:
            return False

    inside = ip_address(str(address)) in ip_network(network)
    assume(ip_address(str(address)) not in ip_network("192.0.0.0/24"))
    everybody = address.is_global and not (address.is_multicast or address.is_reserved)
    assert asyncio.run(may()) == (inside or everybody)


async def test_a_listed_host_may_be_inside_but_never_link_local(names: Names) -> None:
    names["sms.lan"] = [["10.9.8.7"]]
    assert await judged("sms.lan", "sms.lan") == "10.9.8.7"
    names["sms.lan"] = [["169.254.169.254"]]
    with pytest.raises(Forbidden):
        await judged("sms.lan", "sms.lan")
    names["other.lan"] = [["10.9.8.7"]]
    with pytest.raises(Forbidden):
        await judged("other.lan", "sms.lan")


async def test_a_name_with_one_address_inside_is_refused_whole(names: Names) -> None:
    names[HOST] = [["8.8.8.8", "10.0.0.1"]]
    with pytest.raises(Forbidden):
        await judged(HOST)


@pytest.mark.parametrize("entry", ["10.0.0.0/33", "http://x", "a b", "10.20.0.1/16"])
def test_what_is_neither_network_nor_host_is_refused_at_the_start(entry: str) -> None:
    with pytest.raises(ValueError, match="neither"):
        Reach([entry])


async def test_nothing_is_connected_to_that_is_not_allowed(sink: Sink) -> None:
    async with posting.client(Reach([])) as http:
        receipt, _ = await posting.post(http, sink.url, b"{}", {})
    assert receipt.error is not None
    assert "RONDA_NOTIFY_ALLOW" in receipt.error
    assert sink.got == []


async def test_a_name_that_points_elsewhere_after_the_look_is_still_the_judged_address(
    sink: Sink, names: Names
) -> None:
    port = sink.url.rpartition(":")[2]
    # The first answer is judged; a second look would go to an address that refuses everybody.
    names[HOST] = [["127.0.0.1"], ["127.0.0.9"]]
    async with posting.client(Reach([HOST])) as http:
        receipt, _ = await posting.post(http, f"http://{HOST}:{port}/x", b"{}", {})
    assert receipt.error is None
    assert sink.got[0].headers["host"] == f"{HOST}:{port}"


async def test_a_redirect_inside_is_not_followed(sink: Sink) -> None:
    sink.status, sink.location = 302, "http://169.254.169.254/latest/meta-data/"
    async with posting.client(Reach(["loopback"])) as http:
        receipt, _ = await posting.post(http, sink.url, b"{}", {})
    assert receipt.error == "the receiver answered 302"


async def test_a_name_that_nobody_knows_is_a_receipt(names: Names) -> None:
    async with posting.client(Reach([])) as http:
        receipt, _ = await posting.post(http, f"http://{HOST}/", b"{}", {})
    assert receipt.error is not None
    assert "no address" in receipt.error


@pytest.mark.parametrize(("certified", "taken"), [(HOST, True), ("another.example", False)])
async def test_tls_asks_the_pinned_address_for_the_certificate_of_the_name(
    names: Names, tmp_path: Path, certified: str, taken: bool
) -> None:
    chain = a_certificate(certified, tmp_path)
    names[HOST] = [["127.0.0.1"]]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            await writer.drain()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    async with server, posting.client(Reach([HOST]), ca_file=chain) as http:
        receipt, _ = await posting.post(http, f"https://{HOST}:{port}/", b"", {})
    assert (receipt.error is None) == taken


def a_certificate(host: str, folder: Path) -> Path:
    """A self-signed certificate for a host with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "chain.pem"
    pem: Callable[..., bytes] = certificate.public_bytes
    file.write_bytes(
        pem(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return file
