"""Decides what a worker may do with one command, from its record alone. For handlers of effect class `key`. No I/O.

Times are milliseconds since 1970. A record is a dict with the attributes of the table; None means that there is none.
"""
from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass, field
from typing import Any, Dict, Optional, Tuple

from tutti import wire

Record = Dict[str, Any]


@dataclass(frozen=True)
class Policy:
    """The retry policy and the deadline of a command: fields of its envelope, with their defaults."""

    attempts: float = math.inf
    first: int = 1_000
    most: int = 300_000
    factor: float = 2
    timeout: int = 900_000
    deadline: float = math.inf

    @staticmethod
    def of(command: Dict[str, Any]) -> "Policy":
        deadline = command.get("deadline")
        return Policy(
            attempts=command.get("retryattempts", math.inf),
            first=command.get("retryfirst", 1_000),
            most=command.get("retrymost", 300_000),
            factor=float(command.get("retryfactor", "2")),
            timeout=command.get("timeout", 900_000),
            deadline=math.inf if deadline is None else wire.milliseconds(deadline),
        )

    def pause(self, failures: int, jitter: float) -> int:
        """Milliseconds of backoff with full jitter: `jitter` times the ceiling of the pause after `failures` failed runs."""
        try:
            grown = self.factor ** (max(1, failures) - 1)
        except OverflowError:
            grown = sys.float_info.max
        return math.ceil(min(self.most, self.first * grown) * jitter)


@dataclass(frozen=True)
class Delivery:
    """A delivery of a command. `mode`: run, hold (unreadable for this worker), or give-up (for too long, or received too often)."""

    hash: str
    body: str
    settling: bool
    mode: str
    token: str
    now: int
    lease_until: int
    policy: Policy = field(default_factory=Policy)
    jitter: float = 0.5  # random, from 0 to 1
    nonce: str = ""  # of the task token, if this delivery makes the first claim


@dataclass(frozen=True)
class Verdict:
    """The next action on a delivery: write `write` if it is given, then act by `kind`.

    run: call the handler. answer: publish `outcome`. repeat: publish `reply`. revoke: call the handler's cancel, then write TOMB.
    wait: return the message until `until`, when the lease of another worker ends. pause: return it until `until`, when the next
    run is due. hold: return it for a worker that can read it. exhausted: the limits are used up without an effect, so record and
    answer `failed`. give-up: answer `unknown` if `claimed`, else record and answer `failed`. refuse: the id belongs to another
    command. `failures` and `error`: the number and the last error of runs without an answer.
    """

    kind: str
    write: Optional[Record] = None
    outcome: str = ""
    reply: str = ""
    until: int = 0
    claimed: bool = False
    failures: int = 0
    error: Optional[Tuple[str, str]] = None


def receive(record: Optional[Record], delivery: Delivery) -> Verdict:
    """Decides on a delivery, given the record of its command."""
    if record is None:
        if delivery.settling:
            return Verdict("answer", outcome="cancelled", write=cancelled_record(delivery.hash))
        if delivery.mode == "run":
            return Verdict("run", write=claim(delivery))
        return Verdict(delivery.mode)
    if record["hash"] != delivery.hash:
        return Verdict("refuse")
    state = record["state"]
    if state in ("DONE", "FAILED"):
        return Verdict("repeat", reply=record["reply"])
    if state == "TOMB":
        return Verdict("answer", outcome="cancelled")
    if state == "DEFERRED" and not delivery.settling:
        return Verdict("answer", outcome="deferred")
    if state in ("DEFERRED", "REVOKED"):
        return _revoke(record, delivery)
    if record.get("leaseUntil", 0) > delivery.now:
        return Verdict("wait", until=record["leaseUntil"])
    return _receive_lapsed(record, delivery)


