"""Hostile messages and handlers that quote their input: no error escapes, and no log line is forged."""
import io
import json
import logging
import unittest
from typing import Any, List

from tests.service import Rig
from tests.wire import COMMAND
from tutti import logs, wire
from tutti.flight import Flight, now
from tutti.service import Handler, Settings

CARD = "4111 1111 1111 1111"


class Stored:
    """A bucket with one object."""

    class exceptions:
        class NoSuchKey(Exception):
            pass

    def __init__(self, body: bytes) -> None:
        self.body, self.reads = body, 0

    def get_object(self, **_place: str) -> Any:
        self.reads += 1
        return {"ContentLength": len(self.body), "Body": io.BytesIO(self.body)}


class Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: List[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(logging.Formatter("%(levelname)s %(message)s").format(record))


class Case(unittest.TestCase):
    def setUp(self) -> None:
        self.log = Lines()
        logger = logging.getLogger("tutti")
        logger.addHandler(self.log)
        logger.propagate = False
        self.addCleanup(logger.removeHandler, self.log)


def flight(body: str, receives: int) -> Flight:
    attributes = {"ApproximateReceiveCount": str(receives), "SentTimestamp": str(now())}
    return Flight({"Body": body, "ReceiptHandle": "r", "Attributes": attributes})


class Messages(Case):
    def test_that_are_not_commands_go_to_the_dead_letter_queue_at_every_delivery(self):
        bodies = ["[" * 200_000, json.dumps({**COMMAND, "deadline": "2026-02-31T10:00:00.000Z"})]
        # Without re.ASCII, a pattern for digits also matches digits of other scripts.
        bodies.append(json.dumps({**COMMAND, "time": "2026-11-21T10:00:00.18\u0660Z"}))
        for body in bodies:
            for receives in (1, 25):
                rig = Rig(Handler(lambda data, task: 1))
                self.assertEqual(rig.service.handle(flight(body, receives)), "delete")
                self.assertEqual([message["QueueUrl"] for message in rig.sqs.sent], ["dead-letter"])

    def test_with_unreadable_stored_data_are_held_and_then_given_up_with_an_answer(self):
        at = "s3://bucket/orchestrator/default%23book-trip%23cart-42/" + "a" * 64
        for stored in (b"1" * 400, b"[" * 200_000, b"1" * 5_000):
            for receives in (1, 25):
                rig = Rig(Handler(lambda data, task: 1))
                bucket = Stored(stored)
                rig.service.aws = type(rig.service.aws)(rig.sqs, None, rig.events, bucket)
                command = {name: value for name, value in COMMAND.items() if name not in ("data", "deadline")}
                disposal = rig.service.handle(flight(json.dumps({**command, "dataref": at}), receives))
                self.assertEqual((disposal, rig.outcomes()), (60, []) if receives == 1 else ("delete", ["failed"]))
                self.assertEqual(bucket.reads, 1)


class LogLines(Case):
    def test_begin_with_the_time_in_utc(self):
        record = logging.makeLogRecord({"created": 1_767_225_600.25, "levelname": "ERROR", "msg": "no"})
        self.assertEqual(logs.Formatter().format(record), "2026-01-01T00:00:00.250Z ERROR no")

    def test_contain_no_text_of_a_handler(self):
        def book(data: Any, _task: Any) -> None:
            raise RuntimeError("card %s\nERROR forged line" % CARD)

        Rig(Handler(book)).deliver()
        self.assertEqual(len(self.log.lines), 1)
        self.assertRegex(self.log.lines[0], r"^ERROR the handler of default#book-trip#cart-42/r5f2c/3 failed: RuntimeError at hostile\.py:\d+$")

    def test_and_answers_contain_no_text_of_a_parse_function(self):
        def parse(_data: Any) -> None:
            raise ValueError("card %s is too long\nERROR forged line" % CARD)

        rig = Rig(Handler(lambda data, task: 1, parse=parse))
        rig.deliver(sent_at=0)
        rig.deliver(receives=25)
        self.assertNotIn(CARD, json.dumps(rig.events.published) + "".join(self.log.lines))
        self.assertNotIn("\n", "".join(self.log.lines))
        self.assertEqual(rig.events.published[0]["data"]["message"], "its data cannot be read (ValueError)")

    def test_contain_no_value_of_a_refused_message(self):
        Rig(Handler(lambda data, task: 1)).service.handle(flight(json.dumps({**COMMAND, "id": "%s\nERROR forged line" % CARD}), 1))
        self.assertEqual(self.log.lines, ["ERROR a message was refused: id is missing or malformed"])

    def test_contain_the_text_on_one_line_if_log_messages_is_set(self):
        def book(data: Any, _task: Any) -> None:
            raise RuntimeError("no room\nERROR forged line")

        rig = Rig(Handler(book))
        variables = ("TUTTI_QUEUE_URL", "TUTTI_DEAD_LETTER_URL", "TUTTI_BUS", "TUTTI_COMMAND_TABLE", "TUTTI_BUCKET", "TUTTI_BUCKET_OWNER", "TUTTI_LOG_MESSAGES")
        rig.service.settings = Settings.of({name: "true" for name in variables})
        rig.deliver()
        self.assertRegex(self.log.lines[0], r": no room ERROR forged line$")


class Deadlines(unittest.TestCase):
    def test_must_be_existing_days(self):
        for day in ("2026-02-31", "2026-04-31", "2026-02-29"):
            with self.assertRaises(wire.Malformed):
                wire.read_command(json.dumps({**COMMAND, "deadline": day + "T10:00:00.000Z"}))
        wire.read_command(json.dumps({**COMMAND, "deadline": "2028-02-29T10:00:00.000Z"}))
