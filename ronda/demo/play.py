"""Starts a stack of its own, plays the night on it, and says whether all of it was seen."""

import tempfile
from contextlib import AsyncExitStack, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

import httpx
from rich.console import Console

from ronda import plans
from ronda.demo import story
from ronda.demo.asking import NotAnsweredError
from ronda.demo.faults import Saboteur
from ronda.demo.folder import claimed
from ronda.demo.night import Night, stage
from ronda.demo.plan import shortened, site_of_type
from ronda.demo.summary import kept, show
from ronda.demo.watch import Watch
from ronda.stack.kafka import EmbeddedKafka
from ronda.stack.settings import DEFAULT_PLAN, StackSettings
from ronda.stack.signals import until_cancelled
from ronda.stack.up import Stack, running_stack
from shared.clock import system_clock
from shared.plan.model import Plan
from shared.settings import KafkaSettings

PATIENCE_S = 20.0
PATIENCE_WITH_FAULTS_S = 60.0


async def play(console: Console, settings: StackSettings, *, exit_after: bool, faults: bool) -> int:
    """The exit code: 0 when every expected step was observed in the services, else 1.

    Without `exit_after` the services go on until the task is cancelled. Raises `StackError`.
    """
    example = plans.read(DEFAULT_PLAN)
    async with AsyncExitStack() as running:
        folder = settings.data or Path(
            running.enter_context(tempfile.TemporaryDirectory(prefix="ronda-demo-"))
        )
        claimed(folder)
        console.print("Starting Kafka ...", style="dim")
        # It must outlive the stack, which only borrows it: a fault may kill it.
        broker = await running.enter_async_context(EmbeddedKafka(folder / "kafka"))
        settings = replace(
            settings,
            unit=example.operation.unit,
            kafka=KafkaSettings(broker.bootstrap_servers),
        )
        stack = await running.enter_async_context(
            running_stack(settings, lambda line: console.print(line, style="dim", markup=False))
        )
        # Longer than the intake waits for Kafka, so that phones hear that they have to.
        client = await running.enter_async_context(httpx.AsyncClient(timeout=20, trust_env=False))
        watch = Watch(console, PATIENCE_WITH_FAULTS_S if faults else PATIENCE_S)
        night = await _staged(example, stack, client, watch)
        alerts, is_felt = stack.services["alerts"], partial(story.was_refused, night)
        saboteur = Saboteur(alerts, broker, watch, is_felt) if faults else None
        try:
            await _told(night, saboteur)
            await show(night, stack, console)
        except* NotAnsweredError as group:
            watch.miss("the story goes on", "; ".join(map(str, group.exceptions)))
        code = _verdict(watch, console)
        if not exit_after:
            _goodbye(night, stack, console)
            await until_cancelled()
        return code


async def _staged(example: Plan, stack: Stack, client: httpx.AsyncClient, watch: Watch) -> Night:
    """Publishes the shortened plan to the running services and hands out the parts."""
    missed = site_of_type(example, "ppk_office", "Soko")
    plan = shortened(example, missed, system_clock())
    await plans.publish(stack.kafka, plan, actor=plans.whoami())
    return stage(client, stack, plan, watch)


async def _told(night: Night, saboteur: Saboteur | None) -> None:
    """Plays the scenes, with or without somebody who does harm beside them."""
    plan, watch = night.plan, night.watch
    watch.scene(f"{plan.operation.name}: phase Kampanye, {len(plan.sites)} sites")
    await watch.expect(
        "the services took up the plan without a restart",
        lambda: story.plan_is(night, plan.version),
    )
    await story.evening(night)
    async with saboteur.killing_alerts() if saboteur else nullcontext():
        await story.silence(night)
    await story.spoof(night)
    async with saboteur.without_the_broker() if saboteur else nullcontext():
        alert = await story.motorbike(night)
    if saboteur:
        await story.resent(night)
    if alert:
        await story.backup(night, alert)
        await story.parcel(night, alert)
        await story.closing(night, alert)
    await watch.expect(
        "sent = archived + marked + rejected: each event is kept once, each repeat marked",
        lambda: kept(night),
    )


def _verdict(watch: Watch, console: Console) -> int:
    if not watch.missing:
        console.print(f"\n[bold]All {watch.seen} expected steps were observed in the services.[/]")
        return 0
    console.print(f"\n[bold red]{len(watch.missing)} expected steps were not observed:[/]")
    for sentence in watch.missing:
        console.print(f"  ✗ {sentence}", markup=False)
    return 1


def _goodbye(night: Night, stack: Stack, console: Console) -> None:
    console.print("\nThe services go on. Open the board, signed in as an operator:")
    console.print(f"  {stack.url('alerts')}/board/#token={night.operator.token}", soft_wrap=True)
    console.print("Ctrl-C stops everything.")
