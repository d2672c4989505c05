"""The verifier as the one file that travels inside an export."""

import inspect
import re
from types import ModuleType

from services.archive.adapters.evidence import verifier, verifier_proofs, verifier_words

_PARTS: dict[str, ModuleType] = {"proofs": verifier_proofs, "words": verifier_words}
_IMPORT = re.compile(r"^from services\.[\w.]*\.verifier_(\w+) import \([^)]*\)\n", re.MULTILINE)


def source() -> str:
    """`verifier.py` with what it imports from us in place of the imports."""
    return _IMPORT.sub(
        lambda found: inspect.getsource(_PARTS[found[1]]), inspect.getsource(verifier)
    )
