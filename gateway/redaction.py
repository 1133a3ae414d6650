"""Passwords in addresses, taken out of whatever is shown: messages, logs, status. Pure."""

from __future__ import annotations

import re
from typing import Final

HIDDEN: Final = "***"
# What stands between // and the last @ before the path, query or end: user, or user:password.
_USERINFO: Final = re.compile(r"(?<=://)[^/\s\"'?#]*@")


def redacted(text: str) -> str:
    """Return ``text`` with ``***`` for the password of every address in it; a user's name stays.

    A user without a password is hidden as well: tokens are written so.
    """
    return _USERINFO.sub(_hide, text) if "@" in text and "://" in text else text


def _hide(found: re.Match[str]) -> str:
    user, colon, _ = found[0][:-1].partition(":")
    return f"{user}:{HIDDEN}@" if colon else f"{HIDDEN}@"
