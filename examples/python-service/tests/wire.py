import json
import unittest

from tutti import wire

HASH = "sha256:" + "9f" * 32
COMMAND = {
    "specversion": "1.0",
    "id": "default#book-trip#cart-42/r5f2c/3",
    "source": "trips",
    "type": "hotels.book",
    "time": "2026-11-21T10:00:00.180Z",
    "datacontenttype": "application/json",
    "datahash": HASH,
    "subject": "cart-42",
    "attempt": 1,
    "deadline": "2026-11-24T10:00:00.180Z",
    "replyto": "trips",
    "replytoken": "h1.Kx",
    "hops": 0,
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "data": {"city": "Lisbon", "from": "2027-01-01", "nights": 3},
}


class Canonical(unittest.TestCase):
    def test_writes_the_test_vector_of_the_wire_contract(self):
        data = {"peach": "\u20ac5", "b": [1e21, 1e-7, 4.50, 0.1, -0.0, 1e2], "a": {"\U0001f600": 1, "\ufb33": 2}, "c": None, "d": True}
        text = '{"a":{"\U0001f600":1,"\ufb33":2},"b":[1e+21,1e-7,4.5,0.1,0,100],"c":null,"d":true,"peach":"\u20ac5"}'
        self.assertEqual(wire.canonical(data), text)
        self.assertEqual(wire.data_hash(data), "sha256:9e001002bf771f896ec758183fe4d65c750b8b4d743b442146d98e3a8dc3de5f")

    def test_refuses_values_that_are_not_json(self):
        for value in (float("nan"), float("inf"), "\ud800", {"\udc00": 1}, b"", object()):
            with self.assertRaises(ValueError):
                wire.canonical(value)


class Commands(unittest.TestCase):
    def test_are_read_with_unknown_members(self):
        command = {**COMMAND, "future": {"a": 1}}
        self.assertEqual(wire.read_command(json.dumps(command)), command)

    def test_that_are_malformed_are_refused(self):
        wrongs = [
            {"specversion": "0.3"},
            {"id": "a b"},
            {"datahash": "9f"},
            {"attempt": 0},
            {"attempt": True},
            {"hops": -1},
            {"time": "2026-13-21T10:00:00.180Z"},
            {"deadline": "tomorrow"},
            {"dataref": "s3://b/k"},
            {"outcome": "completed"},
        ]
        for wrong in wrongs:
            with self.assertRaises(wire.Malformed, msg=str(wrong)):
                wire.read_command(json.dumps({**COMMAND, **wrong}))
        for body in ("", "[]", "null", "{}"):
            with self.assertRaises(wire.Malformed):
                wire.read_command(body)


class Replies(unittest.TestCase):
    def test_copy_the_members_of_the_command(self):
        reply = wire.build_reply(COMMAND, "hotels", "completed", wire.milliseconds("2026-11-21T10:00:00.420Z"), {"reference": "HT101"})
        copied = ("subject", "attempt", "replyto", "replytoken", "hops", "traceparent")
        self.assertEqual(
            reply,
            {
                "specversion": "1.0",
                "id": COMMAND["id"] + ":completed",
                "source": "hotels",
                "type": "hotels.book.completed",
                "time": "2026-11-21T10:00:00.420Z",
                "datacontenttype": "application/json",
                "commandid": COMMAND["id"],
                "commandhash": HASH,
                "outcome": "completed",
                "data": {"reference": "HT101"},
                **{field: COMMAND[field] for field in copied},
            },
        )

    def test_are_ascii_on_the_wire(self):
        self.assertEqual(wire.to_wire({"a": "\u00e4\u007f\U0001f600"}), '{"a":"\\u00e4\\u007f\\ud83d\\ude00"}')
