"""A batch that comes many times, at once and across a restart, has one effect."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import httpx
import psycopg
import pytest

from ronda.plans import read
from ronda.stack.settings import DEFAULT_PLAN
from services.alerts.app import running as running_alerts
from services.alerts.settings import AlertsSettings
from services.archive.app import running as running_archive
from services.archive.settings import ArchiveSettings
from services.checkin.app import running as running_checkin
from services.checkin.settings import CheckinSettings
from shared.auth import generate_keys
from shared.clock import system_clock
from shared.settings import AuthSettings, HttpSettings, KafkaSettings
from shared.topics import DEVICE
from tests.integration.checkin.conftest import publish, publish_plan
from tests.unit.checkin.builders import UNIT
from tests.unit.checkin.phones import Phone
from tests.waiting import eventually

AT_ONCE, TIMES = 5, 3
SEEN = {"category": "suspicious_person", "text": "dua orang"}
SITES = ("gudang-logistik", "ppk-kenduruan", "ppk-soko")
"""Far from each other: reports of one place would be one happening."""


@pytest.mark.timeout(120)
async def test_a_batch_sent_fifteen_times_is_one_row_and_one_alert_for_each_report(
    topics: KafkaSettings, database_url: str, tmp_path: Path
) -> None:
    keys = generate_keys(tmp_path / "keys")

    def auth(service: str) -> AuthSettings:
        return AuthSettings(keys_file=keys["keys"], signing_key_file=keys[service])

    checkin = CheckinSettings(kafka=topics, http=HttpSettings(), auth=auth("checkin"))
    await publish_plan(topics, read(DEFAULT_PLAN))
    phone = Phone(actor="p-1011")
    await publish(
        topics, DEVICE, phone.invitation(expires_at=system_clock() + timedelta(minutes=5))
    )
    now = system_clock().isoformat()
    reports = [phone.event(subject=site, time=now, data=SEEN) for site in SITES]
    tracks = [
        phone.event("ronda.position.recorded.v1", subject=None, time=now, data={"position": fix})
        for fix in [{"lat": -6.9, "lon": 112.05, "accuracy_m": 9.0}] * 17
    ]
    batch = [*reports, *tracks]
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(
            running_alerts(AlertsSettings(topics, database_url, HttpSettings(), auth("alerts")))
        )
        await stack.enter_async_context(
            running_archive(
                ArchiveSettings(topics, HttpSettings(), auth("alerts"), database_url, UNIT)
            )
        )
        for _ in range(TIMES):
            async with running_checkin(checkin) as app:
                await _send(app.url, phone, batch)
        repeats = len(batch) * (AT_ONCE * TIMES - 1)

        async def all_kept() -> bool:
            return await _count(database_url, "archive.duplicate") == repeats

        async def all_alerted() -> bool:
            return await _alerts(database_url) >= len(SITES)

        await eventually(all_kept, within=60)
        await eventually(all_alerted, within=30)
        reported = [str(event["id"]) for event in batch]
        assert await _count(database_url, "archive.event", reported) == len(batch)
        assert await _alerts(database_url) == len(SITES)
        assert await _count(database_url, "alerts.alert_part") == len(SITES)


async def _alerts(url: str) -> int:
    return await _count(url, "alerts.alert WHERE kind = 'incident'")


async def _send(url: str, phone: Phone, batch: list[dict[str, object]]) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as client:
        code = {"code": phone.code, "key": _jwk(phone)}
        assert (await client.post("/v1/enrolments", json=code)).status_code == 201
        granted = (await client.post("/v1/tokens", json=phone.token_request(system_clock()))).json()
        headers = {"Authorization": f"Bearer {granted['token']}"}
        answers = await asyncio.gather(
            *(client.post("/v1/events", json=batch, headers=headers) for _ in range(AT_ONCE))
        )
    statuses = Counter(
        result["status"] for answer in answers for result in answer.json()["results"]
    )
    assert statuses == {"accepted": AT_ONCE * len(batch)}


def _jwk(phone: Phone) -> dict[str, str]:
    key = phone.key
    return {"kty": key.kty, "crv": key.crv, "x": key.x, "y": key.y}


async def _count(url: str, table: str, ids: list[str] | None = None) -> int:
    where = "" if ids is None else " WHERE id = ANY(%s)"
    async with await psycopg.AsyncConnection.connect(url) as connection:
        rows = await connection.execute(
            f"SELECT count(*) FROM {table}{where}",  # noqa: S608
            None if ids is None else (ids,),
        )
        found = await rows.fetchone()
    assert found is not None
    return int(found[0])
