"""Starts a stack of its own, plays the night on it, and says whether all of it was seen."""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import httpx
from rich.console import Console

from ronda import plans
from ronda.demo import story
from ronda.demo.faults import Saboteur
from ronda.demo.night import Night, stage
from ronda.demo.plan import shortened, site_of_type
from ronda.demo.summary import all_kept, show
from ronda.demo.watch import Watch
from ronda.stack.kafka import EmbeddedKafka
from ronda.stack.settings import DEFAULT_PLAN, StackSettings
from ronda.stack.up import Stack, running_stack
from shared.clock import system_clock
from shared.plan.model import Plan
from shared.settings import KafkaSettings

PATIENCE_S = 20.0
PATIENCE_WITH_FAULTS_S = 60.0


async def play(console: Console, settings: StackSettings, *, exit_after: bool, faults: bool) -> int:
    """The exit code: 0 when every expected step was observed in the services, else 1."""
    example = plans.read(DEFAULT_PLAN)
    settings = replace(settings, unit=example.operation.unit)
    async with AsyncExitStack() as running:
        broker: EmbeddedKafka | None = None
        if settings.kafka is None:
            # It must outlive the stack, which only borrows it: a fault may kill it.
            folder = settings.data or Path(
                running.enter_context(tempfile.TemporaryDirectory(prefix="ronda-demo-"))
            )
            console.print("Starting Kafka ...", style="dim")
            broker = EmbeddedKafka(folder / "kafka")
            await running.enter_async_context(broker)
            own = KafkaSettings(broker.bootstrap_servers, topic_prefix=settings.topic_prefix)
            settings = replace(settings, kafka=own)
        stack = await running.enter_async_context(
            running_stack(settings, lambda line: console.print(line, style="dim", markup=False))
        )
        client = await running.enter_async_context(httpx.AsyncClient(timeout=10, trust_env=False))
        watch = Watch(console, PATIENCE_WITH_FAULTS_S if faults else PATIENCE_S)
        saboteur = Saboteur(stack, broker, watch) if faults else None
        night = await _told(example, stack, client, watch, saboteur)
        await watch.expect(
            "everything that was sent is in the archive, repeats marked", lambda: all_kept(night)
        )
        await show(night, stack, console)
        code = _verdict(watch, console)
        if not exit_after:
            _goodbye(night, stack, console)
            await asyncio.Event().wait()
        return code


async def _told(
    example: Plan,
    stack: Stack,
    client: httpx.AsyncClient,
    watch: Watch,
    saboteur: Saboteur | None,
) -> Night:
    """Publishes the shortened plan to the running services, then plays the scenes."""
    missed = site_of_type(example, "ppk_office", "Soko")
    plan = shortened(example, missed, system_clock())
    await plans.publish(stack.kafka, plan, actor=plans.whoami())
    night = stage(client, stack, plan, watch)
    watch.scene(f"{plan.operation.name}: phase Kampanye, {len(plan.sites)} sites")
    await watch.expect(
        "the services took up the plan without a restart",
        lambda: story.plan_is(night, plan.version),
    )
    await story.evening(night)
    if saboteur:
        await saboteur.kill_alerts()
    await story.silence(night)
    await story.spoof(night)
    alert = await story.motorbike(night)
    if saboteur:
        await saboteur.kill_broker()
    if alert:
        await story.backup(night, alert)
        await story.parcel(night, alert)
        await story.closing(night, alert)
    return night


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
