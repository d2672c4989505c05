"""The root of what goes wrong by circumstances that whoever gave the command can change."""


class MendableError(Exception):
    """`str()` is a sentence or more for that person: what is wrong and what to do about it."""
