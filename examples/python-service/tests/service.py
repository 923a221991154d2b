"""Tests of the service with fakes of AWS that keep their requests: no boto3, no network."""
import io
import json
import logging
import unittest
from typing import Any, Dict, List, Optional

from tests.wire import COMMAND
from tutti import wire
from tutti.flight import Flight, now
from tutti.service import DEFERRED, Clients, DeclaredError, Handler, NotDone, RetryAfter, Service, Settings

PAST = "2026-01-01T00:00:00.000Z"
FUTURE = "9999-01-01T00:00:00.000Z"


class MemoryRecords:
    def __init__(self) -> None:
        self.items: Dict[str, Any] = {}

    def read(self, command_id: str) -> Any:
        return self.items.get(command_id)

    def write(self, command_id: str, body: Any, before: Any) -> Any:
        stands = self.items.get(command_id)
        if (stands or {}).get("revision") != (before or {}).get("revision"):
            return False, stands
        self.items[command_id] = {**body, "revision": (before or {}).get("revision", 0) + 1}
        return True, None


class Events:
    def __init__(self) -> None:
        self.published: List[Any] = []
        self.refusing = False

    def put_events(self, Entries: Any) -> Any:
        if self.refusing:
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}
        self.published += [json.loads(entry["Detail"]) for entry in Entries]
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}


class Queues:
    def __init__(self) -> None:
        self.sent: List[Any] = []

    def send_message(self, **message: Any) -> None:
        self.sent.append(message)

    def change_message_visibility_batch(self, QueueUrl: str, Entries: Any) -> Any:
        return {}


class Objects:
    def __init__(self) -> None:
        self.objects: Dict[str, bytes] = {}
        self.asked: List[str] = []
        self.owners: List[str] = []

    def put_object(self, Bucket: str, Key: str, ExpectedBucketOwner: str, Body: bytes, ContentType: str) -> None:
        self.owners.append(ExpectedBucketOwner)
        self.objects["s3://%s/%s" % (Bucket, Key)] = Body

    class exceptions:
        class NoSuchKey(Exception):
            pass

    def get_object(self, Bucket: str, Key: str, ExpectedBucketOwner: str) -> Any:
        self.owners.append(ExpectedBucketOwner)
        self.asked.append(Key)
        if "s3://%s/%s" % (Bucket, Key) not in self.objects:
            raise Objects.exceptions.NoSuchKey()
        body = self.objects["s3://%s/%s" % (Bucket, Key)]
        return {"ContentLength": len(body), "Body": io.BytesIO(body)}


class Rig:
    def __init__(self, handler: Handler) -> None:
        settings = Settings("queue", "dead-letter", "bus", "table", "bucket", "111111111111")
        self.sqs, self.events, self.s3 = Queues(), Events(), Objects()
        self.service = Service("hotels", {"book": handler}, settings, Clients(self.sqs, None, self.events, self.s3))
        self.records = self.service.records = self.service.heartbeat.records = MemoryRecords()

    def deliver(self, receives: int = 1, sent_at: Optional[int] = None, **over: Any) -> Any:
        return self.service.handle(self.flight(receives, sent_at, **over))

    def flight(self, receives: int = 1, sent_at: Optional[int] = None, **over: Any) -> Flight:
        attributes = {"ApproximateReceiveCount": str(receives), "SentTimestamp": str(now() if sent_at is None else sent_at)}
        command = {**COMMAND, "deadline": FUTURE, **over}
        if "dataref" in over:
            del command["data"]
        return Flight({"Body": json.dumps(command), "ReceiptHandle": "r", "Attributes": attributes})

    def outcomes(self) -> List[str]:
        return [reply["outcome"] for reply in self.events.published]

    def record(self) -> Any:
        return self.records.items.get(COMMAND["id"])


class Case(unittest.TestCase):
    def setUp(self) -> None:
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)


