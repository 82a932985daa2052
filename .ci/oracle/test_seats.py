"""Tests of seats: the months of the corpus, and what holds where something is not known, worked by hand."""
import collections
import copy
import unittest

import cases
import worlds
from oracle import outcome
from test_oracle import line, machines, world

FOLDERS = ("all-in-seat", "each-person-in-one-service", "gigabytes-included-with-each-machine", "seat-that-covers-the-licences",
           "holder-whom-no-service-takes", "product-that-superseded-another")
COVERS = '[services]\nSRV = { count = "rmm.server", price = 10 }\nSEAT = { count = "rmm.workstation", covers = ["SRV"] }\n'
GRANTS = '[services]\nSRV = { count = "rmm.server", price = 10 }\nSEAT = { count = "rmm.workstation", grants = { SRV = 2 } }\n'
PEOPLE = '''[services]
FULL = { where = { holds = "SPB" }, price = 60 }
MAIL = { where = { holds = "EXC" }, price = 9 }
[groups.people]
once_per = "rmm.user"
order = ["FULL", "MAIL"]
'''


def person(name, holds, **attributes):
    return {"id": name, "kind": "user", "attributes": {"sign_in": "allowed", "class": "member", "holds": holds, **attributes}}


def people(*items, lines, rules=PEOPLE, **more):
    known = {"words": {"user.holds": ["SPB", "EXC"], "user.class": ["member", "guest"]}}
    return world(rules, list(items), lines, like="tenant", source=known, **more)


def row_of(raw, service):
    found = outcome(raw)
    rows = [row for row in found["rows"] if row.get("service") == service]
    return rows[0] if rows else None


def fields(row, *names):
    return None if row is None else tuple(row.get(name) for name in names)


class Corpus(unittest.TestCase):
    def test_the_months_with_seats(self):
        for name in FOLDERS:
            with self.subTest(name):
                case = cases.load(cases.FOLDER / name)
                self.assertEqual([], cases.differences(case, outcome(case)))


class Covers(unittest.TestCase):
    items = [machines("server", 4), machines("workstation", 3)]

    def test_where_the_seat_stands_nothing_inside_is_billed(self):
        raw = world(COVERS, self.items, [line(3, product="SEAT"), line(2, "10", product="SRV", name="L2")])
        row = row_of(raw, "SRV")
        self.assertEqual(("overbilled", "4", "0", "-2", {"covered": "-4"}), fields(row, "kind", "counted", "should_bill", "variance", "explained"))
        raw["clients"][0]["agreements"][0]["lines"].pop(0)
        self.assertEqual(("underbilled", "2"), fields(row_of(raw, "SRV"), "kind", "variance"))
        self.assertIsNone(row_of(raw, "SEAT"))

    def test_what_is_inside_needs_no_reading(self):
        raw = world(COVERS, [], [line(3, product="SEAT"), line(2, "10", product="SRV", name="L2")], account={"read": "doubtful"})
        self.assertEqual(("0", "0"), fields(row_of(raw, "SRV"), "at_least", "at_most"))
        self.assertEqual("none", row_of(raw, "SEAT")["at_most"])

    def test_a_seat_that_ends_covers_from_none_to_all(self):
        raw = world(COVERS, self.items, [line(3, product="SEAT", to="2026-11-29"), line(2, "10", product="SRV", name="L2")])
        self.assertEqual(("not_reconciled", "0", "4"), fields(row_of(raw, "SRV"), "kind", "at_least", "at_most"))
        self.assertEqual("agreement_ending", row_of(raw, "SEAT")["kind"])

    def test_a_seat_whose_line_may_be_gone_is_no_exception(self):
        raw = world(COVERS, [machines("workstation", 5)], [])
        seat = {"id": "A", "lines": [line(3, product="SEAT")]}
        raw["clients"][0].update(read="fell", before=[seat])
        self.assertIsNone(row_of(raw, "SEAT"))
        raw["clients"][0]["agreements"] = [seat]
        self.assertEqual("underbilled", row_of(raw, "SEAT")["kind"])

    def test_a_minimum_stands_after_what_is_covered(self):
        rules = COVERS.replace("price = 10", "price = 10, minimum = 1")
        raw = world(rules, self.items, [line(3, product="SEAT"), line(2, "10", product="SRV", name="L2")])
        self.assertEqual(("1", {"covered": "-4", "minimum": "1"}), fields(row_of(raw, "SRV"), "should_bill", "explained"))

    def test_a_seat_holds_where_it_is_expected(self):
        rules = COVERS.replace("covers =", 'expected_at = ["managed"], covers =')
        raw = world(rules, self.items, [line(2, "10", product="SRV")], agreement={"type": "Managed "})
        self.assertEqual(("unbilled_usage", "3"), fields(row_of(raw, "SEAT"), "kind", "variance"))
        self.assertEqual("overbilled", row_of(raw, "SRV")["kind"])
        raw["rules"] += '[clients.1]\nnot_sold = ["SEAT"]\n'
        self.assertIsNone(row_of(raw, "SEAT"))
        self.assertEqual("underbilled", row_of(raw, "SRV")["kind"])


