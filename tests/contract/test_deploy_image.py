"""The image holds what it needs, and the build's context nothing else."""

import json
import re

from tests.contract.deploy_compose import JOBS, OURS, ROOT, services

DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
IGNORED = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()


def _copied() -> list[str]:
    """What is copied from the build's context."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, flags=re.MULTILINE)
    return [source for line in lines for source in line.split()[:-1]]


def test_what_is_copied_exists_and_is_in_the_context() -> None:
    allowed = [line[1:] for line in IGNORED if line.startswith("!")]
    for source in _copied():
        assert (ROOT / source).exists(), source
        assert any(source == entry or source.startswith(f"{entry}/") for entry in allowed), source
    assert IGNORED[1] == "*", "everything is left out but what is named"
    for entry in allowed:
        assert any(source == entry or source.startswith(f"{entry}/") for source in _copied()), entry


def test_packages_of_every_page_are_installed_from_the_lock() -> None:
    before_install = DOCKERFILE.partition("RUN npm ci")[0]
    for workspace in json.loads((ROOT / "package.json").read_text())["workspaces"]:
        assert f"COPY {workspace}/package.json {workspace}/" in before_install


def test_every_python_package_is_checked_against_a_hash() -> None:
    installs = re.findall(
        r"pip (?:--python \S+ )?(?:install|wheel) (.+)$", DOCKERFILE, re.MULTILINE
    )
    assert len(installs) == 4
    for words in installs:
        assert "--require-hashes" in words or "--no-index" in words, words
    for lock in ("locks/runtime.lock", "deploy/build.lock"):
        text = (ROOT / lock).read_text(encoding="utf-8")
        assert len(re.findall(r"^[\w-]+==", text, re.MULTILINE)) > 3
        for pinned in re.findall(r"^\S+==.+?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL):
            assert "--hash=sha256:" in pinned, pinned


def test_one_image_is_built_once_and_never_looked_for_elsewhere() -> None:
    ours = {name: service for name, service in services().items() if ":local" in service["image"]}
    assert ours.keys() == {*OURS, *JOBS, "keeper", "ronda"}
    assert {service["image"] for service in ours.values()} == {"ronda:local"}
    assert {service["pull_policy"] for service in ours.values()} == {"never"}
    building = [service["build"] for service in services().values() if "build" in service]
    assert building == [{"context": ".", "dockerfile": "deploy/Dockerfile"}]


def test_other_images_are_pinned_to_a_version() -> None:
    for name, service in services().items():
        image, _, tag = service["image"].partition(":")
        assert re.match(r"v?\d+|local", tag), f"{name}: {image} has the tag {tag!r}"


def test_the_last_stage_is_nobody_s_workshop() -> None:
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert f"USER {services()['alerts']['user']}" in last
    assert "apt-get" not in last
    assert "pip uninstall" in last


def test_commands_of_the_compose_file_are_modules() -> None:
    assert 'ENTRYPOINT ["python", "-m"]' in DOCKERFILE
    for name in OURS:
        assert services()[name]["command"] == [f"services.{name}"]
        assert (ROOT / "services" / name / "__main__.py").exists()
    for name in ("topics", "migrate"):
        assert services()[name]["command"][0] == "ronda"
