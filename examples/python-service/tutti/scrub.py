"""Makes the exception of a handler fit to record and to send to the process: short, with texts that look like secrets masked."""
from __future__ import annotations

import re
from typing import Tuple

LENGTH_MAX = 500
_CONTROL = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]+")
_URL = re.compile(r"(://)[^\s/@]+@")
_BEARER = re.compile(r"\b(bearer|basic)\s+[^\s\"',;]+", re.I)
_NAMES = r"pass(?:word|wd)?|pwd|secret|token|api[-_]?key|access[-_]?key|authorization|credentials?|signature"
_NAMED = re.compile(r"((?:%s)[\"']?\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|[^\s\"',;&]+)" % _NAMES, re.I)
_RANDOM = re.compile(
    r"\b(?=[A-Za-z0-9_-]*[0-9])(?=[A-Za-z0-9_-]*[a-z])(?=[A-Za-z0-9_-]*[A-Z])[A-Za-z0-9_-]{24,}|\b[0-9a-fA-F]{32,}\b", re.A
)


def scrubbed(text: str) -> str:
    clean = _CONTROL.sub(" ", text[: 4 * LENGTH_MAX])
    clean = _URL.sub(r"\1***@", clean)
    clean = _BEARER.sub(r"\1 ***", clean)
    clean = _NAMED.sub(r"\1***", clean)
    clean = _RANDOM.sub("***", clean)
    # The reader refuses a lone surrogate.
    return clean[:LENGTH_MAX].encode("utf-8", "replace").decode("utf-8")


def error_of(error: BaseException) -> Tuple[str, str]:
    """The name of an exception and its text."""
    return type(error).__name__[:100], scrubbed(str(error))
