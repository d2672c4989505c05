"""The deployment's own programs, for tests: those on PATH, else Debian's, unpacked into the cache.

Unpacked and not installed: that needs no rights, and starts no daemon.
"""

import fcntl
import platform
import shutil
import subprocess
from pathlib import Path

from ronda.stack.cache import cache_dir

PACKAGES = {"amtool": "prometheus-alertmanager", "caddy": "caddy", "promtool": "prometheus"}
_DOWNLOAD_S = 180


def program(name: str) -> Path:
    """The path of `promtool`, `amtool` or `caddy`.

    Raises RuntimeError that says what to install.
    """
    on_path = shutil.which(name)
    if on_path:
        return Path(on_path)
    folder = cache_dir() / "debian" / platform.machine()
    unpacked = folder / PACKAGES[name] / "usr" / "bin" / name
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not unpacked.exists():
            _unpack(PACKAGES[name], folder)
    return unpacked


def _unpack(package: str, folder: Path) -> None:
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        raise RuntimeError(
            f"these tests need what Debian has in its package {package}, and this is not Debian or "
            "Ubuntu: install Prometheus, Alertmanager and Caddy, and put their programs on PATH"
        )
    apt = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root"]
    if not _downloaded([*apt, "download", package], folder):
        # Lists of our own: the machine's may be missing, and only root may fetch them.
        for part in ("state/lists/partial", "cache/archives/partial"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        apt += ["-o", f"Dir::State={folder}/state", "-o", f"Dir::Cache={folder}/cache"]
        apt += ["-o", "Dir::State::status=/var/lib/dpkg/status"]
        _downloaded([*apt, "update"], folder)
        if not _downloaded([*apt, "download", package], folder):
            raise RuntimeError(
                f"Debian's package {package} cannot be downloaded: make its mirror reachable, or "
                "put promtool, amtool and caddy on PATH"
            )
    archive = next(folder.glob(f"{package}_*.deb"))
    fresh = folder / f"{package}.new"
    shutil.rmtree(fresh, ignore_errors=True)
    subprocess.run(["dpkg", "-x", str(archive), str(fresh)], check=True, timeout=_DOWNLOAD_S)
    fresh.rename(folder / package)
    archive.unlink()


def _downloaded(command: list[str], folder: Path) -> bool:
    done = subprocess.run(command, cwd=folder, timeout=_DOWNLOAD_S, check=False)
    return done.returncode == 0
