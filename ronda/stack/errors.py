"""What goes wrong while the stack is started or stopped."""


class StackError(Exception):
    """The stack cannot go on; `str()` is one sentence that says what to do about it."""
