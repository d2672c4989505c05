"""A phone becomes known by a one-time code, and afterwards speaks for its person by its key."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from services.checkin.domain.carrying import may_carry
from services.checkin.domain.devices import Device, code_hash, device_id
from services.checkin.domain.stamping import Outgoing
from services.checkin.ports import DeviceSource, PlanSource, Publisher, TokenIssuer, Unavailable
from shared.auth import Carried
from shared.clock import Clock
from shared.events.device import DeviceEnrolled, Enrolment, Invitation, Label
from shared.events.envelope import Counter, Name, Timestamp
from shared.events.identity import new_id
from shared.events.registry import encode
from shared.logging import logger
from shared.plan.in_force import in_force
from shared.plan.model import Person
from shared.problem import ProblemError
from shared.signing import Jwk, canonical, is_signed_by, public_key
from shared.topics import DEVICE

SOURCE = "ronda/checkin"
READ_BACK_S = 5.0
NEWS_S = 2.0
"""How long what was published elsewhere may take to be read here."""
TOKEN_TTL = timedelta(minutes=15)
LARGEST_CLOCK_ERROR_S = 120
PURPOSE = "ronda.token"

_log = logger(__name__)


class EnrolmentRequest(Struct, frozen=True, kw_only=True):
    """The code as printed or typed, and the public half of the key that the phone has made."""

    code: Annotated[str, Meta(min_length=1, max_length=64)]
    key: Jwk
    label: Label | None = None


class Enrolled(Struct, frozen=True, kw_only=True):
    """Who the phone speaks for, and our clock."""

    device: str
    actor: str
    name: str
    role: str
    unit: str
    now: datetime


class ShiftSaid(
    Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"first": "from", "last": "to"}
):
    """Whose shift it is, where the phone is in other hands than the enrolled person's. `from` and
    `to` are the `deviceseq` of its `shift.started` and, once there is one, `shift.ended`."""

    person: Name
    first: Counter
    last: Counter | None = None


class TokenRequest(Struct, frozen=True, kw_only=True):
    """`signature`: ES256 by the phone's key over the RFC 8785 form of `at`, `device`,
    `"purpose":"ronda.token"`, and `shift` where it is sent."""

    device: Name
    at: Annotated[str, Meta(max_length=64, extra_json_schema={"format": "date-time"})]
    signature: Annotated[str, Meta(max_length=128)]
    shift: ShiftSaid | None = None


class Granted(Struct, frozen=True, kw_only=True):
    """A token, how long it is good for, whom it speaks for, and our clock. `role` and `unit` are
    the phone's, whoever carries it."""

    token: str
    expires_at: datetime
    now: datetime
    device: str
    actor: str
    name: str
    role: str
    unit: str


@dataclass(frozen=True, slots=True)
class Enrolling:
    """The first phone with a code gets it, whichever replica it asks."""

    devices: DeviceSource
    publisher: Publisher
    clock: Clock

    async def enrol(self, request: EnrolmentRequest) -> Enrolled:
        """The phone, once its own record was read back.

        Raises `ProblemError` 400, 404, 409 or 410, or `Unavailable`; then sending again is safe.
        """
        code, name = code_hash(request.code), device_id(request.key)
        _check_point(request.key)
        registry = self.devices.registry
        if not await self.devices.until(lambda: code in registry.invitations, NEWS_S):
            raise _problem(HTTPStatus.NOT_FOUND, "unknown_code", "no invitation has this code")
        invitation = registry.invitations[code]
        if code not in registry.winners:
            self._check_open(invitation, name)
            await self._publish(code, name, request, invitation)
            if not await self.devices.until(lambda: code in registry.winners, READ_BACK_S):
                raise Unavailable("the enrolment was not read back in time", retry_after_s=2)
        if registry.winners[code] != name:
            detail = "another phone has used this code; ask for a new one"
            raise _problem(HTTPStatus.CONFLICT, "used_code", detail)
        device = registry.devices[name]
        _log.info("phone enrolled", device=name)
        return Enrolled(
            device=device.id,
            actor=device.actor,
            name=device.name,
            role=device.role,
            unit=device.unit,
            now=self.clock(),
        )

    def _check_open(self, invitation: Invitation, name: str) -> None:
        if self.clock() > invitation.expires_at:
            raise _problem(HTTPStatus.GONE, "expired_code", "the code has expired; ask for another")
        if name in self.devices.registry.devices:
            detail = "this key was enrolled with another code; make a new key"
            raise _problem(HTTPStatus.CONFLICT, "used_key", detail)

    async def _publish(
        self, code: str, name: str, request: EnrolmentRequest, invitation: Invitation
    ) -> None:
        now = self.clock()
        event = DeviceEnrolled(
            specversion="1.0",
            id=new_id(now),
            source=SOURCE,
            time=now,
            unit=invitation.unit,
            actor=invitation.actor,
            device=name,
            receivedtime=now,
            channel="app",
            data=Enrolment(code_sha256=code, device=name, key=request.key, label=request.label),
        )
        await self.publisher.publish([Outgoing(DEVICE, name.encode(), encode(event), ())])


