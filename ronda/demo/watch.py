"""What the story expects to see in the services, and whether it was seen."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape

EVERY_S = 0.1


@dataclass(slots=True)
class Watch:
    """Asks the services until they show what is expected; keeps what was missing."""

    console: Console
    patience_s: float
    seen: int = 0
    missing: list[str] = field(default_factory=list)

    def scene(self, title: str) -> None:
        """Begins a scene of the story."""
        self.console.print(f"\n[bold]{title}[/]")

    def tell(self, line: str) -> None:
        """A line of the story."""
        self.console.print(f"  {line}")

    async def expect(
        self, sentence: str, check: Callable[[], Awaitable[Any]], *, within: float | None = None
    ) -> Any:
        """The first true answer of `check`; None, and a line in `missing`, when there is none.

        A service that does not answer counts as "not yet".
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        last: str = "nothing like it was there"
        while loop.time() < started + (within or self.patience_s):
            try:
                found = await check()
                if found:
                    self.seen += 1
                    self.console.print(
                        f"  [cyan]✓[/] {sentence} [dim]{loop.time() - started:.1f} s[/]"
                    )
                    return found
            except (httpx.HTTPError, KeyError, ValueError) as error:
                last = repr(error)
            await asyncio.sleep(EVERY_S)
        self.miss(sentence, last)
        return None

    def miss(self, sentence: str, why: str) -> None:
        """A step that cannot be seen any more."""
        self.missing.append(f"{sentence} ({why})")
        self.console.print(f"  [bold red]✗ {escape(sentence)}[/] [dim]{escape(why)}[/]")