class Grants(unittest.TestCase):
    def test_units_for_each_that_should_be_billed(self):
        items = [machines("server", 7), machines("workstation", 3)]
        raw = world(GRANTS, items, [line(1, product="SEAT"), line(1, "10", product="SRV", name="L2")])
        self.assertEqual(("agrees", "7", {"granted": "-6"}), fields(row_of(raw, "SRV"), "kind", "counted", "explained"))
        self.assertEqual(("underbilled", "2"), fields(row_of(raw, "SEAT"), "kind", "variance"))

    def test_no_more_than_is_left_and_before_what_is_included(self):
        items = [machines("server", 3), machines("workstation", 3)]
        rules = GRANTS.replace("price = 10", "price = 10, included = 1, minimum = 2")
        raw = world(rules, items, [line(3, product="SEAT"), line(5, "10", product="SRV", name="L2")])
        self.assertEqual(("2", {"granted": "-3", "minimum": "2"}), fields(row_of(raw, "SRV"), "should_bill", "explained"))

    def test_the_ends_go_crosswise(self):
        items = [machines("server", 7), machines("workstation", 1), machines("workstation", 2, state="unknown:Zombie")]
        raw = world(GRANTS, items, [line(1, product="SEAT"), line(3, "10", product="SRV", name="L2")])
        self.assertEqual(("1", "5"), fields(row_of(raw, "SRV"), "at_least", "at_most"))
        self.assertEqual(("1", "3"), fields(row_of(raw, "SEAT"), "at_least", "at_most"))

    def test_packs_are_granted_as_packs(self):
        rules = GRANTS.replace("price = 10", "price = 10, pack = 2").replace("SRV = 2", "SRV = 1")
        items = [machines("server", 9), machines("workstation", 3)]
        raw = world(rules, items, [line(3, product="SEAT"), line(2, "10", product="SRV", name="L2")])
        self.assertEqual(("agrees", 2), fields(row_of(raw, "SRV"), "kind", "should_bill"))

    def test_a_flat_seat_grants_nobody_knows_how_many(self):
        items = [machines("server", 7), machines("workstation", 3)]
        raw = world(GRANTS, items, [line(1, product="SEAT", role="flat"), line(1, "10", product="SRV", name="L2")])
        self.assertEqual(("not_reconciled", "0", "7"), fields(row_of(raw, "SRV"), "kind", "at_least", "at_most"))

    def test_a_chain(self):
        rules = GRANTS + 'TOP = { count = "rmm.mobile", grants = { SEAT = 1 } }\n'
        items = [machines("server", 7), machines("workstation", 3), machines("mobile", 2)]
        raw = world(rules, items, [line(1, product="SEAT"), line(5, "10", product="SRV", name="L2"), line(2, product="TOP", name="L3")])
        self.assertEqual(("agrees", "1"), fields(row_of(raw, "SEAT"), "kind", "should_bill"))
        self.assertEqual(("agrees", "5"), fields(row_of(raw, "SRV"), "kind", "should_bill"))

    def test_two_agreements_each_with_its_own(self):
        items = [machines("server", 3, attributes={"site": "London"}), machines("server", 4, attributes={"site": "Boston"}, name="b"),
                 machines("workstation", 1, attributes={"site": "London"}), machines("workstation", 1, attributes={"site": "Boston"}, name="b")]
        rules = GRANTS + '[clients.1.agreements.B]\nSRV = { where = { site = "Boston" } }\nSEAT = { where = { site = "Boston" } }\n'
        raw = world(rules, items, [line(1, product="SEAT"), line(1, "10", product="SRV", name="L2")])
        raw["clients"][0]["agreements"].append({"id": "B", "lines": [line(1, product="SEAT", name="L3"), line(2, "10", product="SRV", name="L4")]})
        found = {row.get("agreement"): (row["kind"], row["should_bill"]) for row in outcome(raw)["rows"] if row["service"] == "SRV"}
        self.assertEqual({None: ("agrees", "1"), "B": ("agrees", "2")}, found)
        raw["rules"] = rules.replace('SEAT = { where = { site = "Boston" } }\n', "")
        found = {row.get("agreement"): (row["at_least"], row["at_most"]) for row in outcome(raw)["rows"] if row["service"] == "SRV"}
        self.assertEqual({None: ("0", "3"), "B": ("0", "4")}, found)


