"""Tasks: the list, one of them, and the commands."""

from http import HTTPStatus
from typing import Annotated, Literal

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, PathParameter, QueryParameter
from msgspec import Struct

from services.alerts.adapters.http.rights import Asked, principal_of
from services.alerts.adapters.task_reading import TaskReadings
from services.alerts.handlers import TASK_VERBS, TaskBody, Tasks
from shared.events.identity import UUID7_PATTERN
from shared.events.task import Task
from shared.problem import MEDIA_TYPE, Problem, ProblemError

TaskId = Annotated[str, PathParameter(pattern=UUID7_PATTERN)]


class TaskList(Struct, frozen=True, kw_only=True):
    """What is due soonest first; what is done after it, the newest first."""

    items: list[Task]


# `state` is a name that Litestar keeps for itself.
Wanted = Annotated[Literal["open", "all"], QueryParameter(name="state")]
AtSite = Annotated[str | None, QueryParameter(name="site", max_length=256)]


def task_routes(readings: TaskReadings, tasks: Tasks) -> list[HTTPRouteHandler]:
    """`/v1/tasks…`."""

    @get("/v1/tasks")
    async def task_list(request: Asked, wanted: Wanted = "open", site: AtSite = None) -> TaskList:
        unit = principal_of(request).unit
        return TaskList(items=await readings.tasks(unit, only_open=wanted == "open", site=site))

    @get("/v1/tasks/{task_id:str}")
    async def one_task(request: Asked, task_id: TaskId) -> Task:
        task = await readings.task(task_id)
        # Another unit's task looks like none: even that it exists is not for everybody.
        if task is None or not principal_of(request).covers(task.unit):
            raise ProblemError(HTTPStatus.NOT_FOUND, f"there is no task {task_id}")
        return task

    @post(
        "/v1/tasks/{task_id:str}/{verb:str}",
        status_code=HTTPStatus.OK,
        description=f"`verb` is one of {', '.join(TASK_VERBS)}.",
        responses={
            HTTPStatus.OK: ResponseSpec(Task, description="The task as it is now"),
            HTTPStatus.CONFLICT: ResponseSpec(
                Problem, description="Somebody was first; `extra` names who", media_type=MEDIA_TYPE
            ),
            HTTPStatus.UNPROCESSABLE_ENTITY: ResponseSpec(
                Problem, description="Something is missing", media_type=MEDIA_TYPE
            ),
        },
    )
    async def task_command(
        request: Asked, task_id: TaskId, verb: FromPath[str], data: JSONBody[TaskBody]
    ) -> Response[bytes]:
        known = next((each for each in TASK_VERBS if each == verb), None)
        if known is None:
            raise ProblemError(
                HTTPStatus.NOT_FOUND,
                f"no command {verb!r}; the commands are {', '.join(TASK_VERBS)}",
            )
        answer = await tasks.run(known, task_id, data, principal_of(request))
        media_type = MEDIA_TYPE if answer.status >= HTTPStatus.BAD_REQUEST else "application/json"
        return Response(answer.body, status_code=answer.status, media_type=media_type)

    return [task_list, one_task, task_command]
