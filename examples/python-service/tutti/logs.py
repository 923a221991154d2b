"""Log lines name the type and the place of an exception. Its text comes from a handler, which may quote its input or forge lines."""
from __future__ import annotations

import json
import logging
import os
import traceback
from typing import Any, Dict, Optional

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


LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}
MESSAGE_CHARACTERS_MAX, FIELDS_CHARACTERS_MAX = 1000, 8000


def line(level: str, command: Dict[str, Any], message: str, fields: Dict[str, Any]) -> None:
    """Logs one object with the members of `task.log` in TypeScript. It never fails the handler, and its values forge no other line."""
    text = _text(message)
    text = text if len(text) <= MESSAGE_CHARACTERS_MAX else text[:MESSAGE_CHARACTERS_MAX] + "…"
    written: Dict[str, Any] = {"event": "log", "pid": command["id"].split("/")[0], "commandId": command["id"], "command": command["type"]}
    written.update(attempt=command["attempt"], message=text)
    if command.get("traceparent"):
        written["trace"] = command["traceparent"].partition("-")[2].partition("-")[0]
    if fields:
        written["fields"] = _readable(fields)
    logging.getLogger("tutti").log(LEVELS.get(level, logging.INFO), "%s", json.dumps(written))


def _readable(fields: Dict[str, Any]) -> Dict[str, Any]:
    try:
        text = json.dumps(fields, allow_nan=False, default=str)
    except Exception as error:  # The code of a value runs here, and may raise anything.
        return {"notJson": _text(error)}
    return json.loads(text) if len(text) <= FIELDS_CHARACTERS_MAX else {"cut": text[:FIELDS_CHARACTERS_MAX]}


def _text(value: Any) -> str:
    try:
        return str(value)
    except Exception:
        return "a value of type %s without a text" % type(value).__name__
