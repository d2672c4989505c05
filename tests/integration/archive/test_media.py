"""A photo of the field, from the topic to whoever may see the event that brought it."""

from hashlib import sha256

import httpx
import msgspec
from aiokafka import AIOKafkaProducer

from services.archive.app import running
from services.archive.settings import ArchiveSettings
from shared.clock import system_clock
from shared.events.media import Media, MediaStored, media_id
from shared.events.registry import encode
from shared.topics import MEDIA
from tests.integration.archive.conftest import Tokens
from tests.integration.archive.witnesses import send
from tests.unit.archive.builders import UNIT
from tests.waiting import eventually

PHOTO = b"\xff\xd8\xff\xe0" + b"gerbang" * 50_000


async def test_a_photo_is_shown_by_its_hash_to_its_unit_alone(
    settings: ArchiveSettings, sender: AIOKafkaProducer, token: Tokens
) -> None:
    name, now = sha256(PHOTO).hexdigest(), system_clock()
    event = MediaStored(
        specversion="1.0",
        id=media_id(name),
        source="ronda/checkin",
        time=now,
        unit=f"{UNIT}/polsek-1",
        data=Media(sha256=name, content_type="image/jpeg", size=len(PHOTO), content=PHOTO),
    )
    await send(sender, settings.kafka, MEDIA, encode(event))
    await send(sender, settings.kafka, MEDIA, encode(msgspec.structs.replace(event, time=now)))
    async with (
        running(settings) as app,
        httpx.AsyncClient(base_url=app.url, trust_env=False, timeout=10) as client,
    ):
        path = f"/v1/media/{name}"

        async def is_shown() -> bool:
            return (await client.get(path, headers=token())).content == PHOTO

        await eventually(is_shown, within=30)
        shown = await client.get(path, headers=token())
        assert shown.headers["content-type"] == "image/jpeg"
        assert "sandbox" in shown.headers["content-security-policy"]
        elsewhere = token(unit=f"{UNIT}/polsek-2")
        assert (await client.get(path, headers=elsewhere)).status_code == 404
        assert (await client.get(path)).status_code == 401
        assert (await client.get(f"/v1/media/{'0' * 64}", headers=token())).status_code == 404
        assert (await client.get("/v1/media/x", headers=token())).status_code == 400
