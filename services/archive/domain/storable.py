"""What PostgreSQL's text takes."""


def storable(text: str) -> str:
    """Every character but one."""
    return text.replace("\x00", "\ufffd")