def _receive_lapsed(found: Record, delivery: Delivery) -> Verdict:
    """No worker runs the command. It may have had its effect, so it runs again with the same key, even to settle it."""
    record = counted(found, delivery)
    ended = _end_of(record, delivery, delivery.settling)
    if ended is not None:
        return ended
    if delivery.mode == "hold":
        return Verdict("hold")
    if record.get("nextRunAt", 0) > delivery.now:
        return _pause_of(record, delivery, record is not found)
    kept = ("failures", "maybeDone", "errorCode", "errorMessage", "nonce", "early")
    memory = {name: record[name] for name in kept if name in record}
    return Verdict("run", write={**claim(delivery), **memory, "command": _envelope_to_keep(record, delivery)})


def counted(record: Record, delivery: Delivery) -> Record:
    """Counts the run of a worker whose lease has lapsed. That run may have had its effect."""
    if "token" not in record:
        return record
    failures = record.get("failures", 0) + 1
    # The run ended no earlier than its last heartbeat, which set the lease.
    left_at = record.get("leaseUntil", 0) - (delivery.lease_until - delivery.now)
    return {
        **{name: value for name, value in record.items() if name not in ("token", "leaseUntil", "revision")},
        "failures": failures,
        "maybeDone": True,
        "errorCode": "LEASE_LAPSED",
        "errorMessage": "A worker stopped or lost its lease during a run.",
        "nextRunAt": left_at + delivery.policy.pause(failures, delivery.jitter),
    }


def end_run(record: Optional[Record], delivery: Delivery, end: "RunEnd") -> Optional[Verdict]:
    """Decides after a run of this delivery without an answer. None: the lease is lost."""
    if record is None or not is_mine(record, delivery.token):
        return None
    failures = record.get("failures", 0) + (0 if end.how == "later" else 1)
    pause = end.delay if end.how == "later" else delivery.policy.pause(failures, delivery.jitter)
    body = {name: value for name, value in record.items() if name not in ("token", "leaseUntil", "revision")}
    body.update(errorCode=end.error[0], errorMessage=end.error[1], nextRunAt=delivery.now + pause)
    if failures > 0:
        body["failures"] = failures
    if end.how != "not-done":
        body["maybeDone"] = True
    return _end_of(body, delivery, delivery.settling or end.settled) or _pause_of(body, delivery, True)


def end_cancel(record: Record, delivery: Delivery, error: Tuple[str, str]) -> Verdict:
    """Decides after a failed `cancel`: it is run again, with the pauses of the command."""
    failures = record.get("failures", 0) + 1
    due = delivery.now + delivery.policy.pause(failures, delivery.jitter)
    body = {name: value for name, value in record.items() if name != "revision"}
    body.update(failures=failures, errorCode=error[0], errorMessage=error[1], nextRunAt=due)
    return Verdict("pause", write=body, until=due)


@dataclass(frozen=True)
class RunEnd:
    """The end of a run without an answer: failed, not-done (it had no effect), or later (it requests another run)."""

    how: str
    error: Tuple[str, str]
    settled: bool = False  # during the run, the process has given the command up
    delay: int = 0


def _end_of(record: Record, delivery: Delivery, settling: bool) -> Optional[Verdict]:
    """The end of a command without a lease, or None if it may run again."""
    failures, maybe_done, early = record.get("failures", 0), record.get("maybeDone", False), record.get("early")
    attempts, deadline = _widest(record, delivery)
    once = record.get("once", False) and maybe_done
    used_up = failures >= attempts or delivery.now > deadline
    given_up = delivery.mode == "give-up"
    refused = settling and not maybe_done
    if not (once or used_up or given_up or refused):
        return None
    if early is not None:
        return Verdict("repeat", reply=early, write=answered(record["hash"], early, record.get("nonce")))
    runs: Dict[str, Any] = {"failures": failures, "error": _error_of(record)}
    if not maybe_done and (used_up or given_up):
        return Verdict("exhausted", **runs)
    if refused:
        return Verdict("answer", outcome="cancelled", write=cancelled_record(record["hash"]), **runs)
    runs["write"] = None if "revision" in record else record
    if given_up and not once and not used_up:
        return Verdict("give-up", claimed=True, **runs)
    return Verdict("answer", outcome="unknown", **runs)


