"""Accounts of operators: what one is, what its login and password must be."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime

OPERATOR_ROLES = ("operator", "supervisor", "commander", "auditor", "admin")
LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256


@dataclass(frozen=True, slots=True)
class Operator:
    """An account. `actor` is the person as the plan names them, where the plan does.

    Without `password_hash` it signs in by the issuer alone; `oidc_subject` is the issuer's name of
    it, known from its first sign-in on.
    """

    login: str
    actor: str
    name: str
    role: str
    unit: str
    created_at: datetime
    password_hash: str | None = None
    oidc_subject: str | None = None
    password_at: datetime | None = None
    disabled_at: datetime | None = None


def login_of(typed: str) -> str:
    """A login as it is kept, from what somebody typed."""
    return unicodedata.normalize("NFKC", typed).strip().casefold()


def password_of(typed: str) -> str:
    """A password as it is hashed: one text, however a keyboard composes its letters."""
    return unicodedata.normalize("NFKC", typed)


def login_problem(login: str) -> str | None:
    """Why an account cannot be called so, or None."""
    if LOGIN.fullmatch(login):
        return None
    return "a login is 2 to 64 of a-z, 0-9, dot, dash and underscore, and begins with none of them"


def password_problem(password: str, login: str) -> str | None:
    """Why a password will not do, or None. Length is what counts; nothing else is asked for."""
    if len(password) < SHORTEST_PASSWORD:
        return f"a password has at least {SHORTEST_PASSWORD} characters; a sentence is easy to keep"
    if len(password) > LONGEST_PASSWORD:
        return f"a password has at most {LONGEST_PASSWORD} characters"
    if login in password.casefold() and len(password) - len(login) < SHORTEST_PASSWORD // 2:
        return "a password is more than the login with something added"
    if len(set(password)) < 5:
        return "a password has at least five different characters"
    return None