class Commands(Case):
    def test_run_once_and_duplicates_are_answered_from_the_record(self):
        runs = []
        rig = Rig(Handler(lambda data, task: runs.append(task.command_id) or {"reference": "HT101"}))
        self.assertEqual([rig.deliver(), rig.deliver()], ["delete", "delete"])
        self.assertEqual(runs, [COMMAND["id"]])
        self.assertEqual(rig.events.published[0], rig.events.published[1])
        self.assertEqual(rig.events.published[0]["data"], {"reference": "HT101"})
        self.assertEqual(rig.record()["state"], "DONE")

    def test_with_a_declared_error_are_answered_definitely(self):
        def book(_data: Any, _task: Any) -> None:
            raise DeclaredError("SoldOut", {"freeFrom": "2027-02-17"}, "full")

        rig = Rig(Handler(book))
        self.assertEqual(rig.deliver(), "delete")
        self.assertEqual(rig.events.published[0]["data"], {"type": "SoldOut", "message": "full", "data": {"freeFrom": "2027-02-17"}})
        self.assertEqual((rig.outcomes(), rig.record()["state"]), (["failed"], "FAILED"))

    def test_with_another_exception_run_again_without_an_answer(self):
        rig = Rig(Handler(lambda data, task: 1 / 0))
        self.assertIsInstance(rig.deliver(), int)
        self.assertEqual((rig.outcomes(), rig.record()["state"]), ([], "RUN"))
        self.assertEqual((rig.record()["failures"], rig.record()["errorCode"]), (1, "ZeroDivisionError"))
        self.assertNotIn("token", rig.record())

    def test_do_not_run_before_the_pause_is_over_with_any_copy(self):
        runs = []
        rig = Rig(Handler(lambda data, task: runs.append(1) or 1 / 0))
        rig.deliver()
        rig.records.items[COMMAND["id"]]["nextRunAt"] = now() + 5_000
        self.assertIn(rig.deliver(attempt=2), (5, 6))
        self.assertEqual((rig.deliver(receives=18), rig.sqs.sent[0]["QueueUrl"], len(runs)), ("delete", "queue", 1))

    def test_are_answered_unknown_with_the_last_error_after_their_attempts(self):
        runs = []
        rig = Rig(Handler(lambda data, task: runs.append(1) or {}["password=x"]))
        limits = {"retryattempts": 2, "retryfirst": 0}
        self.assertEqual([rig.deliver(**limits), rig.deliver(**limits), rig.deliver(attempt=2, **limits)], [0, "delete", "delete"])
        self.assertEqual((len(runs), rig.outcomes(), rig.record()["state"]), (2, ["unknown", "unknown"], "RUN"))
        reply = rig.events.published[0]
        self.assertEqual((reply["attempts"], reply["data"]["type"], reply["data"]["message"]), (2, "KeyError", "'password=***'"))

    def test_whose_runs_all_raise_not_done_fail_definitely_after_their_attempts(self):
        def book(_data: Any, _task: Any) -> None:
            raise NotDone("no route")

        rig = Rig(Handler(book))
        self.assertEqual(rig.deliver(retryattempts=1), "delete")
        self.assertEqual((rig.outcomes(), rig.events.published[0]["retryable"], rig.record()["state"]), (["failed"], True, "FAILED"))

    def test_that_raise_retry_after_count_no_attempt(self):
        def book(_data: Any, _task: Any) -> None:
            raise RetryAfter(60, "busy")

        rig = Rig(Handler(book))
        self.assertIn(rig.deliver(retryattempts=1), (60, 61))
        self.assertNotIn("failures", rig.record())

    def test_that_raise_not_done_are_cancelled_at_once_when_they_are_settled(self):
        def book(_data: Any, task: Any) -> None:
            flight.settle()
            raise NotDone("the offer is withdrawn")

        rig = Rig(Handler(book))
        flight = rig.flight()
        self.assertEqual((rig.service.handle(flight), rig.outcomes(), rig.record()["state"]), ("delete", ["cancelled"], "TOMB"))

    def test_are_aborted_after_their_timeout(self):
        rig = Rig(Handler(lambda data, task: task.aborted.wait(5)))
        self.assertEqual((rig.deliver(timeout=1), rig.events.published[0]["data"]), ("delete", True))

    def test_are_acknowledged_only_after_the_bus_has_accepted_the_reply(self):
        runs = []
        rig = Rig(Handler(lambda data, task: runs.append(1)))
        rig.events.refusing = True
        self.assertIsInstance(rig.deliver(), int)
        rig.events.refusing = False
        self.assertEqual((rig.deliver(), rig.outcomes(), runs), ("delete", ["completed"], [1]))

    def test_with_the_id_of_another_command_are_refused_and_answered_unknown(self):
        rig = Rig(Handler(lambda data, task: None))
        rig.deliver()
        self.assertEqual(rig.deliver(datahash="sha256:" + "00" * 32), "delete")
        self.assertEqual((rig.outcomes(), rig.sqs.sent[0]["QueueUrl"]), (["completed", "unknown"], "dead-letter"))

    def test_of_another_worker_are_redelivered_when_its_lease_ends(self):
        rig = Rig(Handler(lambda data, task: rig.deliver()))
        self.assertEqual(rig.deliver(), "delete")
        rig.records.items[COMMAND["id"]] = {"state": "RUN", "hash": COMMAND["datahash"], "token": "t", "leaseUntil": now() + 30_000, "revision": 1}
        self.assertIn(rig.deliver(), (30, 31))
        self.assertEqual((rig.deliver(receives=18), rig.sqs.sent[0]["QueueUrl"]), ("delete", "queue"))

    def test_with_a_lost_lease_are_neither_answered_nor_acknowledged(self):
        def book(_data: Any, task: Any) -> None:
            rig.records.items[COMMAND["id"]] = {**rig.record(), "token": "another", "revision": 2}
            rig.service.heartbeat.add(flight)
            rig.service.heartbeat.beat()
            self.assertTrue(task.aborted.is_set())

        rig = Rig(Handler(book))
        flight = rig.flight()
        self.assertEqual((rig.service.handle(flight), rig.outcomes()), ("leave", []))

    def test_that_run_long_get_heartbeats(self):
        def book(_data: Any, _task: Any) -> None:
            rig.records.items[COMMAND["id"]]["leaseUntil"] = 1
            rig.service.heartbeat.add(flight)
            rig.service.heartbeat.beat()
            self.assertGreater(rig.record()["leaseUntil"], now())

        rig = Rig(Handler(book))
        flight = rig.flight()
        self.assertEqual((rig.service.handle(flight), rig.outcomes()), ("delete", ["completed"]))

    def test_that_are_unreadable_are_held_for_a_newer_worker_and_then_fail(self):
        def parse(_data: Any) -> None:
            raise ValueError("it is new")

        rig = Rig(Handler(lambda data, task: None, parse=parse))
        self.assertEqual((rig.deliver(), rig.deliver(dataversion=2), rig.deliver(type="hotels.renovate")), (60, 60, 60))
        self.assertEqual(rig.deliver(sent_at=now() - 16 * 60_000), "delete")
        self.assertEqual((rig.outcomes(), rig.events.published[0]["retryable"]), (["failed"], True))

    def test_that_are_malformed_go_to_the_dead_letter_queue(self):
        rig = Rig(Handler(lambda data, task: None))
        self.assertEqual((rig.deliver(hops=-1), len(rig.sqs.sent), rig.outcomes()), ("delete", 1, []))

    def test_that_refer_to_data_of_another_instance_do_not_read_it(self):
        seen: List[Any] = []
        rig = Rig(Handler(lambda data, task: seen.append(data)))
        digest = wire.data_hash({"a": 1})
        name = digest[len("sha256:") :]
        own = "orchestrator/default%23book-trip%23cart-42/"
        foreign = ("hotels/default%23book-trip%23cart-42/" + name, "orchestrator/default%23other%231/" + name)
        for at in ("payments/other/../../x", own + "../../payments/x/" + name, own + name + "\n", *foreign):
            rig.s3.objects["s3://bucket/" + at] = b'{"a": 1}'
            self.assertEqual(rig.deliver(dataref="s3://bucket/" + at, datahash=digest), 60)
        self.assertEqual((rig.s3.asked, seen), ([], []))
        right = "s3://bucket/" + own + name
        rig.s3.objects[right] = b'{"a": 1}'
        self.assertEqual((rig.deliver(dataref=right, datahash=digest), seen), ("delete", [{"a": 1}]))

    def test_that_refer_to_more_than_20_MB_do_not_read_it(self):
        rig = Rig(Handler(lambda data, task: None))
        digest = "sha256:" + "a" * 64
        reference = "s3://bucket/orchestrator/default%23book-trip%23cart-42/" + "a" * 64
        rig.s3.objects[reference] = b'"' + b"x" * (20 * 1024 * 1024) + b'"'
        self.assertEqual(rig.deliver(dataref=reference, datahash=digest), 60)

    def test_with_an_output_of_more_than_20_MB_have_no_answer(self):
        rig = Rig(Handler(lambda data, task: "x" * (20 * 1024 * 1024)))
        self.assertIsInstance(rig.deliver(), int)
        self.assertEqual((rig.s3.objects, rig.outcomes()), ({}, []))

    def test_with_an_output_that_no_message_may_carry_have_no_answer(self):
        deep: Any = 1
        for _ in range(65):
            deep = [deep]
        for output in ({"constructor": 1}, [{"__proto__": {}}], "\ud800", {"\udc00": 1}, deep, float("nan"), 10**400, {1: 2}, object()):
            rig = Rig(Handler(lambda data, task: output))
            self.assertIsInstance(rig.deliver(), int)
            self.assertEqual((rig.outcomes(), rig.record()["errorCode"]), ([], "NotJson"))

    def test_with_a_declared_error_that_no_message_may_carry_have_no_answer(self):
        def sold_out(data, task):
            raise DeclaredError("hotels.sold-out", {"prototype": 1})

        rig = Rig(Handler(sold_out))
        self.assertIsInstance(rig.deliver(), int)
        self.assertEqual((rig.outcomes(), rig.record()["errorCode"]), ([], "NotJson"))

    def test_send_the_expected_owner_with_each_request_to_the_bucket(self):
        rig = Rig(Handler(lambda data, task: "x" * 200_000))
        digest = wire.data_hash({"a": 1})
        reference = "s3://bucket/orchestrator/default%23book-trip%23cart-42/" + digest[len("sha256:") :]
        rig.s3.objects[reference] = b'{"a": 1}'
        self.assertEqual(rig.deliver(dataref=reference, datahash=digest), "delete")
        self.assertEqual(rig.s3.owners, ["111111111111"] * 2)

    def test_store_a_large_output_in_the_bucket(self):
        rig = Rig(Handler(lambda data, task: "x" * 200_000))
        rig.deliver()
        reply = rig.events.published[0]
        self.assertTrue(reply["dataref"].startswith("s3://bucket/hotels/default%23book-trip%23cart-42/"))
        self.assertNotIn("data", reply)
        self.assertEqual(wire.data_hash(json.loads(rig.s3.objects[reply["dataref"]])), reply["datahash"])