def _pause_of(record: Record, delivery: Delivery, changed: bool) -> Verdict:
    """Returns the message until the next run is due, or until the deadline has passed if that is earlier."""
    until = min(record.get("nextRunAt", delivery.now), _widest(record, delivery)[1] + 1)
    return Verdict("pause", until=int(until), write=record if changed else None)


def _recorded(record: Record, delivery: Delivery) -> Optional[Policy]:
    """The limits of the envelope in the record, or None if that envelope is the delivery's own."""
    kept = record.get("command")
    return None if kept is None or kept == delivery.body else Policy.of(json.loads(kept))


def _widest(record: Record, delivery: Delivery) -> Tuple[float, float]:
    """The wider limits of record and delivery: a delivery may raise the limits of an earlier one, and never lowers them."""
    kept, given = _recorded(record, delivery), delivery.policy
    if kept is None:
        return given.attempts, given.deadline
    return max(kept.attempts, given.attempts), max(kept.deadline, given.deadline)


def _envelope_to_keep(record: Record, delivery: Delivery) -> str:
    """The envelope to keep: the delivery's, unless it only lowers limits, as a settling delivery does."""
    kept, given = _recorded(record, delivery), delivery.policy
    if kept is None:
        return delivery.body
    raises = given.attempts > kept.attempts or given.deadline > kept.deadline
    lowers = given.attempts < kept.attempts or given.deadline < kept.deadline
    return record["command"] if lowers and not raises else delivery.body


def _error_of(record: Record) -> Optional[Tuple[str, str]]:
    return (record["errorCode"], record["errorMessage"]) if "errorCode" in record else None


CANCELS_MAX = 1_000


def _revoke(record: Record, delivery: Delivery) -> Verdict:
    if delivery.mode == "hold":
        return Verdict("hold")
    if delivery.mode == "give-up" or record.get("failures", 0) >= CANCELS_MAX:
        return Verdict("give-up", claimed=True, failures=record.get("failures", 0), error=_error_of(record))
    if record.get("nextRunAt", 0) > delivery.now:
        return Verdict("pause", until=record["nextRunAt"])
    if record["state"] == "REVOKED":
        return Verdict("revoke")
    kept = {name: record[name] for name in ("command", "nonce") if name in record}
    return Verdict("revoke", write={"state": "REVOKED", "hash": record["hash"], **kept})


def claim(delivery: Delivery) -> Record:
    lease = {"token": delivery.token, "leaseUntil": delivery.lease_until}
    return {"state": "RUN", "hash": delivery.hash, "command": delivery.body, "nonce": delivery.nonce, **lease}


def answered(command_hash: str, reply: str, nonce: Optional[str] = None) -> Record:
    """The record of an ended command. `nonce`: the answer came by token and may be repeated."""
    state = "DONE" if json.loads(reply)["outcome"] == "completed" else "FAILED"
    return {"state": state, "hash": command_hash, "reply": reply, **({} if nonce is None else {"nonce": nonce})}


def cancelled_record(command_hash: str) -> Record:
    return {"state": "TOMB", "hash": command_hash}


def is_mine(record: Optional[Record], token: str) -> bool:
    """Whether this worker has the lease. Without it, a worker writes nothing, answers nothing and acknowledges nothing."""
    return record is not None and record["state"] == "RUN" and record.get("token") == token


def complete(record: Record, reply: str) -> Record:
    """The record with the handler's answer, or with the early answer by token if there is one. Its `reply` is the reply to publish."""
    if "early" in record:
        return answered(record["hash"], record["early"], record.get("nonce"))
    return answered(record["hash"], reply)


def defer(record: Record, now: int) -> Record:
    if "early" in record:
        return answered(record["hash"], record["early"], record.get("nonce"))
    kept = {"nonce": record["nonce"]} if "nonce" in record else {}
    return {"state": "DEFERRED", "hash": record["hash"], "command": record["command"], "beatAt": now, **kept}
