"""The fake's routes for changing the situation; what is changed holds a moment later, as it does
where it goes round by Kafka."""

from typing import TYPE_CHECKING, Any

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from msgspec import convert

from services.alerts.adapters.http.situation import SituationChoices
from shared.plan.model import RISK_CLASSES, STAGES
from tests.browser import samples
from tests.browser.fake_room import problem

if TYPE_CHECKING:
    from tests.browser.fake_alerts import FakeAlerts

PHASES = {"campaign": "Masa kampanye", "quiet_period": "Masa tenang", "voting": "Pemungutan suara"}
PEOPLE = [
    {"id": "p-1004", "name": "Dewi Contoh", "rank": "Iptu", "posts": ["Perwira Pengawas"]},
    {"id": "p-1006", "name": "Made Contoh", "rank": "AKP", "posts": ["Kasat Samapta"]},
    {"id": "p-1021", "name": "Arya Contoh", "rank": "Bripka", "posts": []},
]
SPANS = [("2023-11-28", "2024-02-10"), ("2024-02-11", "2024-02-13"), ("2024-02-14", "2024-02-14")]


def an_override(fake: "FakeAlerts", **change: Any) -> dict[str, Any]:
    """Something that holds since ten minutes."""
    fields = {"by": "AKBP Agus", "reason": "perintah Kapolres"} | change
    return {"since": fake.now() - samples.seconds(600), "change": fields}


def situation_routes(fake: "FakeAlerts", person: Any) -> list[HTTPRouteHandler]:
    """`GET /v1/situation/choices`, `POST /v1/situation`."""

    @get("/v1/situation/choices")
    async def choices() -> SituationChoices:
        phases = [
            {"code": code, "name": name, "starts": starts, "ends": ends}
            for (code, name), (starts, ends) in zip(PHASES.items(), SPANS, strict=True)
        ]
        codes = {"stages": STAGES, "risk_classes": RISK_CLASSES}
        return convert({"phases": phases, "people": PEOPLE} | codes, SituationChoices)

    @post("/v1/situation", status_code=200)
    async def change(request: Request[Any, Any, Any]) -> Response[Any]:
        body = await request.json()
        fake.room.asked.append(("situation", body))
        if fake.situation_refusal is not None:
            return problem(422, fake.situation_refusal)
        now, by = fake.now(), person(request)["name"]
        changes = [each | {"by": by, "reason": body["reason"]} for each in body["changes"]]
        for each in changes:
            _take(fake, each)
        return Response({"at": now, "changes": changes})

    return [choices, change]


def _take(fake: "FakeAlerts", change: dict[str, Any]) -> None:
    matter = (change["what"], change["of"])
    others = [
        each
        for each in fake.situation["overrides"]
        if (each["change"]["what"], each["change"].get("of")) != matter
    ]
    mine = [{"since": fake.now(), "change": change}] if change["value"] else []
    fake.situation["overrides"] = [*others, *mine]
    if change["what"] == "phase":
        code = change["value"] or samples.SITUATION["phase"]
        fake.situation |= {"phase": code, "phase_name": PHASES[code]}
