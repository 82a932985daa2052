"""Tests of the naive second opinion on histories: months worked by hand."""
import unittest

import history


def run(month, *rows, closing=True, unknown=(), **more):
    client = {"id": "c1", "name": "Alder", "rows": list(rows), "unknown": [list(one) for one in unknown], "moved": []}
    return {"month": month, "is_closing": closing, "is_whole": True, "rules": ["SRV"], "products": [], "clients": [client], **more}


def under(units, amount, when="this_run"):
    return {"service": "SRV", "kind": "underbilled", "billed": "1", "is_estimated": False, "to_correct": str(units), "currency": "GBP",
            "monthly_impact": str(amount), "changes": [{"from": "0", "to": "1", "monthly_impact": str(amount), "invoiced": when}]}


def short(told):
    return [(row[4]["number"], row[4]["state"], row[4]["months_open"], row[4]["so_far"].get("lost", {}).get("GBP", 0))
            for row in told["rows"] if row[4]]


class Histories(unittest.TestCase):
    def test_a_month_counts_once_by_its_last_closing(self):
        runs = [run("2026-01", under(2, 60)), run("2026-02", under(9, 900)), run("2026-02", under(2, 50)),
                run("2026-02", under(2, 70), closing=False), run("2026-03", under(2, 50))]
        told = history.right({"runs": runs})
        self.assertEqual([(1, "new", 1, 0)], short(told[0]))
        self.assertEqual([(1, "changed", 2, 60)], short(told[3]))
        self.assertEqual([(1, "open", 3, 110)], short(told[4]))

    def test_what_nobody_knows_neither_closes_nor_ages(self):
        told = history.right({"runs": [run("2026-01", under(2, 60)), run("2026-02", unknown=[("SRV", None)]), run("2026-03", under(2, 60)),
                                       run("2026-04"), run("2026-05", under(1, 30))]})
        self.assertEqual([], told[1]["closed"])
        self.assertEqual([(1, 1, {})], [(one["number"], one["months_open"], one["so_far"]) for _, one in told[1]["not_known"]])
        self.assertEqual([[], [], []], [told[at]["not_known"] for at in (0, 2, 3)])
        self.assertEqual([(1, "open", 2, 60)], short(told[2]))
        self.assertEqual(["nothing_left"], [one["because"] for _, one in told[3]["closed"]])
        self.assertEqual([(1, "reopened", 1, 0)], short(told[4]))

    def test_who_came_and_who_went(self):
        def items(*ids):
            return [{"source": "rmm", "account_id": "a", "item_id": one, "fate": "in"} for one in ids]
        months = [("2026-01", items("one", "two")), ("2026-02", None), ("2026-03", items("one", "new"))]
        runs = [run(month, {**under(2, 60), "items": of}) if of else run(month, unknown=[("SRV", None)]) for month, of in months]
        told = history.right({"runs": runs})
        self.assertEqual([[None], [], [("2026-01", ["new"], ["two"])]], [one["items"] for one in told])

    def test_a_difference_is_found(self):
        world = {"runs": [run("2026-01", under(2, 60))]}
        answer = [{"rows": [["c1", "SRV", None, "underbilled", {"number": 1, "state": "new", "since": "2026-01", "months_open": 1}]],
                   "closed": [], "not_known": [], "next_number": 2, "items": [None]}]
        self.assertIsNone(history.difference(world, answer))
        answer[0]["rows"][0][4]["months_open"] = 2
        self.assertEqual("rows", history.difference(world, answer)[1])


if __name__ == "__main__":
    unittest.main()