class Settling(Case):
    def test_a_command_that_was_never_begun_cancels_it_and_stops_the_late_copy(self):
        runs = []
        rig = Rig(Handler(lambda data, task: runs.append(1)))
        self.assertEqual([rig.deliver(deadline=PAST), rig.deliver()], ["delete", "delete"])
        self.assertEqual((rig.outcomes(), rig.record()["state"], runs), (["cancelled", "cancelled"], "TOMB", []))

    def test_a_completed_command_repeats_its_reply(self):
        rig = Rig(Handler(lambda data, task: {"reference": "HT101"}))
        rig.deliver()
        rig.deliver(deadline=PAST)
        self.assertEqual(rig.outcomes(), ["completed", "completed"])

    def test_a_command_of_a_crashed_worker_runs_it_again(self):
        rig = Rig(Handler(lambda data, task: {"reference": "HT101"}))
        rig.records.items[COMMAND["id"]] = {"state": "RUN", "hash": COMMAND["datahash"], "token": "t", "leaseUntil": 1, "revision": 1, "command": json.dumps({})}
        rig.deliver(deadline=PAST)
        self.assertEqual(rig.outcomes(), ["completed"])

    def test_a_deferred_command_cancels_it(self):
        cancelled = []
        rig = Rig(Handler(lambda data, task: DEFERRED, cancel=lambda data, task: cancelled.append(data["city"])))
        rig.deliver()
        self.assertEqual((rig.outcomes(), rig.record()["state"]), (["deferred"], "DEFERRED"))
        rig.deliver(deadline=PAST)
        self.assertEqual((rig.outcomes(), rig.record()["state"], cancelled), (["deferred", "cancelled"], "TOMB", ["Lisbon"]))

    def test_a_command_that_defers_then_cancels_it_at_once(self):
        rig = Rig(Handler(lambda data, task: DEFERRED))
        rig.records.items[COMMAND["id"]] = {"state": "RUN", "hash": COMMAND["datahash"], "token": "t", "leaseUntil": 1, "revision": 1, "command": json.dumps({})}
        rig.deliver(deadline=PAST)
        self.assertEqual((rig.outcomes(), rig.record()["state"]), (["cancelled"], "TOMB"))


