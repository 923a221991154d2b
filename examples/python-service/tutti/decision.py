"""What a service may do with one command, decided from its record alone; for handlers of effect class key. No I/O.

Times are milliseconds since 1970. A record is a dict with the attributes of the table; None means that there is none.
"""
from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Dict, Optional

Record = Dict[str, Any]


@dataclass(frozen=True)
class Delivery:
    """A command in a worker's hands. `mode` is run, hold (this worker cannot read it) or give-up (nobody could)."""

    hash: str
    body: str
    settling: bool
    mode: str
    token: str
    now: int
    lease_until: int


@dataclass(frozen=True)
class Verdict:
    """What to do: write where `write` is given, and then what `kind` says.

    run: the handler · answer: publish `outcome` · repeat: publish `reply` · revoke: the handler's cancel, then a TOMB ·
    wait: until `until`, for the worker that has it · hold · give-up (failed, or unknown where `claimed`) · refuse
    """

    kind: str
    write: Optional[Record] = None
    outcome: str = ""
    reply: str = ""
    until: int = 0
    claimed: bool = False


def receive(record: Optional[Record], delivery: Delivery) -> Verdict:
    """What a service may do with a command, decided from its record alone; for handlers of effect class key."""
    if record is None:
        if delivery.settling:
            return Verdict("answer", outcome="cancelled", write=entombed(delivery.hash))
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


def _receive_lapsed(record: Record, delivery: Delivery) -> Verdict:
    """Its worker is gone. The effect may have happened: under the same key it is run again, also to settle it."""
    early = record.get("early")
    once = record.get("once", False)
    if once or delivery.mode == "give-up":
        if early is not None:
            return Verdict("repeat", reply=early, write=answered(record["hash"], early))
        return Verdict("answer", outcome="unknown") if once else Verdict("give-up", claimed=True)
    if delivery.mode == "hold":
        return Verdict("hold")
    write = claim(delivery)
    return Verdict("run", write=write if early is None else {**write, "early": early})


def _revoke(record: Record, delivery: Delivery) -> Verdict:
    if delivery.mode != "run":
        return Verdict(delivery.mode, claimed=delivery.mode == "give-up")
    if record["state"] == "REVOKED":
        return Verdict("revoke")
    return Verdict("revoke", write={"state": "REVOKED", "hash": record["hash"], "command": record.get("command", "")})


def claim(delivery: Delivery) -> Record:
    lease = {"token": delivery.token, "leaseUntil": delivery.lease_until}
    return {"state": "RUN", "hash": delivery.hash, "command": delivery.body, **lease}


def answered(command_hash: str, reply: str) -> Record:
    state = "DONE" if json.loads(reply)["outcome"] == "completed" else "FAILED"
    return {"state": state, "hash": command_hash, "reply": reply}


def entombed(command_hash: str) -> Record:
    return {"state": "TOMB", "hash": command_hash}


def is_mine(record: Optional[Record], token: str) -> bool:
    """Whoever lost the lease writes nothing, answers nothing and acknowledges nothing."""
    return record is not None and record["state"] == "RUN" and record["token"] == token


def complete(record: Record, reply: str) -> Record:
    """The write of a handler's answer. An answer by token that came before stands; read `reply` of what is written."""
    return answered(record["hash"], record.get("early", reply))


def defer(record: Record, now: int) -> Record:
    if "early" in record:
        return answered(record["hash"], record["early"])
    return {"state": "DEFERRED", "hash": record["hash"], "command": record["command"], "beatAt": now}