class Groups(unittest.TestCase):
    both = [line(1, product="FULL"), line(1, product="MAIL", name="L2")]

    def test_each_in_the_first_that_takes_it(self):
        raw = people(person("a", "SPB;EXC"), person("b", "EXC"), person("c", ""), lines=self.both)
        self.assertEqual(("agrees", "1", "1"), fields(row_of(raw, "FULL"), "kind", "counted", "gross"))
        self.assertEqual(("agrees", "1", "2", {"group": "-1"}), fields(row_of(raw, "MAIL"), "kind", "counted", "gross", "explained"))

    def test_only_services_that_hold_take(self):
        raw = people(person("a", "SPB;EXC"), person("b", "EXC"), lines=[line(2, product="MAIL")])
        self.assertEqual(("agrees", "2"), fields(row_of(raw, "MAIL"), "kind", "counted"))
        self.assertIsNone(row_of(raw, "FULL"))

    def test_where_none_stands_it_is_told_once(self):
        raw = people(person("a", "SPB;EXC"), person("b", "EXC"), person("c", ""), lines=[])
        self.assertEqual(("unbilled_usage", "2", "2", ""), fields(row_of(raw, "people"), "kind", "counted", "variance", "impact"))
        raw["rules"] += '[clients.1]\nFULL = { not_sold = "by themselves" }\n'
        self.assertEqual("2", row_of(raw, "people")["variance"])
        raw["rules"] += 'MAIL = { not_sold = "by themselves" }\n'
        self.assertIsNone(row_of(raw, "people"))

    def test_a_holder_whom_none_takes_widens_each(self):
        raw = people(person("a", "SPB"), person("b", "EXC"), person("h", "NONPROFIT"), person("n", ""), lines=self.both)
        for service in ("FULL", "MAIL"):
            self.assertEqual(("not_reconciled", "1", "2"), fields(row_of(raw, service), "kind", "at_least", "at_most"))
        raw["accounts"][0]["items"][2]["attributes"]["sign_in"] = "blocked"
        self.assertEqual("agrees", row_of(raw, "FULL")["kind"])

    def test_a_holder_of_a_service_that_does_not_hold_widens_the_others(self):
        raw = people(person("a", "SPB"), person("b", "EXC"), lines=[line(1, product="FULL")])
        self.assertEqual(("not_reconciled", "1", "2"), fields(row_of(raw, "FULL"), "kind", "at_least", "at_most"))

    def test_whom_the_group_leaves_out(self):
        rules = PEOPLE + 'except = [{ class = "guest" }, { not_seen_for_days = 90 }, { sign_in = "blocked" }]\n'
        old, edge = {**person("o", "SPB"), "last_seen": "2026-08-27"}, {**person("e", "SPB"), "last_seen": "2026-08-28"}
        raw = people(person("g", "SPB", **{"class": "guest"}), old, edge, person("x", "SPB", sign_in="blocked"), lines=[line(1, product="FULL")], rules=rules)
        raw["sources"][0]["words"]["user.sign_in"] = ["blocked"]
        self.assertEqual(("agrees", "1", "1"), fields(row_of(raw, "FULL"), "kind", "counted", "gross"))

    def test_missing_facts_of_a_group(self):
        rules = PEOPLE + 'except = [{ class = "guest" }]\n'
        unknown = person("a", "SPB")
        del unknown["attributes"]["class"]
        raw = people(unknown, lines=[line(1, product="FULL")], rules=rules)
        self.assertEqual(("1", "1"), fields(row_of(raw, "FULL"), "at_least", "at_most"))
        raw["rules"] = rules + 'unknown = "widens"\n'
        self.assertEqual(("0", "1"), fields(row_of(raw, "FULL"), "at_least", "at_most"))
        raw["rules"] = rules + 'unknown = "left_out"\n'
        self.assertEqual(("billed_without_usage", "0"), fields(row_of(raw, "FULL"), "kind", "at_most"))

    def test_an_earlier_service_that_may_hold(self):
        raw = people(person("a", "SPB;EXC"), person("b", "EXC"), lines=[line(1, product="FULL", to="2026-11-29"), line(1, product="MAIL", name="L2")])
        self.assertEqual(("1", "2"), fields(row_of(raw, "MAIL"), "at_least", "at_most"))

    def test_a_word_that_the_earlier_service_never_saw(self):
        rules = PEOPLE.replace('holds = "SPB"', 'holds = ["SPB", "SBP"]')
        raw = people(person("a", "SPB"), person("b", "EXC"), lines=self.both, rules=rules)
        self.assertEqual(("1", "none"), fields(row_of(raw, "FULL"), "at_least", "at_most"))
        self.assertEqual(("0", "1"), fields(row_of(raw, "MAIL"), "at_least", "at_most"))


