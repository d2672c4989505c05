"""The wheel's build hook: a wheel carries the pages built."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# The project is not installed where it is being built.
sys.path.insert(0, str(Path(__file__).parent))
from ronda import pages


class PagesHook(BuildHookInterface[Any]):
    """Builds the pages where they are missing or stale; an editable installation needs none."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it collects the files."""
        root = Path(self.root)
        if version != "editable" and not self._brought_along(root):
            pages.build(root)

    @staticmethod
    def _brought_along(root: Path) -> bool:
        """A source distribution has the pages built already, and no stamp to say so."""
        built = (folder / "dist" / "index.html" for folder in pages.workspaces(root))
        return (root / "PKG-INFO").exists() and all(page.exists() for page in built)
