"""`python -m tests.faults --events 20000 --kills 20`: a long run of the fault harness."""

import argparse
import asyncio
import json
import random
import sys
import tempfile
from pathlib import Path

from tests.faults.harness import run


def main() -> int:
    """The exit code: 0 when the checker found nothing, else 1."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults",
        description="Kill every process of Ronda again and again under load, then check that no "
        "promise was broken. The seed repeats a run's order of faults.",
    )
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--rate", type=float, default=150.0, help="events per second, about")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    print(f"seed {options.seed}", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="ronda-faults-") as folder:
        figures = asyncio.run(
            run(
                Path(folder),
                events=options.events,
                kills=options.kills,
                rate=options.rate,
                seed=options.seed,
                say=lambda line: print(line, file=sys.stderr),
            )
        )
    text = json.dumps(figures.as_json(), indent=2)
    print(text)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")
    if not figures.verdict.clean:
        for kind in figures.verdict.__slots__:
            for violation in getattr(figures.verdict, kind)[:10]:
                print(f"{kind}: {violation}", file=sys.stderr)
    return 0 if figures.verdict.clean else 1


if __name__ == "__main__":
    sys.exit(main())
