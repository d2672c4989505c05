"""What the figures were taken on."""

import os
import platform
from importlib import metadata
from pathlib import Path

from msgspec import Struct

from ronda.stack.jars.lock import load
from ronda.stack.java import find_java

_PACKAGES = ("aiokafka", "faststream", "litestar", "msgspec", "psycopg", "uvicorn", "uvloop")
_UNKNOWN = "unknown"


class Machine(Struct, frozen=True, kw_only=True):
    """Cores that this process may use, memory in GiB, load before the run, versions by name."""

    cores: int
    processor: str
    memory_gib: float
    system: str
    load: float
    versions: dict[str, str]


def describe(*, postgres: str) -> Machine:
    """This machine, never its name; `postgres` is the version that its server says."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        processor=model_name(Path("/proc/cpuinfo").read_text()),
        memory_gib=round(memory / 2**30, 1),
        system=f"{platform.system()} {platform.release().split('-')[0]}",
        load=round(os.getloadavg()[0], 1),
        versions={
            "Python": platform.python_version(),
            "Java": find_java().version,
            "Kafka": next(jar.version for jar in load() if jar.artifact.startswith("kafka_")),
            "PostgreSQL": postgres,
        }
        | {name: metadata.version(name) for name in _PACKAGES},
    )


def model_name(cpuinfo: str) -> str:
    """The processor's name in the text of `/proc/cpuinfo`."""
    for line in cpuinfo.splitlines():
        name, _, words = line.partition(":")
        if name.strip() == "model name":
            return words.strip()
    return _UNKNOWN
