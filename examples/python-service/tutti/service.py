"""Runs a service of a Tutti system on SQS, DynamoDB and EventBridge: poll, claim, run, complete, publish, acknowledge.

Handlers are of effect class key: they pass `task.command_id` to the foreign system as its idempotency key.
"""
from __future__ import annotations

import hashlib
import json
import logging
import random
import re
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple, Union
from urllib.parse import quote

from tutti import decision, logs, scrub, spans, wire
from tutti.decision import Delivery, Policy, Record, RunEnd, Verdict
from tutti.flight import Flight, Heartbeat, now
from tutti.records import Records

log = logging.getLogger("tutti")

RECEIVES_MAX = 20
HOLD_SECONDS, HOLD_MAX_MS = 60, 15 * 60_000
BACKOFF_SECONDS_MAX = 900
HIDDEN_SECONDS_MAX = 11 * 3600  # SQS hides a message for at most 12 hours
CARRIED_CHARACTERS_MAX = 100 * 1024
VALUE_BYTES_MAX = 20 * 1024 * 1024  # limit of every value, as UTF-8
HASH = re.compile(r"[0-9a-f]{64}\Z")
CONFLICTS_MAX = 8
DEFERRED = object()

Rule = Callable[[Optional[Record], Delivery], Optional[Verdict]]
Disposal = Union[str, int]  # "delete", "leave", or seconds until the queue shows the message again


class DeclaredError(Exception):
    """A declared error of the contract. It is definite: the command had no effect and is not run again."""

    def __init__(self, type: str, data: Any = None, message: str = "") -> None:
        super().__init__(message or type)
        self.type, self.data = type, data


class NotDone(Exception):
    """The run certainly had no effect. It counts as an attempt. If the process no longer wants the command, the reply is `cancelled`."""


class RetryAfter(Exception):
    """Runs the command again after `seconds`. This run does not count as an attempt; the deadline still applies."""

    def __init__(self, seconds: float, reason: str) -> None:
        super().__init__(reason)
        self.seconds = seconds


@dataclass(frozen=True)
class Handler:
    run: Callable[[Any, "Task"], Any]  # returns the output or DEFERRED; raises DeclaredError, NotDone or RetryAfter
    parse: Callable[[Any], Any] = lambda data: data  # raises ValueError for data that this version cannot read
    cancel: Optional[Callable[[Any, "Task"], None]] = None  # called when the process no longer wants a deferred command
    newest: int = 1  # newest version of the input
    type: Optional[str] = None  # type of the completed reply, if the contract's output is an event
    output_version: int = 1


@dataclass(frozen=True)
class Settings:
    queue_url: str
    dead_letter_url: str
    bus: str
    table: str
    bucket: str
    bucket_owner: str  # S3 refuses requests if another account owns the bucket
    slots: int = 10
    lease_seconds: int = 60
    grace_seconds: int = 110
    key_prefix: str = ""  # of the record keys and of `task.command_id`: empty for the first system
    log_messages: bool = False  # log lines include the text of exceptions, which may quote a handler's input

    @staticmethod
    def of(variables: Mapping[str, str]) -> "Settings":
        names = ("TUTTI_QUEUE_URL", "TUTTI_DEAD_LETTER_URL", "TUTTI_BUS", "TUTTI_COMMAND_TABLE", "TUTTI_BUCKET", "TUTTI_BUCKET_OWNER")
        missing = [name for name in names if not variables.get(name)]
        if missing:
            raise SystemExit("Set %s in the environment; README.md explains the values." % ", ".join(missing))
        lease_seconds = int(variables.get("TUTTI_LEASE_SECONDS", "60"))
        log_messages = variables.get("TUTTI_LOG_MESSAGES") == "true"
        return Settings(*(variables[name] for name in names), lease_seconds=lease_seconds, log_messages=log_messages)

    @staticmethod
    def of_systems(variables: Mapping[str, str]) -> "List[Settings]":
        """One for each system that sends commands to the service: the first, then those of TUTTI_SYSTEMS (docs/wire.md, section 1)."""
        first = Settings.of(variables)
        members = {"queue": "queue_url", "deadLetter": "dead_letter_url", "bus": "bus", "bucket": "bucket", "owner": "bucket_owner"}
        try:
            systems = json.loads(variables.get("TUTTI_SYSTEMS") or "{}")
            return [first] + [
                replace(first, key_prefix=name + "|", **{field: system[member] for member, field in members.items()})
                for name, system in systems.items()
            ]
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            expected = "an object of objects with %s, by the name of the system" % ", ".join(members)
            raise SystemExit("TUTTI_SYSTEMS is malformed: expected %s." % expected) from error


