"""Tests of a peak, worked by hand: the cases of the corpus, and what a night without a sync leaves open."""
import unittest

import cases
from oracle import outcome
from test_oracle import line, machines, world
from test_seats import fields, row_of

PEAK = '[services]\nP = { count = "rmm.server", at = "peak", price = 10 }\n'


def held(first, last, *items):
    return {"from": f"2026-11-{first:02}", "to": f"2026-11-{last:02}", "items": list(items)}


def servers(days, billed=4, now=3):
    """A client with so many servers now, and others on days before."""
    raw = world(PEAK, [machines("server", now)], [line(billed)])
    raw["accounts"][0]["days"] = days
    return raw


class Corpus(unittest.TestCase):
    def test_every_case_of_a_peak(self):
        told = [case for case in cases.all_cases() if case["name"].startswith("peak-")]
        self.assertGreater(len(told), 9)
        for case in told:
            with self.subTest(case["name"]):
                found = outcome(case)
                self.assertEqual([], cases.differences(case, found))
                self.assertEqual(case["expect"][0].get("peak_on"), found["rows"][0].get("peak_on") if "peak_on" in case["expect"][0] else None)


class Gaps(unittest.TestCase):
    def test_a_night_is_told_from_those_around_it(self):
        days = [held(1, 11, machines("server", 3)), held(12, 12, machines("server", 4)), held(14, 25, machines("server", 3))]
        raw = servers(days)
        self.assertEqual(("agrees", "4", "2026-11-12"), fields(row_of(raw, "P"), "kind", "should_bill", "peak_on"))

    def test_what_stood_on_one_side_alone_may_have_been_there(self):
        new = {"id": "new", "kind": "server", "last_seen": "2026-11-25", "serial": "new"}
        days = [held(1, 12, machines("server", 3)), held(14, 25, machines("server", 2), new)]
        self.assertEqual(("not_reconciled", "3", "4"), fields(row_of(servers(days), "P"), "kind", "at_least", "at_most"))

    def test_of_three_nights_nobody_knows_anything(self):
        days = [held(1, 12, machines("server", 3)), held(16, 25, machines("server", 3))]
        self.assertEqual(("not_reconciled", "3", "none"), fields(row_of(servers(days), "P"), "kind", "at_least", "at_most"))
        self.assertEqual("none", row_of(servers([]), "P")["at_most"], "nor where none was read before")


if __name__ == "__main__":
    unittest.main()