class Tokens(Case):
    def test_are_equal_in_each_run_and_cannot_be_derived_from_public_data(self):
        tokens = []

        def book(_data: Any, task: Any) -> Any:
            tokens.append(task.token)
            if len(tokens) == 1:
                raise RuntimeError("down")
            return DEFERRED

        rig = Rig(Handler(book, cancel=lambda data, task: tokens.append(task.token)))
        rig.deliver()
        rig.records.items[COMMAND["id"]]["nextRunAt"] = 1
        rig.deliver(receives=2)
        rig.deliver(deadline=PAST)
        self.assertEqual(len(set(tokens)), 1)
        self.assertEqual(len(tokens), 3)
        other = Rig(Handler(lambda data, task: tokens.append(task.token)))
        other.deliver()
        self.assertNotEqual(tokens[3], tokens[0])


class Systems(Case):
    VARIABLES = {
        "TUTTI_QUEUE_URL": "q",
        "TUTTI_DEAD_LETTER_URL": "d",
        "TUTTI_BUS": "trips",
        "TUTTI_COMMAND_TABLE": "trips-hotels-commands",
        "TUTTI_BUCKET": "b",
        "TUTTI_BUCKET_OWNER": "1",
    }
    ORDERS = {"queue": "q2", "deadLetter": "d2", "bus": "orders", "bucket": "b2", "owner": "2"}

    def settings(self, systems: Any) -> Any:
        return Settings.of_systems({**self.VARIABLES, "TUTTI_SYSTEMS": json.dumps(systems)})

    def test_share_the_table_under_keys_that_name_all_but_the_first(self):
        first, orders = self.settings({"orders": self.ORDERS})
        self.assertEqual((first.key_prefix, first.bus, first.queue_url), ("", "trips", "q"))
        self.assertEqual((orders.key_prefix, orders.bus, orders.queue_url, orders.bucket_owner), ("orders|", "orders", "q2", "2"))
        self.assertEqual(orders.table, first.table)

    def test_record_equal_ids_apart_and_give_handlers_distinct_idempotency_keys(self):
        class Table:
            def __init__(self) -> None:
                self.keys: List[str] = []

            def update_item(self, Key: Any, **_more: Any) -> None:
                self.keys.append(Key["id"]["S"])

            def get_item(self, Key: Any, **_more: Any) -> Any:
                self.keys.append(Key["id"]["S"])
                return {}

        seen: List[Any] = []
        for settings in self.settings({"orders": self.ORDERS}):
            table = Table()
            service = Service("hotels", {"book": Handler(lambda data, task: seen.append((task.command_id, task.undoes, task.token)))}, settings, Clients(Queues(), table, Events(), None))
            service.handle(Rig(Handler(print)).flight(undoes="default#p#1/r/1"))
            seen[-1] += (set(table.keys),)
        command_id = COMMAND["id"]
        self.assertEqual([each[0] for each in seen], [command_id, "orders|" + command_id])
        self.assertEqual([each[1] for each in seen], ["default#p#1/r/1", "orders|default#p#1/r/1"])
        self.assertEqual([each[3] for each in seen], [{command_id}, {"orders|" + command_id}])
        self.assertEqual(len({each[2].split(".")[1] for each in seen}), 2)

    def test_are_refused_when_the_variable_is_malformed(self):
        for wrong in ([], {"orders": {}}, {"orders": 7}):
            with self.assertRaises(SystemExit):
                self.settings(wrong)

    def test_are_one_without_the_variable(self):
        self.assertEqual([each.key_prefix for each in Settings.of_systems(self.VARIABLES)], [""])


