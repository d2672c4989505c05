"""How often Python's cycle collector looks at a process that serves."""

import gc


def spare_the_collector() -> None:
    """To be called when everything that stays is made.

    What a request or a batch makes dies young and in no cycle: looking at it, and at everything
    imported, every 700 objects took a third of the archive's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
