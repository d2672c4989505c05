"""What goes wrong while the stack is started or stopped."""

from shared.mendable import MendableError


class StackError(MendableError):
    """The stack cannot go on; `str()` is one sentence that says what to do about it."""