@dataclass(frozen=True)
class Clients:
    sqs: Any
    dynamodb: Any
    events: Any
    s3: Any

    @staticmethod
    def of_boto3() -> "Clients":
        import boto3
        from botocore.config import Config

        retries = {"mode": "standard", "total_max_attempts": 4}
        settings = Config(connect_timeout=2, read_timeout=25, retries=retries, max_pool_connections=50)
        return Clients(*(boto3.client(name, config=settings) for name in ("sqs", "dynamodb", "events", "s3")))


class Task:
    """The ids and the token of the command that a handler runs."""

    def __init__(self, service: str, flight: Flight, nonce: str, key_prefix: str = "") -> None:
        command = flight.command
        self.command_id: str = key_prefix + command["id"]  # the idempotency key: equal on every run
        self.attempt: int = command["attempt"]
        self.traceparent: Optional[str] = command.get("traceparent")  # W3C trace context: hand it on to what the handler calls
        self.undoes: Optional[str] = key_prefix + command["undoes"] if "undoes" in command else None
        self.token: str = wire.task_token(service, self.command_id, nonce)
        self.aborted = flight.aborted  # set at a lost lease, a withdrawn command, the timeout, and the end of the service
        self._command = command

    def log(self, level: str, message: str, /, **fields: Any) -> None:
        """Logs a line with the ids of the command. `fields` must hold no secrets and no personal data, because the log shows them."""
        logs.line(level, self._command, message, fields)


@dataclass(frozen=True)
class Job:
    """A command in flight with its handler and input, or with the reason why this worker cannot read it."""

    flight: Flight
    handler: Optional[Handler]
    data: Any
    fault: str
    delivery: Delivery


def poll_all(services: "List[Service]", stop: threading.Event) -> None:
    """Polls the queues of one service, one for each system, until `stop` is set and their handlers have ended."""
    with ThreadPoolExecutor(len(services)) as pool:
        for ended in [pool.submit(service.poll, stop) for service in services]:
            ended.result()


