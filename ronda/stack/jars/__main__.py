"""Fetches the broker's jars ahead of time, so that no test waits for a download."""

import os
import sys

from ronda.stack.cache import cache_dir
from ronda.stack.errors import StackError
from ronda.stack.jars import class_path
from ronda.stack.jars.lock import load

if "RONDA_KAFKA_BOOTSTRAP_SERVERS" not in os.environ:
    try:
        class_path(load(), cache_dir() / "jars")
    except StackError as error:
        sys.exit(str(error))