class EarlyAnswers(Case):
    def test_by_token_replace_the_answer_of_the_handler(self):
        def book(_data: Any, _task: Any) -> Any:
            early = wire.to_wire(wire.build_reply(COMMAND, "hotels", "completed", now(), {"reference": "HT7"}))
            rig.records.items[COMMAND["id"]] = {**rig.record(), "early": early, "revision": 2}
            return DEFERRED

        rig = Rig(Handler(book))
        self.assertEqual(rig.deliver(), "delete")
        self.assertEqual((rig.events.published[0]["data"], rig.record()["state"]), ({"reference": "HT7"}, "DONE"))


class LogLines(unittest.TestCase):
    def lines(self, log: Any) -> Any:
        """Runs a handler that logs, and returns the lines as objects with their levels."""
        rig = Rig(Handler(lambda data, task: log(task)))
        with self.assertLogs("tutti", "DEBUG") as caught:
            self.assertEqual(rig.deliver(), "delete")
        return [(record.levelname, json.loads(record.getMessage())) for record in caught.records]

    def test_have_the_ids_of_the_command_and_the_fields(self):
        ids = {"event": "log", "pid": "default#book-trip#cart-42", "commandId": COMMAND["id"], "command": "hotels.book", "attempt": 1}
        line = {**ids, "trace": "4bf92f3577b34da6a3ce929d0e0e4736", "message": "slow", "fields": {"ms": 1200}}
        self.assertEqual(self.lines(lambda task: task.log("warn", "slow", ms=1200)), [("WARNING", line)])

    def test_never_fail_the_handler_and_forge_no_other_line(self):
        def log(task: Any) -> None:
            task.log("loud", "a\nforged", n=float("nan"), event="stuck")
            task.log("info", "x" * 5000, long="y" * 20000, when=object())

        first, second = self.lines(log)
        self.assertEqual((first[0], first[1]["event"], list(first[1]["fields"])), ("INFO", "log", ["notJson"]))
        self.assertEqual((len(second[1]["message"]), len(second[1]["fields"]["cut"])), (1001, 8000))
