"""Tutti's wire without any I/O: canonical JSON, commands, replies. docs/wire.md says the same in words."""
from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any, Dict

# ---- JSON -------------------------------------------------------------------------------------------------------------


def canonical(value: Any) -> str:
    """The one text of a JSON value (RFC 8785): its SHA-256 tells whether two commands ask for the same thing."""
    if value is None or isinstance(value, (bool, str)):
        text = json.dumps(value, ensure_ascii=False)
        text.encode("utf-8")  # Half a surrogate pair has no UTF-8, so it raises here.
        return text
    if isinstance(value, (int, float)):
        return _number(value)
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(canonical(element) for element in value) + "]"
    if isinstance(value, dict):
        # By UTF-16 code units, as ECMAScript compares strings; not by code points, as Python does.
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(canonical(key) + ":" + canonical(value[key]) for key in keys) + "}"
    raise ValueError("not JSON: %r" % (value,))


def _number(value: Any) -> str:
    """As ECMAScript writes a double: the shortest digits that read back, an exponent from 1e21 and below 1e-6."""
    double = float(value)
    if double != double or double in (float("inf"), float("-inf")):
        raise ValueError("not JSON: %r" % (value,))
    sign, digits, exponent = Decimal(repr(double)).normalize().as_tuple()
    text = "".join(map(str, digits))
    if text == "0":
        return "0"
    minus, point = "-" if sign else "", len(text) + exponent
    if len(text) <= point <= 21:
        return minus + text + "0" * (point - len(text))
    if 0 < point <= 21:
        return minus + text[:point] + "." + text[point:]
    if -6 < point <= 0:
        return minus + "0." + "0" * -point + text
    mantissa = text[0] + ("." + text[1:] if len(text) > 1 else "")
    return "%s%se%+d" % (minus, mantissa, point - 1)


def data_hash(value: Any) -> str:
    return "sha256:" + hashlib.sha256(canonical(value).encode("utf-8")).hexdigest()


def to_wire(value: Any) -> str:
    """JSON with everything above 0x7E escaped, as the bus and the queues carry it."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def instant(milliseconds: int) -> str:
    at = datetime.fromtimestamp(milliseconds // 1000, timezone.utc)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (milliseconds % 1000)


def milliseconds(text: str) -> int:
    at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    return int(at.timestamp()) * 1000 + at.microsecond // 1000


# ---- Envelopes --------------------------------------------------------------------------------------------------------

_ID = re.compile(r"[A-Za-z0-9.:_@+=,~!/#-]{1,300}")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,300}")
_FACTOR = re.compile(r"[1-9][0-9]{0,6}(\.[0-9]{1,20})?")
_HASH = re.compile(r"sha256:[0-9a-f]{64}")
_INSTANT = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z", re.ASCII)


class Unreadable(ValueError):
    """The data of a command cannot be read. The text quotes no data: it is logged and answered."""


class TooLarge(ValueError):
    """A value is larger than any may be."""


class Malformed(ValueError):
    """The message is no command."""


def read_command(body: str) -> Dict[str, Any]:
    """The command in the body of an SQS message; members that are not known are left alone."""
    try:
        command = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed("the body is not JSON, or too deep") from error
    if not isinstance(command, dict):
        raise Malformed("the body is not an object")
    if command.get("specversion") != "1.0" or command.get("datacontenttype") != "application/json":
        raise Malformed("it is no CloudEvent 1.0 with JSON")
    if "commandid" in command or "outcome" in command:
        raise Malformed("it is a reply")
    forms = {"id": _ID, "source": _NAME, "type": _NAME, "time": _INSTANT, "datahash": _HASH, "replyto": _NAME}
    for field, form in forms.items():
        _require(command, field, isinstance(command.get(field), str) and form.fullmatch(command[field]))
    for field, least in (("hops", 0), ("attempt", 1), ("dataversion", 1)):
        count = command.get(field, 1 if field == "dataversion" else None)
        _require(command, field, type(count) is int and least <= count < 2**53)
    for field, least in (("retryattempts", 1), ("retryfirst", 0), ("retrymost", 0), ("timeout", 1)):
        _require(command, field, field not in command or (type(command[field]) is int and least <= command[field] < 2**53))
    if "retryfactor" in command:
        factor = command["retryfactor"]
        _require(command, "retryfactor", isinstance(factor, str) and _FACTOR.fullmatch(factor))
    if "deadline" in command:
        deadline = command["deadline"]
        _require(command, "deadline", isinstance(deadline, str) and _INSTANT.fullmatch(deadline) and _is_day(deadline))
    if "data" not in command or "dataref" in command:
        _require(command, "dataref", "data" not in command and isinstance(command.get("dataref"), str))
    return command


def _is_day(text: str) -> bool:
    """Not every month has a 31st."""
    try:
        milliseconds(text)
    except (ValueError, OverflowError):
        return False
    return True


def _require(command: Dict[str, Any], field: str, holds: Any) -> None:
    """The message names the field and not its value, since it is logged."""
    if not holds:
        raise Malformed("%s is missing or not of its form" % field)


def build_reply(command: Dict[str, Any], service: str, outcome: str, now: int, data: Any = None, **more: Any) -> Dict[str, Any]:
    """The reply to a command. `more` may hold type, dataversion, retryable, attempts; dataref and datahash stand for data."""
    reply = {
        "specversion": "1.0",
        "id": "%s:%s" % (command["id"], outcome),
        "source": service,
        "type": "%s.%s" % (command["type"], outcome),
        "time": instant(now),
        "datacontenttype": "application/json",
        "commandid": command["id"],
        "commandhash": command["datahash"],
        "outcome": outcome,
        **more,
    }
    for field in ("subject", "tenant", "attempt", "replyto", "replytoken", "hops", "traceparent"):
        if field in command:
            reply[field] = command[field]
    if "dataref" not in more:
        reply["data"] = data
    return reply


def task_token(service: str, command_id: str, nonce: str) -> str:
    """By this a deferred command is answered: `complete(command, token, output)` of a client of Tutti. `nonce`: that of its record."""
    content = base64.urlsafe_b64encode(("%s\n%s" % (service, command_id)).encode()).decode().rstrip("=")
    return "t2.%s.%s" % (content, nonce)
