"""`GET /v1/events/{id}/proof` and `GET /v1/consistency`."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request, get
from litestar.params import PathParameter, QueryParameter
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from services.archive.adapters.http import NO_STORE, RETRY_AFTER_S, ROLES
from services.archive.domain.merkle import ProofError
from services.archive.domain.proof import leaf_of
from services.archive.handlers.proving import (
    Consistency,
    EventProof,
    NotFound,
    NotSealed,
    Proving,
    Retired,
)
from services.archive.ports import Unavailable
from shared.auth import Principal
from shared.events.identity import UUID7_PATTERN
from shared.http import allow
from shared.problem import ProblemError

SEALED_WITHIN_S = 300

_Request = Request[Principal, Any, Any]
_Id = Annotated[str, PathParameter(pattern=UUID7_PATTERN, max_length=36)]
_Size = Annotated[
    int | None,
    QueryParameter(ge=1, le=2**63 - 1, description="Of the checkpoint to prove against"),
]
_Since = Annotated[
    int | None,
    QueryParameter(
        ge=0, le=2**63 - 1, description="Size of a checkpoint that you kept: also prove it a part"
    ),
]
_First = Annotated[int, QueryParameter(name="from", ge=0, le=2**63 - 1)]
_Second = Annotated[int, QueryParameter(name="to", ge=0, le=2**63 - 1)]
_Reason = Annotated[str | None, QueryParameter(min_length=10, max_length=500)]


class ProofRecord(Struct, frozen=True):
    """The bytes that were hashed, in base64; an erased record has its leaf only."""

    topic: str
    partition: int
    offset: int
    appended_at: datetime
    key: str | None
    value: str | None
    headers: str | None
    salt: str | None
    leaf: str
    erased: bool


class ProofSegment(Struct, frozen=True):
    """The records of one commit; `index` and `path` lead from the record's leaf to `root`."""

    first_offset: int
    next_offset: int
    records: int
    committed_at: datetime
    root: str
    previous: str
    index: int
    path: list[str]


class ProofLog(Struct, frozen=True):
    """Where the segment's leaf stands in the log; `path` leads to the checkpoint's root."""

    index: int
    size: int
    path: list[str]


class ConsistencyProof(Struct, frozen=True):
    """RFC 9162 §2.1.4; every hash is in hexadecimal."""

    first: int
    second: int
    path: list[str]


class Proof(Struct, frozen=True):
    """All that proves an event to somebody who trusts the checkpoint's signer only."""

    record: ProofRecord
    segment: ProofSegment
    log: ProofLog
    checkpoint: str
    consistency: ConsistencyProof | None


def proof_routes(proving: Proving) -> list[ControllerRouterHandler]:
    """The routes."""

    @get(
        "/v1/events/{event_id:str}/proof",
        guards=[allow(*ROLES)],
        response_headers=NO_STORE,
        summary="Proof that an event stands in the sealed record",
    )
    async def proof(
        request: _Request,
        event_id: _Id,
        *,
        size: _Size = None,
        since: _Since = None,
        reason: _Reason = None,
    ) -> Proof:
        """Inclusion of the record in its segment, of the segment in the log, and the checkpoint."""
        asked = {"proof": event_id}
        with _told():
            return _proof(
                await proving.event(
                    request.user, event_id, reason=reason, asked=asked, size=size, since=since
                )
            )

    @get(
        "/v1/consistency",
        guards=[allow(*ROLES)],
        response_headers=NO_STORE,
        summary="Proof that the log only grew between two checkpoints",
    )
    async def consistency(first: _First, second: _Second) -> ConsistencyProof:
        """For whoever kept a checkpoint: the later log begins with the earlier one."""
        with _told():
            return _consistency(await proving.consistency(first, second))

    return [proof, consistency]


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except NotFound as error:
        raise ProblemError(HTTPStatus.NOT_FOUND, str(error)) from error
    except Retired as error:
        raise ProblemError(HTTPStatus.GONE, str(error)) from error
    except NotSealed as error:
        wait = {"Retry-After": str(SEALED_WITHIN_S)}
        raise ProblemError(HTTPStatus.CONFLICT, str(error), headers=wait) from error
    except ProofError as error:
        raise ProblemError(HTTPStatus.BAD_REQUEST, str(error)) from error
    except Unavailable as error:
        wait = {"Retry-After": str(RETRY_AFTER_S)}
        raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, str(error), headers=wait) from error


def _proof(found: EventProof) -> Proof:
    proven, seal, follows = found
    record, (segment, position, size, path) = proven.record, proven.sealed
    return Proof(
        record=ProofRecord(
            topic=segment.topic,
            partition=record.partition,
            offset=record.offset,
            appended_at=record.appended_at,
            key=_base64(record.key),
            value=_base64(record.value),
            headers=_base64(record.headers),
            salt=_base64(record.salt),
            leaf=leaf_of(record, segment.topic).hex(),
            erased=record.salt is None,
        ),
        segment=ProofSegment(
            first_offset=segment.first_offset,
            next_offset=segment.next_offset,
            records=segment.records,
            committed_at=segment.committed_at,
            root=segment.root.hex(),
            previous=segment.previous.hex(),
            index=proven.number,
            path=[node.hex() for node in proven.path],
        ),
        log=ProofLog(position or 0, size, [node.hex() for node in path or ()]),
        checkpoint=seal.note,
        consistency=None if follows is None else _consistency(follows),
    )


def _consistency(found: Consistency) -> ConsistencyProof:
    return ConsistencyProof(found.first, found.second, [node.hex() for node in found.path])


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()
