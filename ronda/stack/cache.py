"""Where downloads and start-up archives are kept between runs."""

import os
from pathlib import Path


def cache_dir() -> Path:
    """`$XDG_CACHE_HOME/ronda`, else `~/.cache/ronda`; made when it is not there."""
    base = os.environ.get("XDG_CACHE_HOME")
    directory = (Path(base) if base else Path.home() / ".cache") / "ronda"
    directory.mkdir(parents=True, exist_ok=True)
    return directory
