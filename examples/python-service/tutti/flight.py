"""A message in flight, and the heartbeat that extends its visibility timeout and its lease."""
from __future__ import annotations

import logging
import random
import threading
import time
from typing import Any, Dict, List, Optional, Set, Tuple

from tutti import logs
from tutti.decision import Record, is_mine
from tutti.records import Records, body_of

log = logging.getLogger("tutti")

RUN_MS_MAX = 11 * 3_600_000  # SQS hides a message for at most 12 hours.
BEATS_MISSED_MAX = 2


def now() -> int:
    return int(time.time() * 1000)


class Flight:
    def __init__(self, message: Dict[str, Any]) -> None:
        attributes = message["Attributes"]
        self.body: str = message["Body"]
        self.receipt: str = message["ReceiptHandle"]
        self.receives = int(attributes["ApproximateReceiveCount"])
        self.sent_at = int(attributes["SentTimestamp"])
        self.started_at = now()
        self.command: Dict[str, Any] = {}
        self.token = ""  # while a lease is held
        self.record: Optional[Record] = None  # as this worker last wrote it
        self.beats_missed = 0
        self.lost = False
        self.settled = False  # the process no longer wants the command
        self.aborted = threading.Event()

    def hold(self, token: str, record: Optional[Record]) -> None:
        self.token, self.record = token, record

    def end_lease(self) -> Tuple[str, Optional[Record]]:
        """Ends the heartbeat of the lease, which could only conflict with the write of the answer."""
        token, self.token = self.token, ""
        return token, self.record

    def settle(self) -> None:
        self.settled = True
        self.aborted.set()

    def lose(self) -> None:
        self.lost = True
        self.aborted.set()


class Heartbeat:
    """Extends the visibility timeouts and the leases of all messages in flight at once."""

    def __init__(self, sqs: Any, queue_url: str, records: Records, lease_seconds: int) -> None:
        self.sqs, self.queue_url, self.records, self.lease_seconds = sqs, queue_url, records, lease_seconds
        self.in_flight: Set[Flight] = set()
        self.beating = threading.Lock()

    def run(self, ended: threading.Event) -> None:
        while not ended.wait(self.lease_seconds / 3 * random.uniform(0.9, 1)):
            self.beat()

    def add(self, flight: Flight) -> None:
        with self.beating:
            self.in_flight.add(flight)

    def leave(self, flight: Flight) -> None:
        """Waits for the heartbeat in progress, because a late one would overwrite a backoff. No later one includes this message."""
        with self.beating:
            self.in_flight.discard(flight)

    def of_command(self, command_id: str) -> List[Flight]:
        with self.beating:
            return [flight for flight in self.in_flight if flight.command.get("id") == command_id]

    def beat(self) -> None:
        with self.beating:
            flights = [flight for flight in self.in_flight if not flight.lost]
            for start in range(0, len(flights), 10):
                self._hide(flights[start : start + 10])
            for flight in flights:
                if now() - flight.started_at > RUN_MS_MAX or flight.beats_missed >= BEATS_MISSED_MAX:
                    flight.lose()
                else:
                    self._extend(flight)

    def _hide(self, flights: List[Flight]) -> None:
        entries = [
            {"Id": str(index), "ReceiptHandle": flight.receipt, "VisibilityTimeout": self.lease_seconds}
            for index, flight in enumerate(flights)
        ]
        try:
            result = self.sqs.change_message_visibility_batch(QueueUrl=self.queue_url, Entries=entries)
            refused = {int(each["Id"]) for each in result.get("Failed", [])}
        except Exception:
            refused = set(range(len(flights)))
        for index, flight in enumerate(flights):
            flight.beats_missed = flight.beats_missed + 1 if index in refused else 0

    def _extend(self, flight: Flight) -> None:
        token = flight.token
        if not token:
            return
        try:
            record = self.records.read(flight.command["id"])
            if flight.token != token:
                return  # The handler has answered during the read, so the lease is not needed any more.
            if record is None or not is_mine(record, token):
                return flight.lose()
            body = {**body_of(record), "leaseUntil": now() + self.lease_seconds * 1000}
            if self.records.write(flight.command["id"], body, record)[0]:
                flight.record = {**body, "revision": record["revision"] + 1}
        except Exception as error:
            log.error("a lease could not be extended, the next beat comes before its end: %s", logs.described(error))
