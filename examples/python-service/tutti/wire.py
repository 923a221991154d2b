"""Tutti's wire format without I/O: canonical JSON, commands, replies. docs/wire.md describes it."""
from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any, Dict, Optional

# ---- JSON -------------------------------------------------------------------------------------------------------------


def canonical(value: Any) -> str:
    """The canonical text of a JSON value (RFC 8785). Commands with the same data have the same SHA-256 of it."""
    if value is None or isinstance(value, (bool, str)):
        text = json.dumps(value, ensure_ascii=False)
        text.encode("utf-8")  # A lone surrogate has no UTF-8, so it raises here.
        return text
    if isinstance(value, (int, float)):
        return _number(value)
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(canonical(element) for element in value) + "]"
    if isinstance(value, dict):
        # ECMAScript compares strings by UTF-16 code units, Python by code points.
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(canonical(key) + ":" + canonical(value[key]) for key in keys) + "}"
    raise ValueError("not JSON: %r" % (value,))


def _number(value: Any) -> str:
    """A double as ECMAScript writes it: the shortest digits that read back, with an exponent from 1e21 on and below 1e-6."""
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


DEPTH_MAX = 64
# JavaScript programs that read these keys from an object would access its prototype.
_FORBIDDEN_KEYS = frozenset(("__proto__", "constructor", "prototype"))


def json_fault(value: Any, depth: int = 0) -> Optional[str]:
    """The reason why no message may carry `value` (docs/wire.md, section 2); None for an allowed value. Quotes nothing of the value."""
    if isinstance(value, (dict, list, tuple)):
        if depth >= DEPTH_MAX:
            return "the value nests deeper than %d levels" % DEPTH_MAX
        if isinstance(value, dict):
            for key in value:
                fault = _key_fault(key)
                if fault is not None:
                    return fault
        return next(filter(None, (json_fault(member, depth + 1) for member in _members(value))), None)
    if isinstance(value, str):
        return "a string contains a lone surrogate" if _is_unpaired(value) else None
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return None if _is_finite(value) else "a number is not finite as a double"
    return "a value of type %s is not JSON" % type(value).__name__


def _members(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value


def _key_fault(key: Any) -> Optional[str]:
    if not isinstance(key, str):
        return "a key of type %s is not JSON" % type(key).__name__
    if key in _FORBIDDEN_KEYS:
        return "the key %s is not allowed" % key
    return "a key contains a lone surrogate" if _is_unpaired(key) else None


def _is_unpaired(text: str) -> bool:
    # Python joins the pairs that JSON escapes, so a surrogate that is left has no partner.
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)


def _is_finite(number: Any) -> bool:
    try:
        return math.isfinite(float(number))
    except OverflowError:
        return False


def to_wire(value: Any) -> str:
    """JSON as the bus and the queues carry it, with all characters above 0x7E escaped."""
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
    """The data of a command cannot be read. The text is logged and sent in a reply, so it quotes no data."""


class TooLarge(ValueError):
    """A value exceeds the size limit."""


class NotJson(ValueError):
    """No message may carry the value. The text quotes nothing of it."""


class Malformed(ValueError):
    """The message is not a valid command."""


def read_command(body: str) -> Dict[str, Any]:
    """Parses the command in the body of an SQS message. Unknown members are kept."""
    try:
        command = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed("the body is not JSON, or is nested too deeply") from error
    if not isinstance(command, dict):
        raise Malformed("the body is not an object")
    fault = json_fault(command, -1)
    if fault is not None:
        raise Malformed(fault)
    if command.get("specversion") != "1.0" or command.get("datacontenttype") != "application/json":
        raise Malformed("expected a CloudEvent 1.0 with JSON data")
    if "commandid" in command or "outcome" in command:
        raise Malformed("expected a command, got a reply")
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
    """Whether the date exists: the pattern also matches the 31st of a short month."""
    try:
        milliseconds(text)
    except (ValueError, OverflowError):
        return False
    return True


def _require(command: Dict[str, Any], field: str, holds: Any) -> None:
    """The message is logged, so it names the field without its value."""
    if not holds:
        raise Malformed("%s is missing or malformed" % field)


def build_reply(command: Dict[str, Any], service: str, outcome: str, now: int, data: Any = None, **more: Any) -> Dict[str, Any]:
    """The reply to a command. `more` may have type, dataversion, retryable, attempts; and dataref with datahash in place of data."""
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
    """The token by which a client answers a deferred command: `complete(command, token, output)`. `nonce`: that of its record."""
    content = base64.urlsafe_b64encode(("%s\n%s" % (service, command_id)).encode()).decode().rstrip("=")
    return "t2.%s.%s" % (content, nonce)
