"""Tests of what settles: what is settled of now says nothing of other days, and what hangs together is not told apart."""
import random
import unittest

import settle
from oracle import outcome
from test_oracle import line, world
from test_peak import held


def faults(raw, bound=()):
    ways, complete = settle.Settler(raw, random.Random(1)).ways()
    return settle.faults(outcome(raw), [outcome(way) for way in ways], complete, bound=bound)


def server(name, **more):
    return {"id": name, "kind": "server", "last_seen": "2026-11-25", "serial": name, **more}


class OtherDays(unittest.TestCase):
    PEAK = '[services]\nP = { count = "rmm.server", at = "peak", price = 10 }\n'

    def of_two(self, **account):
        """A client of whose two accounts the second had what the first has, and was not read in two nights."""
        twin = server("twin")
        other = {"source": "rmm", "id": "a2", "name": "Second", "client": "1", "days": [held(1, 23, {**twin, "quantity": 1})], **account}
        raw = world(self.PEAK, [], [line(4)], accounts=[other])
        raw["accounts"][0]["days"] = [held(1, 25, {**twin, "quantity": 9})]
        return raw

    def test_nights_are_not_told_from_what_was_read_in_part(self):
        self.assertEqual([], faults(self.of_two(read="partial", items=[])))

    def test_nights_are_not_told_from_what_fell(self):
        self.assertEqual([], faults(self.of_two(read="fell", items=[], before=[])))

    def test_what_was_replaced_was_not_there_since_it_was_gone(self):
        gone = {"source": "rmm", "id": "a2", "name": "Second", "client": "1", "read": "gone", "confirmed": "2026-11-24",
                "before": [server("old", quantity=8)], "days": [held(1, 23)]}
        perhaps = {"source": "rmm", "id": "a3", "may_be": ["1"], "items": [server("new")], "days": [held(1, 25, server("new"))]}
        raw = world(self.PEAK, [server("own")], [line(4)], accounts=[gone, perhaps])
        raw["accounts"][0]["days"] = [held(1, 25, server("own"))]
        self.assertEqual("9", next(row for row in outcome(raw)["rows"] if row.get("service") == "P")["at_most"])
        self.assertEqual([], faults(raw))


class Joined(unittest.TestCase):
    def test_a_device_of_two_kinds_is_unknown_as_both(self):
        server, workstation = ({"id": kind, "kind": kind, "serial": "a", "last_seen": f"2026-11-2{day}"} for kind, day in
                               (("server", 5), ("workstation", 4)))
        raw = world('[services]\nP = { count = { max = ["rmm.server", "rmm.workstation"] } }\n',
                    [{**server, "state": "unknown:Zombie"}, workstation], [line(4)])
        self.assertEqual({"P"}, settle.joined_services(raw))
        self.assertNotEqual([], faults(raw))
        self.assertEqual([], faults(raw, settle.joined_services(raw)))
        raw["accounts"][0]["items"][1]["serial"] = "b"
        self.assertEqual(set(), settle.joined_services(raw))
        self.assertEqual([], faults(raw))


if __name__ == "__main__":
    unittest.main()
