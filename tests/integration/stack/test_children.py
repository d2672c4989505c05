"""No child outlives the process that started it."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from ronda.stack.child import Child
from tests.integration.stack.processes import is_running
from tests.waiting import eventually

PARENT = """
import asyncio, sys
from pathlib import Path
from ronda.stack.child import Child

async def main():
    child = await Child.start("sleeper", ["sleep", "600"], log=Path(sys.argv[1]))
    print(child.pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_a_child_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, tmp_path / "log", stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    child = int(await asyncio.wait_for(parent.stdout.readline(), 20))
    assert is_running(child)
    parent.kill()
    await parent.wait()
    await eventually(lambda: not is_running(child))


async def test_a_child_that_ignores_the_stop_signal_is_killed(tmp_path: Path) -> None:
    stubborn = "trap '' TERM; echo deaf; while :; do sleep 0.05; done"
    child = await Child.start("stubborn", ["sh", "-c", stubborn], log=tmp_path / "log")
    await eventually(lambda: "deaf" in child.tail())
    await child.stop(within=0.2)
    assert child.exit_code == -signal.SIGKILL


async def test_a_child_is_in_a_session_of_its_own_so_that_ctrl_c_reaches_only_us(
    tmp_path: Path,
) -> None:
    child = await Child.start("sleeper", ["sleep", "600"], log=tmp_path / "log")
    try:
        assert os.getsid(child.pid) == child.pid != os.getsid(0)
    finally:
        await child.stop(within=5)
    assert child.exit_code == -signal.SIGTERM
