"""Becomes another program that dies with the process that started it.

Run as a script (`python -I -S lifeline.py PARENT SIGNAL PROGRAM ARGUMENT…`) rather than as a
`preexec_fn`, because Python code between fork and exec can deadlock when there are threads.
On systems without `prctl` the program simply starts: only an orderly stop ends it there.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Ties the lifeline, then replaces itself by the program."""
    parent, signal_number, *command = arguments
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal_number))
        # The parent may have died before the lifeline was tied.
        if os.getppid() != int(parent):
            raise SystemExit(1)
    os.execvp(command[0], command)  # noqa: S606 - the stack names the programs


if __name__ == "__main__":
    main(sys.argv[1:])
