"""The local network that phones are in."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ronda.stack.certificates import Certificates, certificates
from ronda.stack.errors import StackError
from ronda.stack.install_page import install_page
from shared.clock import system_clock
from shared.http import serving
from shared.settings import HttpSettings, SettingsError

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what --lan asks for
_DOCUMENTATION_ADDRESS = ("192.0.2.1", 9)


@dataclass(frozen=True, slots=True)
class Lan:
    """How phones reach this stack."""

    address: str
    certificates: Certificates
    app_url: str
    install_url: str


def own_address() -> str:
    """This machine's address towards other networks; raises `StackError` where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_DOCUMENTATION_ADDRESS)  # of a datagram socket: nothing is sent
        except OSError as error:
            raise StackError(
                "this machine is in no network: join the phones' Wi-Fi, or name an address of this "
                "machine with --lan-address"
            ) from error
        return str(probe.getsockname()[0])


def prepared(folder: Path, address: str, *, checkin_port: int, install_port: int) -> Lan:
    """Certificates and addresses; raises `StackError` for an address that is not private."""
    try:
        made = certificates(folder, [address], system_clock())
    except ValueError as error:
        raise StackError(f"--lan serves a local network only: {error}") from error
    return Lan(
        address=address,
        certificates=made,
        app_url=f"https://{address}:{checkin_port}",
        install_url=f"http://{address}:{install_port}/",
    )


@asynccontextmanager
async def installing(lan: Lan, install_port: int) -> AsyncIterator[None]:
    """Serves the install page; raises `StackError` when the port is taken."""
    page = install_page(
        lan.certificates.authority,
        fingerprint=lan.certificates.fingerprint,
        app=f"{lan.app_url}/app/",
    )
    try:
        async with serving(page, HttpSettings(EVERYWHERE, install_port)):
            yield
    except SettingsError as error:
        raise StackError(f"the install page: {error}") from error