class Service:
    def __init__(self, name: str, handlers: Mapping[str, Handler], settings: Settings, clients: Clients) -> None:
        self.name, self.settings, self.aws = name, settings, clients
        self.handlers = {"%s.%s" % (name, verb): handler for verb, handler in handlers.items()}
        self.records = Records(clients.dynamodb, settings.table, settings.key_prefix)
        self.heartbeat = Heartbeat(clients.sqs, settings.queue_url, self.records, settings.lease_seconds)

    # ---- The loop -----------------------------------------------------------------------------------------------------

    def poll(self, stop: threading.Event) -> None:
        """Runs commands until `stop` is set; then lets handlers end within the grace period, and aborts the others."""
        ended = threading.Event()
        beats = threading.Thread(target=self.heartbeat.run, args=(ended,), daemon=True)
        beats.start()
        free = threading.Semaphore(self.settings.slots)
        with ThreadPoolExecutor(self.settings.slots) as pool:
            while not stop.is_set():
                for message in self._receive(free, stop):
                    flight = Flight(message)
                    if stop.is_set():
                        self._dispose(flight, 0)
                    else:
                        self.heartbeat.add(flight)
                        pool.submit(self._work, flight, free)
            self._drain()
        ended.set()
        beats.join()

    def _receive(self, free: threading.Semaphore, stop: threading.Event) -> List[Dict[str, Any]]:
        """Receives no more messages than there are free slots, because the visibility timeout of a waiting message runs."""
        free.acquire()
        most = 1
        while most < 10 and free.acquire(blocking=False):
            most += 1
        messages: List[Dict[str, Any]] = []
        try:
            if not stop.is_set():
                messages = self.aws.sqs.receive_message(
                    QueueUrl=self.settings.queue_url,
                    MaxNumberOfMessages=most,
                    WaitTimeSeconds=20,
                    VisibilityTimeout=self.settings.lease_seconds,
                    MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
                ).get("Messages", [])
        except Exception as error:
            log.error("receiving from the queue failed: %s", self._described(error))
            time.sleep(1)
        for _ in range(most - len(messages)):
            free.release()
        return messages

    def _work(self, flight: Flight, free: threading.Semaphore) -> None:
        try:
            disposal = self.handle(flight)
        except Exception as error:
            log.error("%s failed: %s", flight.command.get("id", "a message"), self._described(error))
            disposal = self._give_back(flight, _backoff(flight))
        self.heartbeat.leave(flight)
        self._dispose(flight, disposal)
        free.release()

    def _dispose(self, flight: Flight, disposal: Disposal) -> None:
        place = {"QueueUrl": self.settings.queue_url, "ReceiptHandle": flight.receipt}
        try:
            if disposal == "delete":
                self.aws.sqs.delete_message(**place)
            elif disposal != "leave":
                self.aws.sqs.change_message_visibility(VisibilityTimeout=disposal, **place)
        except Exception as error:
            log.error("a message could not be deleted or returned, so it is redelivered: %s", self._described(error))

    def _task(self, flight: Flight, nonce: str) -> Task:
        return Task(self.name, flight, nonce, self.settings.key_prefix)

    def _described(self, error: BaseException) -> str:
        return logs.described(error, self.settings.log_messages)

    def _drain(self) -> None:
        until = time.monotonic() + self.settings.grace_seconds
        while self.heartbeat.in_flight and time.monotonic() < until:
            time.sleep(0.05)
        for flight in list(self.heartbeat.in_flight):
            flight.aborted.set()

    # ---- One message --------------------------------------------------------------------------------------------------

    def handle(self, flight: Flight) -> Disposal:
        """Handles one message. Returns what to do with it on the queue. Decisions come from decision.py."""
        try:
            flight.command = wire.read_command(flight.body)
        except wire.Malformed as error:
            log.error("a message was refused: %s", error)
            return self._to_dead_letters(flight)
        job = self._job(flight)
        # A first delivery usually has no record, so it writes the claim without a read. A redelivery usually has one.
        again = flight.receives > 1 or flight.command["attempt"] > 1
        is_new = job.delivery.mode == "run" and not job.delivery.settling and not again
        return self._decide(job, None if is_new else self.records.read(flight.command["id"]), decision.receive)

    def _decide(self, job: Job, record: Optional[Record], rule: Rule) -> Disposal:
        """Gets a verdict, writes it, and acts on it. If the write loses against another worker, decides again on the current record."""
        command = job.flight.command
        for _ in range(CONFLICTS_MAX):
            verdict = rule(record, job.delivery)
            if verdict is None:
                log.warning("%s was taken over while its handler ran: nothing is answered", command["id"])
                return "leave"
            if verdict.kind == "exhausted":
                # The limits are used up without an effect. The failure is recorded, so that no later copy runs the command.
                code, message = verdict.error or ("EXHAUSTED", "The retry limits of the command allow no more runs.")
                data = {"type": code, "message": message, "data": None}
                reply = self._reply(job.flight, "failed", data, retryable=True, attempts=verdict.failures)
                log.error("%s is not run again after %d runs without an answer", command["id"], verdict.failures)
                verdict = Verdict("repeat", reply=reply, write=decision.answered(command["datahash"], reply))
            if verdict.write is None:
                return self._act(job, verdict, record)
            written, stands = self.records.write(command["id"], verdict.write, record)
            if written:
                return self._act(job, verdict, {**verdict.write, "revision": (record or {}).get("revision", 0) + 1})
            record = stands
        return 1

    def _job(self, flight: Flight) -> Job:
        command, at = flight.command, now()
        handler, data, fault = self._input(command)
        policy = Policy.of(command)
        delivery = Delivery(
            hash=command["datahash"],
            body=flight.body,
            policy=policy,
            jitter=random.random(),
            settling=policy.deadline < at,
            mode=_mode(flight, fault, at),
            token=secrets.token_urlsafe(12),
            nonce=secrets.token_urlsafe(16),
            now=at,
            lease_until=at + self.settings.lease_seconds * 1000,
        )
        return Job(flight, handler, data, fault, delivery)

    def _input(self, command: Dict[str, Any]) -> Tuple[Optional[Handler], Any, str]:
        handler = self.handlers.get(command["type"])
        if handler is None:
            return None, None, "%s is not a command of this service" % command["type"]
        if command.get("dataversion", 1) > handler.newest:
            return handler, None, "dataversion %d is newer than the contract of this service" % command["dataversion"]
        try:
            data = command["data"] if "data" in command else self._fetch(command)
            return handler, handler.parse(data), ""
        except wire.Unreadable as error:
            return handler, None, str(error)
        except (ValueError, RecursionError, OverflowError) as error:
            # The exception's text may quote the data; the reason is logged and sent in a reply, so it has the type only.
            return handler, None, "its data cannot be read (%s)" % type(error).__name__

    def _act(self, job: Job, verdict: Verdict, record: Optional[Record]) -> Disposal:
        command_id = job.flight.command["id"]
        if verdict.kind == "run":
            job.flight.hold(job.delivery.token, record)
            return self._run(job, (record or {}).get("nonce", ""))
        if verdict.kind == "answer" and verdict.outcome == "unknown":
            return self._unknown(job.flight, verdict)
        if verdict.kind == "answer":
            more = {"attempts": verdict.failures} if verdict.failures > 0 else {}
            return self._publish(job.flight, self._reply(job.flight, verdict.outcome, **more))
        if verdict.kind == "repeat":
            return self._publish(job.flight, verdict.reply)
        if verdict.kind == "revoke":
            return self._revoke(job, record)
        if verdict.kind == "wait":
            return self._wait(job, verdict.until)
        if verdict.kind == "hold":
            log.warning("%s is held for a newer worker: %s", command_id, job.fault)
            return self._give_back(job.flight, HOLD_SECONDS)
        if verdict.kind == "pause":
            return self._give_back(job.flight, _seconds_until(verdict.until))
        if verdict.kind == "give-up":
            return self._give_up(job.flight, verdict, job.fault)
        log.error("%s was refused: its datahash differs from that of the recorded command", command_id)
        # The reply `unknown` keeps the sender from waiting indefinitely.
        self._to_dead_letters(job.flight)
        reused = ("ID_REUSED", "The id of the command was used before with another datahash.")
        return self._unknown(job.flight, Verdict("answer", error=reused))

    def _run(self, job: Job, nonce: str) -> Disposal:
        flight, handler = job.flight, job.handler
        assert handler is not None
        # A thread cannot be stopped from outside, so the timeout sets `aborted`, and the handler ends by itself.
        clock = threading.Timer(min(job.delivery.policy.timeout / 1000, threading.TIMEOUT_MAX), flight.aborted.set)
        clock.daemon = True
        clock.start()
        try:
            output = spans.run(self.name, flight.command, lambda: handler.run(job.data, self._task(flight, nonce)), _outcome_of)
            if output is DEFERRED:
                return self._defer(job)
            more: Dict[str, Any] = {} if handler.type is None else {"type": handler.type}
            if handler.output_version > 1:
                more["dataversion"] = handler.output_version
            reply = self._reply(flight, "completed", output, **more)
        except DeclaredError as error:
            try:
                reply = self._reply(flight, "failed", {"type": error.type, "message": str(error), "data": error.data})
            except (wire.TooLarge, wire.NotJson) as unsendable:
                return self._retry(job, unsendable)
        except Exception as error:
            if not flight.settled:
                log.error("the handler of %s failed: %s", flight.command["id"], self._described(error))
            return self._retry(job, error)
        finally:
            clock.cancel()
        # Record first, then bus, then queue: after a crash in between, the record has the answer.
        written = self._fenced(flight, lambda record: decision.complete(record, reply))
        return "leave" if written is None else self._publish(flight, written["reply"])

    def _defer(self, job: Job) -> Disposal:
        written = self._fenced(job.flight, lambda record: decision.defer(record, now()))
        if written is None:
            return "leave"
        if "reply" in written:
            return self._publish(job.flight, written["reply"])
        # A settling delivery needs a definite outcome, so it decides again, on the record DEFERRED.
        return self.handle(job.flight) if job.delivery.settling else self._answer(job.flight, "deferred")

    def _retry(self, job: Job, error: Exception) -> Disposal:
        """Records a run without an answer, and pauses or ends the command."""
        flight = job.flight
        if flight.lost:
            return "leave"
        end = _run_end(error, flight)
        _token, record = flight.end_lease()
        job = replace(job, delivery=replace(job.delivery, now=now()))
        return self._decide(job, record, lambda stands, delivery: decision.end_run(stands, delivery, end))

    def _fenced(self, flight: Flight, decide: Callable[[Record], Record]) -> Optional[Record]:
        """Writes under this worker's fencing token, again after each concurrent write. None: the lease is lost."""
        token, record = flight.end_lease()
        for _ in range(CONFLICTS_MAX):
            if record is None or not decision.is_mine(record, token):
                break
            body = decide(record)
            written, stands = self.records.write(flight.command["id"], body, record)
            if written:
                return body
            record = stands
        log.warning("%s was taken over while its handler ran: nothing is answered", flight.command["id"])
        return None

    def _revoke(self, job: Job, record: Optional[Record]) -> Disposal:
        """Runs the handler's cancel, then writes TOMB. The record is REVOKED, so answers by token are refused already."""
        flight = job.flight
        if job.handler is not None and job.handler.cancel is not None:
            try:
                job.handler.cancel(job.data, self._task(flight, (record or {}).get("nonce", "")))
            except Exception as error:
                log.error("the cancel of %s failed: %s", flight.command["id"], self._described(error))
                ended = decision.end_cancel(record or {}, replace(job.delivery, now=now()), scrub.error_of(error))
                self.records.write(flight.command["id"], ended.write or {}, record)
                return self._give_back(flight, _seconds_until(ended.until))
        self.records.write(flight.command["id"], decision.cancelled_record(flight.command["datahash"]), record)
        return self._answer(flight, "cancelled")

    def _wait(self, job: Job, until: int) -> Disposal:
        """Another worker has the lease, so the message is returned until it ends. A settling delivery aborts a run in this worker."""
        flight = job.flight
        if job.delivery.settling:
            for other in self.heartbeat.of_command(flight.command["id"]):
                if other is not flight:
                    other.settle()
        return self._give_back(flight, max(1, _seconds_until(until)))

    def _give_back(self, flight: Flight, seconds: int) -> Disposal:
        """Returns a message. Near the receive limit its body is sent as a new message, since the return is no failure of the message."""
        if flight.receives < RECEIVES_MAX - 3 or not flight.command:
            return seconds
        group = flight.command.get("tenant") or flight.command["id"].split("#")[1]
        delay = min(seconds, BACKOFF_SECONDS_MAX)
        self.aws.sqs.send_message(
            QueueUrl=self.settings.queue_url, MessageBody=flight.body, DelaySeconds=delay, MessageGroupId=group
        )
        return "delete"

    def _unknown(self, flight: Flight, verdict: Verdict) -> Disposal:
        """Replies `unknown`, with the last error if there is one: the command may have had its effect."""
        data = verdict.error and {"type": verdict.error[0], "message": verdict.error[1], "data": None}
        return self._publish(flight, self._reply(flight, "unknown", data, attempts=verdict.failures))

    def _give_up(self, flight: Flight, verdict: Verdict, why: str) -> Disposal:
        """Replies `failed` if no worker has claimed the command, and records it, since a copy may arrive later; else `unknown`."""
        why = why or "it was received %d times without an answer" % flight.receives
        log.error("%s was given up: %s", flight.command["id"], why)
        if verdict.claimed:
            self._to_dead_letters(flight)
            return self._unknown(flight, verdict if verdict.error else replace(verdict, error=("POISON", why)))
        reply = self._reply(flight, "failed", {"type": "POISON", "message": why, "data": None}, retryable=True)
        record = decision.answered(flight.command["datahash"], reply)
        if not self.records.write(flight.command["id"], record, None)[0]:
            return 1
        self._to_dead_letters(flight)
        return self._publish(flight, reply)

    def _to_dead_letters(self, flight: Flight) -> Disposal:
        """Moves a message to the dead-letter queue, for an operator."""
        self.aws.sqs.send_message(QueueUrl=self.settings.dead_letter_url, MessageBody=flight.body)
        return "delete"

    # ---- Replies and large data ---------------------------------------------------------------------------------------

    def _answer(self, flight: Flight, outcome: str) -> Disposal:
        return self._publish(flight, self._reply(flight, outcome))

    def _reply(self, flight: Flight, outcome: str, data: Any = None, **more: Any) -> str:
        fault = wire.json_fault(data)
        if fault is not None:
            raise wire.NotJson("the answer of the handler cannot be sent: %s" % fault)
        if len(wire.to_wire(data)) > CARRIED_CHARACTERS_MAX:
            more.update(self._put(flight.command, wire.canonical(data)))
        return wire.to_wire(wire.build_reply(flight.command, self.name, outcome, now(), data, **more))

    def _put(self, command: Dict[str, Any], text: str) -> Dict[str, str]:
        body = text.encode("utf-8")
        if len(body) > VALUE_BYTES_MAX:
            raise wire.TooLarge("the answer has %d bytes: at most %d are allowed" % (len(body), VALUE_BYTES_MAX))
        digest = hashlib.sha256(body).hexdigest()
        key = "%s%s" % (_folder(self.name, command), digest)
        self.aws.s3.put_object(**self._at(key), Body=body, ContentType="application/json")
        return {"dataref": "s3://%s/%s" % (self.settings.bucket, key), "datahash": "sha256:" + digest}

    def _at(self, key: str) -> Dict[str, str]:
        return {"Bucket": self.settings.bucket, "Key": key, "ExpectedBucketOwner": self.settings.bucket_owner}

    def _fetch(self, command: Dict[str, Any]) -> Any:
        reference = command["dataref"]
        bucket = "s3://%s/" % self.settings.bucket
        own = bucket + _folder("orchestrator", command)
        if not reference.startswith(own) or not HASH.match(reference[len(own) :]):
            raise wire.Unreadable("the orchestrator did not store its dataref for the instance of the command")
        try:
            found = self.aws.s3.get_object(**self._at(reference[len(bucket) :]))
        except self.aws.s3.exceptions.NoSuchKey as error:
            raise wire.Unreadable("its dataref does not exist") from error
        if found["ContentLength"] > VALUE_BYTES_MAX:
            found["Body"].close()
            raise wire.Unreadable("the content of its dataref has %d bytes: at most %d are allowed" % (found["ContentLength"], VALUE_BYTES_MAX))
        data = json.loads(found["Body"].read())
        if wire.data_hash(data) != command["datahash"]:
            raise wire.Unreadable("the content of its dataref does not match the datahash")
        return data

    def _publish(self, flight: Flight, reply: str) -> Disposal:
        envelope = json.loads(reply)
        entry = {"EventBusName": self.settings.bus, "Source": envelope["source"], "DetailType": envelope["type"], "Detail": reply}
        # A successful call may contain failed entries.
        result = self.aws.events.put_events(Entries=[entry])["Entries"][0]
        if "ErrorCode" not in result:
            return "delete"
        log.error("the bus refused a reply (%s): it is published again when the message is redelivered", result["ErrorCode"])
        return self._give_back(flight, _backoff(flight))


