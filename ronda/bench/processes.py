"""What a process and its children have used, from /proc."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Stat(NamedTuple):
    """A line of `/proc/<pid>/stat`; times in ticks, those of children that have ended included."""

    pid: int
    parent: int
    ticks: int


def parse_stat(text: str) -> Stat:
    """Reads a line of `stat`; the program's name may hold spaces and parentheses."""
    pid, _, rest = text.partition(" (")
    fields = rest.rpartition(")")[2].split()
    return Stat(int(pid), int(fields[1]), sum(int(ticks) for ticks in fields[11:15]))


def parse_rss_mb(status: str) -> float:
    """The resident memory that `/proc/<pid>/status` tells, in MB; 0 for one that has ended."""
    for line in status.splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def family(stats: Iterable[Stat], root: int) -> list[Stat]:
    """The processes below `root`, itself included."""
    known = list(stats)
    members = {root}
    while True:
        more = {stat.pid for stat in known if stat.parent in members} - members
        if not more:
            return [stat for stat in known if stat.pid in members]
        members |= more


def cpu_s(*roots: int) -> float:
    """Seconds of CPU that these processes and their children have used so far."""
    stats = _all()
    return sum(stat.ticks for root in roots for stat in family(stats, root)) / _TICKS_PER_S


def rss_mb(*pids: int) -> float:
    """The resident memory of these processes, in MB."""
    return sum(parse_rss_mb((_PROC / str(pid) / "status").read_text()) for pid in pids)


def _all() -> list[Stat]:
    stats = []
    for folder in _PROC.iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            stats.append(parse_stat((folder / "stat").read_text(errors="replace")))
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
    return stats