@dataclass(frozen=True, slots=True)
class Tokens:
    """Short-lived tokens for enrolled phones, asked for with the phone's key."""

    devices: DeviceSource
    plans: PlanSource
    issuer: TokenIssuer
    clock: Clock

    async def grant(self, request: TokenRequest) -> Granted:
        """A token; raises `ProblemError` 400 or 401, with our clock where the phone's is wrong, 403
        for a person who may not carry the phone."""
        device = await self._proven(request)
        now = self.clock()
        _check_clock(request.at, now)
        actor, name, shift = device.actor, device.name, None
        if request.shift is not None and request.shift.person != device.actor:
            person = self._carrier(device, request.shift.person, now)
            actor, name = person.id, f"{person.rank} {person.name}"
            shift = Carried(device.actor, request.shift.first, request.shift.last)
        token = self.issuer.token(
            actor=actor,
            name=name,
            role=device.role,
            unit=device.unit,
            now=now,
            ttl=TOKEN_TTL,
            device=device.id,
            key=device.thumbprint,
            shift=shift,
        )
        return Granted(
            token=token,
            # To the second, as the token itself says it.
            expires_at=now.replace(microsecond=0) + TOKEN_TTL,
            now=now,
            device=device.id,
            actor=actor,
            name=name,
            role=device.role,
            unit=device.unit,
        )

    def _carrier(self, device: Device, actor: str, now: datetime) -> Person:
        plan = self.plans.plan
        plan = in_force(plan, self.plans.situation(now)) if plan is not None else None
        person = plan.person_by_id.get(actor) if plan is not None else None
        if plan is None or person is None:
            detail = "the plan knows no such person; ask for a token without `shift`"
            raise _problem(HTTPStatus.FORBIDDEN, "unknown_person", detail)
        if not may_carry(plan, device, person):
            detail = "that person is of another unit, and in no shift of this one"
            raise _problem(HTTPStatus.FORBIDDEN, "other_unit", detail)
        return person

    async def _proven(self, request: TokenRequest) -> Device:
        known = self.devices.registry.devices
        if not await self.devices.until(lambda: request.device in known, NEWS_S):
            raise _problem(HTTPStatus.UNAUTHORIZED, "unknown_device", "no such phone is enrolled")
        device = known[request.device]
        said: dict[str, Any] = {"at": request.at, "device": request.device, "purpose": PURPOSE}
        if request.shift is not None:
            said["shift"] = msgspec.to_builtins(request.shift)
        if not is_signed_by(device.key, canonical(said), request.signature):
            detail = "the signature is not that of the phone's key"
            raise _problem(HTTPStatus.UNAUTHORIZED, "bad_signature", detail)
        if device.revoked_at is not None:
            raise revoked()
        return device


def revoked() -> ProblemError:
    """What a revoked phone is told, whatever it asks for."""
    return _problem(HTTPStatus.UNAUTHORIZED, "revoked", "this phone was revoked")


def _check_clock(at: str, now: datetime) -> None:
    try:
        moment = msgspec.convert(at, Timestamp)
    except msgspec.ValidationError as error:
        raise _problem(HTTPStatus.BAD_REQUEST, "at", f"`at`: {error}") from error
    if abs((now - moment).total_seconds()) > LARGEST_CLOCK_ERROR_S:
        raise ProblemError(
            HTTPStatus.UNAUTHORIZED,
            f"the phone's clock is off by more than {LARGEST_CLOCK_ERROR_S} s; sign with ours",
            extra={"code": "clock", "now": now.isoformat()},
        )


def _check_point(key: Jwk) -> None:
    try:
        public_key(key)
    except ValueError as error:
        detail = "`key` is no point of the curve P-256"
        raise _problem(HTTPStatus.BAD_REQUEST, "key", detail) from error


def _problem(status: HTTPStatus, code: str, detail: str) -> ProblemError:
    return ProblemError(status, detail, extra={"code": code})