class Replaces(unittest.TestCase):
    def test_the_old_sku_counts_as_the_new_one(self):
        rules = '[services]\nE3 = { count = "rmm.subscription", where = { sku = "NEW" }, replaces = { products = ["E3-OLD"], skus = ["OLD"] } }\n'
        items = [{"id": "1", "kind": "subscription", "sku": "NEW", "quantity": 10}, {"id": "2", "kind": "subscription", "sku": "OLD", "quantity": 5}]
        raw = world(rules, items, [line(12, product="E3-OLD"), line(2, product="E3", name="L2")], like="distributor")
        self.assertEqual(("underbilled", "15", "14", "1"), fields(row_of(raw, "E3"), "kind", "counted", "billed", "variance"))
        raw = copy.deepcopy(raw)
        raw["accounts"][0]["items"].pop()  # all have moved
        self.assertEqual(("10", "10"), fields(row_of(raw, "E3"), "at_least", "at_most"))


class Worlds(unittest.TestCase):
    def test_every_feature_is_drawn_and_matters(self):
        drawn = [worlds.world(16, index) for index in range(400)]
        for feature in ("[groups", "covers = [", "grants = {", "expected_at", "replaces", "skus", "except =", "not_seen_for_days"):
            self.assertGreaterEqual(sum(feature in raw["rules"] for raw in drawn), 8, feature)
        told = collections.Counter()
        for raw in drawn:
            for row in outcome(raw).get("rows", []):
                told.update([*row.get("explained", {}), row.get("service")])
        for reason in ("covered", "granted", "group", "people"):
            self.assertGreater(told[reason], 3, reason)


if __name__ == "__main__":
    unittest.main()
