"""Log lines name the type and the place of an exception. Its text comes from a handler, which may quote its input or forge lines."""
from __future__ import annotations

import logging
import os
import traceback
from typing import Optional

from tutti import scrub, wire


class Formatter(logging.Formatter):
    """`2026-01-01T00:00:00.000Z ERROR text`: the instant in UTC with milliseconds, as in the lines of a service in TypeScript."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: Optional[str] = None) -> str:
        return wire.instant(int(record.created * 1000))


def to_stderr() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(Formatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def described(error: BaseException, messages: bool = False) -> str:
    """`ValueError at hotels.py:12`; with `messages` also its text, scrubbed, on the same line."""
    frames = traceback.extract_tb(error.__traceback__)
    place = " at %s:%s" % (os.path.basename(frames[-1].filename), frames[-1].lineno) if frames else ""
    return type(error).__name__ + place + (": " + scrub.scrubbed(str(error)) if messages else "")