def _folder(writer: str, command: Dict[str, Any]) -> str:
    """The folder of a writer's values for the instance of a command."""
    return "%s/%s/" % (writer, quote(command["id"].split("/")[0], safe="!*'()"))


def _run_end(error: Exception, flight: Flight) -> RunEnd:
    if isinstance(error, RetryAfter):
        return RunEnd("later", ("RETRY_AFTER", scrub.scrubbed(str(error))), flight.settled, int(error.seconds * 1000))
    if isinstance(error, NotDone):
        return RunEnd("not-done", ("NOT_DONE", scrub.scrubbed(str(error))), flight.settled)
    return RunEnd("failed", scrub.error_of(error), flight.settled)


def _outcome_of(end: Any) -> str:
    if isinstance(end, DeclaredError):
        return "failed"
    if isinstance(end, Exception):
        return "threw"
    return "deferred" if end is DEFERRED else "completed"


def _seconds_until(until: int) -> int:
    return max(0, min(HIDDEN_SECONDS_MAX, (until - now() + 999) // 1000))


def _mode(flight: Flight, fault: str, at: int) -> str:
    if flight.receives > RECEIVES_MAX:
        return "give-up"
    if not fault:
        return "run"
    # A newer worker that can read it may start soon.
    return "give-up" if at - flight.sent_at >= HOLD_MAX_MS else "hold"


def _backoff(flight: Flight) -> int:
    return min(BACKOFF_SECONDS_MAX, int(2 ** (min(flight.receives, 11) - 1) * (1 + random.random())) + 1)
