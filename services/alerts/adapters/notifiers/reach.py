"""Where a page may be sent to: an address on the internet, or one that a setting names.

A plan names hosts, and a name may point anywhere, also at another address a moment later. So the
name is looked up here, each of its addresses is judged, and the connection goes to the very address
that was judged.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

import httpx

LOOKUP_S = 3.0
LOOKUPS = 4
KNOWN_S = 60.0
"""How long a judged address is used without asking again."""
LOOPBACK = "loopback"
MOST_HOSTS = 64

_LOOPBACK_NETWORKS = ("127.0.0.0/8", "::1/128")
# Not all of it counts as private everywhere, and a cloud keeps its metadata in it.
_PROTOCOLS = ip_network("192.0.0.0/24")
_NAT64 = ip_network("64:ff9b::/96")

Address = IPv4Address | IPv6Address


class Forbidden(Exception):
    """Nobody allowed this target; `str()` says which setting would."""


class Reach:
    """`allow` lists networks (`10.20.0.0/16`) and hosts (`sms.polres.lan`) inside one's own walls,
    and the word `loopback`. Raises ValueError for what is neither.

    What is link-local, a cloud's metadata for instance, takes a network of its own.
    """

    def __init__(self, allow: Iterable[str]) -> None:
        entries = [entry.strip().lower() for entry in allow if entry.strip()]
        expanded = [
            each
            for entry in entries
            for each in (_LOOPBACK_NETWORKS if entry == LOOPBACK else (entry,))
        ]
        self._networks = [ip_network(each) for each in expanded if _is_network(each)]
        self._hosts = {each for each in expanded if not _is_network(each)}
        self._known: dict[str, tuple[float, str]] = {}
        # Of its own: a resolver that hangs must hold up nothing else.
        self._threads = ThreadPoolExecutor(LOOKUPS, thread_name_prefix="lookup")
        for host in self._hosts:
            if not all(part.replace("-", "").isalnum() for part in host.split(".")):
                raise ValueError(f"{host!r} is neither a network, a host nor `{LOOPBACK}`")

    async def address_of(self, host: str, port: int) -> str:
        """The address to connect to; raises `Forbidden`, or OSError where there is none."""
        now = asyncio.get_running_loop().time()
        known = self._known.get(host)
        if known is None or known[0] <= now:
            async with asyncio.timeout(LOOKUP_S):
                address = self._judged(host, await self._lookup(host, port))
            if len(self._known) >= MOST_HOSTS:
                self._known.clear()
            known = self._known[host] = (now + KNOWN_S, address)
        return known[1]

    async def _lookup(self, host: str, port: int) -> list[Address]:
        try:
            return [ip_address(host)]
        except ValueError:
            loop = asyncio.get_running_loop()
            ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
            found = await loop.run_in_executor(self._threads, ask)
            return list(dict.fromkeys(ip_address(each[4][0]) for each in found))

    def _judged(self, host: str, found: list[Address]) -> str:
        # One bad address condemns the name: whoever mixes them is trying something.
        for address in found:
            if not self._may(host, address):
                raise Forbidden(
                    f"{host} is at {address}, inside the own network; "
                    "RONDA_NOTIFY_ALLOW does not list it"
                )
        return str(found[0])

    def _may(self, host: str, address: Address) -> bool:
        seen = _embedded(address)
        if any(seen in network for network in self._networks):
            return True
        if host.lower() in self._hosts and not (seen.is_link_local or seen.is_unspecified):
            return not seen.is_multicast
        inside = seen in _PROTOCOLS or (isinstance(seen, IPv6Address) and seen.is_site_local)
        return seen.is_global and not (seen.is_multicast or seen.is_reserved or inside)


class PinnedTransport(httpx.AsyncBaseTransport):
    """Connects to the address that `reach` has judged, and to no other; TLS still asks for the
    host's own certificate."""

    def __init__(self, reach: Reach, *, connections: int, ca_file: Path | None = None) -> None:
        self._reach = reach
        self._trust = ssl.create_default_context()
        if ca_file is not None:
            self._trust.load_verify_locations(ca_file)
        self._limits = httpx.Limits(
            max_connections=connections, max_keepalive_connections=connections // 2
        )
        # By host: a connection on which one host proved its name is not used for another one.
        self._transports: dict[str, httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host, port = request.url.host, request.url.port
        try:
            address = await self._reach.address_of(
                host, port or (443 if request.url.scheme == "https" else 80)
            )
        except (OSError, TimeoutError, UnicodeError) as error:
            raise httpx.ConnectError(f"{host} has no address: {error!r}"[:200]) from error
        except Forbidden as error:
            raise httpx.UnsupportedProtocol(str(error)) from error
        request.url = request.url.copy_with(host=address)
        request.extensions = {**request.extensions, "sni_hostname": host}
        return await (await self._transport(host)).handle_async_request(request)

    async def aclose(self) -> None:
        for transport in self._transports.values():
            await transport.aclose()

    async def _transport(self, host: str) -> httpx.AsyncHTTPTransport:
        known = self._transports.get(host)
        if known is None:
            # Hosts come from a plan; after many plans the first ones are of no use any more.
            if len(self._transports) >= MOST_HOSTS:
                await self._transports.pop(next(iter(self._transports))).aclose()
            known = self._transports[host] = httpx.AsyncHTTPTransport(
                verify=self._trust, limits=self._limits, trust_env=False
            )
        return known


def _embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, where it stands for one."""
    if not isinstance(address, IPv6Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True
