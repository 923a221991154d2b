"""The hotels of the travel booking: two commands, one declared error, and an undo."""
from __future__ import annotations

import os
import re
import signal
import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from typing import Any, Dict, Iterator

from tutti import logs
from tutti.service import Clients, DeclaredError, Handler, Service, Settings, Task, poll_all

DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

# Cities without free hotels from one day until another. Venice has its carnival.
FULL = {"Venice": ("2027-02-05", "2027-02-17")}


def stay(data: Any) -> Dict[str, Any]:
    if not isinstance(data, dict):
        raise ValueError("a stay is an object")
    if not (isinstance(data.get("city"), str) and isinstance(data.get("from"), str) and DATE.fullmatch(data["from"])):
        raise ValueError("a stay has a city and a date")
    if type(data.get("nights")) is not int:
        raise ValueError("a stay has a number of nights")
    return data


def booking(data: Any) -> Dict[str, Any]:
    if not isinstance(data, dict) or not isinstance(data.get("reference"), str):
        raise ValueError("a booking has a reference")
    return data


class HotelNetwork:
    """Simulates a third-party reservation system, which books each idempotency key once."""

    def __init__(self, path: str, seconds: float) -> None:
        self.path, self.seconds = path, seconds
        with self._open() as database:
            database.execute(
                "CREATE TABLE IF NOT EXISTS bookings (number INTEGER PRIMARY KEY, key TEXT UNIQUE, what TEXT, cancelled INTEGER DEFAULT 0)"
            )

    def book(self, what: str, idempotency_key: str) -> str:
        with self._open() as database:
            database.execute("INSERT OR IGNORE INTO bookings (key, what) VALUES (?, ?)", (idempotency_key, what))
            (number,) = database.execute("SELECT number FROM bookings WHERE key = ?", (idempotency_key,)).fetchone()
        time.sleep(self.seconds)  # The answer is slow, but the booking is already made.
        return "HT%d" % (100 + number)

    def cancel(self, reference: str) -> None:
        """Idempotent: a second cancellation changes nothing."""
        with self._open() as database:
            database.execute("UPDATE bookings SET cancelled = 1 WHERE number = ?", (int(reference[2:]) - 100,))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=10)) as database, database:
            yield database


def handlers(network: HotelNetwork) -> Dict[str, Handler]:
    def book(stay: Dict[str, Any], task: Task) -> Dict[str, str]:
        # Depends on the input alone: the current availability would include this command's own booking.
        full_from, full_until = FULL.get(stay["city"], ("", ""))
        if full_from <= stay["from"] < full_until:
            raise DeclaredError("SoldOut", {"freeFrom": full_until}, "%s is full until %s" % (stay["city"], full_until))
        what = "%s %s, %d nights" % (stay["city"], stay["from"], stay["nights"])
        return {"reference": network.book(what, idempotency_key=task.command_id)}

    def cancel(booking: Dict[str, Any], _task: Task) -> None:
        network.cancel(booking["reference"])

    return {"book": Handler(book, parse=stay), "cancel": Handler(cancel, parse=booking)}


def main() -> None:
    logs.to_stderr()
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    seconds = float(os.environ.get("HOTELS_NETWORK_SECONDS", "0.4"))
    network = HotelNetwork(os.environ.get("HOTELS_DATABASE", "hotels.db"), seconds)
    clients = Clients.of_boto3()
    services = [Service("hotels", handlers(network), settings, clients) for settings in Settings.of_systems(os.environ)]
    print("hotels: polling", flush=True)
    poll_all(services, stop)


if __name__ == "__main__":
    main()
