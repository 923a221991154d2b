import os
import tempfile
import unittest
from types import SimpleNamespace

import hotels
from tutti.service import DeclaredError

LISBON = {"city": "Lisbon", "from": "2027-01-01", "nights": 3}
TASK = SimpleNamespace(command_id="default#book-trip#cart-42/r5f2c/3")


class Hotels(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.handlers = hotels.handlers(hotels.HotelNetwork(os.path.join(folder.name, "hotels.db"), 0))

    def test_book_each_command_once(self):
        book = self.handlers["book"].run
        self.assertEqual(book(LISBON, TASK), book(LISBON, TASK))
        self.assertNotEqual(book(LISBON, TASK), book(LISBON, SimpleNamespace(command_id="another")))

    def test_raise_the_declared_error_when_they_are_sold_out(self):
        with self.assertRaises(DeclaredError) as caught:
            self.handlers["book"].run({**LISBON, "city": "Venice", "from": "2027-02-05"}, TASK)
        self.assertEqual((caught.exception.type, caught.exception.data), ("SoldOut", {"freeFrom": "2027-02-17"}))

    def test_cancel_a_booking_even_twice(self):
        reference = self.handlers["book"].run(LISBON, TASK)
        self.assertEqual([self.handlers["cancel"].run(reference, TASK) for _ in range(2)], [None, None])

    def test_refuse_input_that_breaks_the_contract(self):
        for wrong in (None, {}, {**LISBON, "nights": "3"}, {**LISBON, "from": "soon"}):
            with self.assertRaises(ValueError):
                self.handlers["book"].parse(wrong)
        with self.assertRaises(ValueError):
            self.handlers["cancel"].parse({"reference": 7})
