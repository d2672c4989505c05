"""How a phone comes to trust this stack: a plain page with the authority's certificate.

It must be plain HTTP: a phone that does not trust us yet could not open another one. Whether it is
ours is told by the fingerprint that the terminal shows.
"""

from collections.abc import Awaitable, Callable
from html import escape
from pathlib import Path
from typing import Any

Asgi = Callable[[Any, Any, Callable[[Any], Awaitable[None]]], Awaitable[None]]

CERTIFICATE = "/ronda-ca.crt"

_PAGE = """<!doctype html>
<html lang="id"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Pasang Ronda</title>
<style>
body{{font:18px/1.5 sans-serif;margin:0 auto;max-width:34em;padding:20px;
background:#10151c;color:#e8edf3}}
a{{display:block;background:#2f6fde;color:#fff;text-decoration:none;text-align:center;
padding:16px;border-radius:8px;font-weight:700;margin:8px 0}}
li{{margin-bottom:16px}}
code{{display:block;font-size:14px;word-break:break-all;background:#1b232d;padding:10px}}
</style>
<h1>Pasang Ronda di HP ini</h1>
<ol>
<li>Cocokkan sidik jari ini dengan layar posko. Kalau berbeda, jangan lanjutkan.
<code>{fingerprint}</code></li>
<li>Unduh sertifikat posko, lalu pasang.
<a href="{certificate}">Unduh sertifikat</a>
Android: Setelan → Keamanan → Sertifikat CA. iPhone: Setelan → Profil diunduh → Pasang, lalu Umum →
Mengenai → Pengaturan Kepercayaan Sertifikat.</li>
<li>Buka aplikasi, lalu pilih "Tambahkan ke layar utama".
<a href="{app}">Buka Ronda</a></li>
<li>Pindai kode pendaftaran dari posko.</li>
</ol>
</html>
"""


def install_page(authority: Path, *, fingerprint: str, app: str) -> Asgi:
    """The ASGI application; `app` is the address of the field app."""
    page = _PAGE.format(certificate=CERTIFICATE, fingerprint=fingerprint, app=escape(app)).encode()
    certificate = authority.read_bytes()

    async def application(
        scope: Any, _receive: Any, send: Callable[[Any], Awaitable[None]]
    ) -> None:
        if scope["type"] != "http":
            return
        status, media_type, body = 404, b"text/plain; charset=utf-8", b"tidak ada\n"
        if scope["path"] == "/":
            status, media_type, body = 200, b"text/html; charset=utf-8", page
        elif scope["path"] == CERTIFICATE:
            status, media_type, body = 200, b"application/x-x509-ca-cert", certificate
        headers = [(b"content-type", media_type), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return application
