"""Histories of exceptions, held against a naive second opinion: from all closings that lead to a run, not from month to month.

history.py ENGINE [--seed N] [--count K] [--keep FILE]

ENGINE is the example `history` of the reconciliation. Worlds are drawn: runs over some years with months that are skipped,
closed again, or only drafted; clients and services that come, go, move or are not known. A world that fails is kept.
"""
import argparse
import json
import random
import subprocess
import sys
import tempfile
from fractions import Fraction

UNDER = ("underbilled", "unbilled_usage", "ended_agreement_in_use")
OVER = ("overbilled", "billed_without_usage")
CHANGES = ("underbilled", "unbilled_usage", "overbilled", "billed_without_usage")
NOT_COMPARED = ("flat", "ignored", "listed", "internal")
CURRENCIES = ("GBP", "USD")
KEPT = 24
UNKNOWN, HERE = "unknown", "here"


# --- what is right -------------------------------------------------------------------------------------------------

def direction(kind):
    """Which way a row goes; None: it is no exception."""
    if kind in UNDER:
        return "under"
    if kind in OVER:
        return "over"
    return {"agreement_ending": "ending", "uncounted_line": "none"}.get(kind)


def ordinal(month):
    year, number = month.split("-")
    return int(year) * 12 + int(number)


def number(text):
    return Fraction(text) if text is not None else None


def figures(rows):
    """What the rows about one exception say together."""
    units, worth, invoiced = Fraction(0), [], {"lost": {}, "estimated": {}, "cost": {}}
    unpriced = False
    for row in rows:
        units += number(row.get("to_correct", row.get("variance", row["billed"])))
        money = row.get("monthly_impact") is not None and row.get("currency") is not None
        worth.append((row["currency"], number(row["monthly_impact"])) if money else None)
        for currency, amount in row.get("cost", {}).items():
            invoiced["cost"][currency] = invoiced["cost"].get(currency, 0) + number(amount)
        if row["kind"] in CHANGES and money:
            sums = invoiced["estimated" if row["is_estimated"] else "lost"]
            for change in row.get("changes", []):
                if change["invoiced"] == "this_run" and number(change.get("monthly_impact", "0")):
                    sums[row["currency"]] = sums.get(row["currency"], 0) + number(change["monthly_impact"])
        elif row["kind"] in CHANGES:
            unpriced = True
    one_currency = None not in worth and len({currency for currency, _ in worth}) == 1
    impact = (worth[0][0], sum(amount for _, amount in worth)) if one_currency else None
    return {"kind": rows[0]["kind"], "units": units, "impact": impact, "invoiced": invoiced, "unpriced": unpriced}


def sees(run, client_id, key):
    """What a run says of an exception: figures, the reason why it is not there, or that nobody knows."""
    client = next((one for one in run["clients"] if one["id"] == client_id), None)
    if client is None:
        return "client_gone" if run["is_whole"] else UNKNOWN
    service, section, way = key
    of_part = [row for row in client["rows"] if (row["service"], row.get("section")) == (service, section)]
    found = [row for row in of_part if "fault" not in row and direction(row["kind"]) == way]
    if found:
        return figures(found)
    if [service, section] in client["moved"] or any("fault" in row or row["kind"] == "not_reconciled" for row in of_part):
        return UNKNOWN
    kinds = {row["kind"] for row in of_part}
    if "agrees" in kinds:
        return "agrees"
    if "left_alone" in kinds:
        return "left_alone"
    if any(direction(kind) for kind in kinds):
        return "other_exception"
    if kinds:
        return "not_compared"
    if [service, section] in client["unknown"]:
        return UNKNOWN
    if service in run["rules"]:
        return "nothing_left"
    if service in run["products"]:
        return "other_rule"
    return "nothing_left" if way == "none" else "no_rule"


def counted(run, client_id, part):
    """The items of a part that count: a set, UNKNOWN, or None where there is nothing any more."""
    client = next((one for one in run["clients"] if one["id"] == client_id), None)
    if client is None:
        return None if run["is_whole"] else UNKNOWN
    rows = [row for row in client["rows"] if (row["service"], row.get("section")) == part and row["kind"] != "uncounted_line"]
    if any("fault" in row or row["kind"] == "not_reconciled" for row in rows):
        return UNKNOWN
    if rows:
        return {item["item_id"] for row in rows for item in row.get("items", []) if item["fate"] == "in"} or None
    return UNKNOWN if list(part) in client["moved"] or list(part) in client["unknown"] else None


def moved_items(of, client_id, row):
    """Who came and who went since the last closing that knew; None: nobody did."""
    part = (row["service"], row.get("section"))
    now = counted(of.run, client_id, part)
    if row["kind"] == "uncounted_line" or now == UNKNOWN:
        return None
    known = [(one.month, counted(one.run, client_id, part)) for one in of.chain[:-1]]
    known = [(month, items) for month, items in known if items != UNKNOWN]
    if not known or known[-1][1] is None:
        return None
    month, then = known[-1]
    came, went = sorted((now or set()) - then), sorted(then - (now or set()))
    return (month, came, went) if came or went else None


class Closing:
    """A run with the closings that lead to it, the oldest first."""

    def __init__(self, run, made):
        self.run, self.month = run, run["month"]
        earlier = [one for one in made if one.month < self.month]
        same = [one for one in made if one.month == self.month]
        self.parent = max(earlier, key=lambda one: (one.month, made.index(one)), default=None)
        self.sibling = same[-1] if same else None
        self.chain = (self.parent.chain if self.parent else []) + [self]
        self.numbers = {}

    def remembers(self, month):
        return ordinal(self.month) - ordinal(month) <= KEPT

    def all_keys(self):
        """Everything that any closing of the chain or this run has found."""
        for one in self.chain:
            for client in one.run["clients"]:
                for row in client["rows"]:
                    if "fault" not in row and direction(row["kind"]):
                        yield client["id"], (row["service"], row.get("section"), direction(row["kind"]))

    def stretches(self, client_id, key, length):
        """When it stood, by the first closings of the chain: each stretch as what was found when, and how it ended."""
        stretches = []
        for one in self.chain[:length]:
            seen = sees(one.run, client_id, key)
            is_open = bool(stretches) and stretches[-1]["closed"] is None
            if not is_open:
                # What is long over is forgotten when the next closing comes.
                if stretches and not one.remembers(stretches[-1]["closed"][0]):
                    stretches = []
            if isinstance(seen, dict):
                if not is_open:
                    stretches.append({"found": [], "closed": None})
                stretches[-1]["found"].append((one.month, seen))
            elif seen != UNKNOWN and is_open:
                stretches[-1]["closed"] = (one.month, seen)
        return stretches


def summed(found):
    """What several closings found on their own invoices."""
    total = {}
    for _, one in found:
        for name, sums in one["invoiced"].items():
            for currency, amount in sums.items():
                of = total.setdefault(name, {})
                of[currency] = of.get(currency, 0) + amount
    unpriced = sum(one["unpriced"] for _, one in found)
    return {**total, **({"unpriced_months": unpriced} if unpriced else {})}


def earlier(one):
    impact = one["impact"]
    return {"units": one["units"], **({"monthly_impact": impact} if impact else {})}


def moved(before, now):
    return any(before[name] != now[name] for name in ("kind", "units", "impact")) or before["invoiced"]["cost"] != now["invoiced"]["cost"]


def row_history(of, numbers, client_id, key):
    """What is said of an exception that stands, or of one of which nobody knows; None: it is not open."""
    now = sees(of.run, client_id, key)
    whole = of.stretches(client_id, key, len(of.chain))
    if not whole or whole[-1]["closed"]:
        return None
    stretch = whole[-1]["found"]
    told = {"number": numbers.get((client_id, key)), "since": stretch[0][0], "months_open": len(stretch), "state": "open",
            "so_far": summed(stretch[:-1])}
    if whole[0]["found"][0][0] != stretch[0][0]:
        told["first_month"] = whole[0]["found"][0][0]
    if now == UNKNOWN:
        return told
    if len(stretch) == 1:
        told["state"] = "new" if len(whole) == 1 else "reopened"
    elif moved(stretch[-2][1], stretch[-1][1]):
        told.update(state="changed", before=earlier(stretch[-2][1]))
    return told


def give_numbers(of, next_number):
    """The numbers that are known after a run; a draft (without a next number) gives out none."""
    kept = dict(of.parent.numbers) if of.parent else {}
    if of.sibling:
        for what, (given, _) in of.sibling.numbers.items():
            kept.setdefault(what, (given, of.month if what in of.sibling.seen else of.sibling.numbers[what][1]))
    numbers = {}
    for what, (given, reserved) in kept.items():
        before = of.stretches(*what, len(of.chain) - 1) if of.parent and what in of.parent.seen else []
        ended = before[-1]["closed"][0] if before and before[-1]["closed"] else None
        is_open = bool(before) and ended is None
        if is_open or of.remembers(ended or reserved):
            numbers[what] = (given, reserved)
    of.seen = {what for what in set(of.all_keys()) if of.stretches(*what, len(of.chain))}
    for what in sorted(of.seen, key=order):
        if what not in numbers and next_number is not None and isinstance(sees(of.run, *what), dict):
            numbers[what] = (next_number, of.month)
            next_number += 1
    of.numbers = numbers
    return {what: given for what, (given, _) in numbers.items()}, next_number


WAYS = ("under", "over", "ending", "none")


def order(what):
    client, (service, section, way) = what
    return client, service, section is not None, section or "", WAYS.index(way)


def right(world):
    """What each run should say."""
    made, next_number, told = [], 1, []
    for run in world["runs"]:
        of = Closing(run, made)
        numbers, after = give_numbers(of, next_number if run["is_closing"] else None)
        rows, closed, not_known = [], [], []
        for client in sorted(run["clients"], key=lambda one: one["id"]):
            for row in client["rows"]:
                part, way = (row["service"], row.get("section")), direction(row["kind"])
                history = None
                if "fault" not in row and way:
                    history = row_history(of, numbers, client["id"], (*part, way))
                elif row["kind"] == "not_reconciled":
                    of_ways = (row_history(of, numbers, client["id"], (*part, one)) for one in ("under", "over", "ending"))
                    history = next((one for one in of_ways if one), None)
                rows.append([client["id"], row["service"], row.get("section"), row["kind"], history])
        for what in sorted(of.seen, key=order):
            last, found = of.stretches(*what, len(of.chain))[-1], of.stretches(*what, len(of.chain))[-1]["found"]
            client, (service, section, way) = what
            one = {"service": service, "section": section, "direction": way, "number": numbers.get(what), "kind": found[-1][1]["kind"],
                   "since": found[0][0], "months_open": len(found), "last": earlier(found[-1][1]), "so_far": summed(found[:-1])}
            if last["closed"] and of.stretches(*what, len(of.chain) - 1)[-1:] and \
                    not of.stretches(*what, len(of.chain) - 1)[-1]["closed"]:
                closed.append([client, {**one, "because": last["closed"][1]}])
            elif not last["closed"] and sees(run, *what) == UNKNOWN:
                not_known.append([client, one])
        items = [moved_items(of, client["id"], row) for client in sorted(run["clients"], key=lambda one: one["id"])
                 for row in client["rows"]]
        told.append({"rows": rows, "closed": closed, "not_known": not_known, "next_number": after, "items": items})
        if run["is_closing"]:
            next_number = after
            made.append(of)
    return told


# --- what is said --------------------------------------------------------------------------------------------------

def exact(value, name=None):
    """The engine's JSON with fractions for amounts."""
    if isinstance(value, dict):
        if set(value) == {"amount", "currency"}:
            return value["currency"], Fraction(value["amount"])
        return {key: exact(one, key if name not in ("lost", "estimated", "cost") else "amount") for key, one in value.items()}
    return Fraction(value) if name in ("amount", "units") else value


def said(run):
    def history(one):
        return None if one is None else {"number": None, "so_far": {}, **exact(one)}
    def earlier_one(one):
        one = {"section": None, "so_far": {}, **exact(one)}
        del one["exception_id"]
        return one
    rows = [[*row[:4], history(row[4])] for row in run["rows"]]
    def items(one):
        ids = {name: [item["item_id"] for item in one.get(name, [])] for name in ("came", "went")}
        return one["since"][:7], ids["came"], ids["went"]
    moved = [items(one) if one else None for one in run.get("items", [])]
    found = {name: [[client, earlier_one(one)] for client, one in run[name]] for name in ("closed", "not_known")}
    return {"rows": rows, **found, "next_number": run["next_number"], "items": moved}


def difference(world, answer):
    """The first difference between what is right and what is said; None: there is none."""
    for place, (expected, told) in enumerate(zip(right(world), answer)):
        told = said(told)
        for name in ("closed", "not_known"):
            told[name].sort(key=lambda one: order((one[0], (one[1]["service"], one[1]["section"], one[1]["direction"]))))
        if expected["next_number"] != told["next_number"] and world["runs"][place]["is_closing"]:
            return place, "next_number", expected["next_number"], told["next_number"]
        for name in ("rows", "closed", "not_known", "items"):
            if len(expected[name]) != len(told[name]):
                return place, name, expected[name], told[name]
            for one, other in zip(expected[name], told[name]):
                if one != other:
                    return place, name, one, other
    return None


# --- worlds --------------------------------------------------------------------------------------------------------

SERVICES = ("A", "B", "PRODUCT")
KINDS = ("underbilled", "underbilled", "unbilled_usage", "overbilled", "billed_without_usage", "ended_agreement_in_use",
         "agreement_ending", "uncounted_line", "not_reconciled", "agrees", "agrees", "left_alone", "flat", "listed", "internal")


def amount(draw):
    return f"{draw.choice((10, 20, 30, 60))}.{draw.choice(('00', '5', '125'))}"


def drawn_row(draw, service, section, kind):
    row = {"service": service, "kind": kind, "billed": str(draw.randint(0, 3)), "is_estimated": draw.random() < 0.2}
    if section:
        row["section"] = section
    if draw.random() < 0.03:
        row.update(kind="not_reconciled", fault="too_many_digits")
        return row
    if direction(kind) and kind != "uncounted_line":
        row["to_correct"] = str(draw.choice((1, 2, 2, 3)) * (-1 if kind in OVER else 1))
    if kind in CHANGES:
        row["currency"] = draw.choice(("GBP", "GBP", "GBP", "USD"))
        if draw.random() < 0.9:
            parts = [amount(draw) for _ in range(draw.choice((1, 1, 2)))]
            sign = "-" if kind in OVER else ""
            row["changes"] = [{"from": "0", "to": "1", "monthly_impact": sign + part,
                               "invoiced": draw.choice(("this_run", "this_run", "later"))} for part in parts]
            row["monthly_impact"] = str(decimal(sum(Fraction(sign + part) for part in parts)))
    if kind not in ("uncounted_line", "flat", "internal") and draw.random() < 0.9:
        fates = {f"i{number}": draw.choice(("in", "in", "out", None)) for number in range(4)}
        row["items"] = [{"source": "rmm", "account_id": "a", "item_id": item, "fate": fate} for item, fate in fates.items() if fate]
    if kind == "ended_agreement_in_use" and draw.random() < 0.8:
        row["cost"] = {draw.choice(CURRENCIES): amount(draw)}
    return row


def decimal(value):
    whole = value * 1000
    assert whole.denominator == 1
    text = f"{abs(whole.numerator):04}"
    return f"{'-' if whole < 0 else ''}{text[:-3]}.{text[-3:]}"


def drawn_client(draw, number, steady):
    client = {"id": f"c{number}", "name": f"Client {number}", "rows": [], "unknown": [], "moved": []}
    for service in SERVICES:
        for section in (None, "York"):
            if section and draw.random() < 0.7:
                continue
            key = (number, service, section)
            if key not in steady or draw.random() < 0.35:
                steady[key] = (draw.choice(KINDS), draw.random())
            kind, seed = steady[key]
            # The same seed is the same row: most months nothing moves.
            still = random.Random(seed)
            luck = draw.random()
            if luck < 0.6:
                rows = [drawn_row(still, service, section, kind)]
                if still.random() < 0.08:
                    rows.append(drawn_row(still, service, section, still.choice(KINDS)))
                client["rows"] += rows
            elif luck < 0.7:
                client["unknown"].append([service, section])
            elif luck < 0.75:
                client["moved"].append([service, section])
    return client


def drawn_world(seed, index):
    draw = random.Random(f"history {seed} {index}")
    steady, runs, month = {}, [], ordinal("2025-01")
    for _ in range(draw.randint(2, 9)):
        step = draw.random()
        month += 0 if step < 0.2 else 1 if step < 0.85 else draw.choice((2, 3, 24, 25, 26))
        # Now and then an earlier month is looked at, or closed, again.
        back = draw.choice((1, 2)) if runs and draw.random() < 0.12 else 0
        at = month - back
        rules = [one for one in SERVICES[:2] if draw.random() < 0.93]
        clients = [drawn_client(draw, number, steady) for number in range(3) if draw.random() < 0.93]
        draw.shuffle(clients)
        runs.append({"month": f"{(at - 1) // 12:04}-{(at - 1) % 12 + 1:02}", "is_closing": draw.random() < 0.8,
                     "is_whole": draw.random() < 0.8, "rules": rules, "clients": clients,
                     "products": [one for one in SERVICES if one not in rules and draw.random() < 0.4]})
    return {"runs": runs}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engine")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--keep")
    asked = parser.parse_args()
    worlds = [drawn_world(asked.seed, index) for index in range(asked.count)]
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.writelines(json.dumps(world) + "\n" for world in worlds)
        file.flush()
        answers = subprocess.run([asked.engine, file.name], stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    assert len(answers) == len(worlds), f"{len(answers)} answers to {len(worlds)} worlds"
    failed, states = [], {}
    for world, answer in zip(worlds, answers):
        answer = json.loads(answer)
        found = difference(world, answer)
        for run in answer:
            for row in run["rows"]:
                if row[4]:
                    states[row[4]["state"]] = states.get(row[4]["state"], 0) + 1
            for name in ("closed", "not_known"):
                states[name] = states.get(name, 0) + len(run[name])
        if found:
            failed.append(world)
            if len(failed) <= 3:
                print("history: run {}, {}:\n  right {}\n  said  {}".format(*found))
    if failed and asked.keep:
        with open(asked.keep, "w") as kept:
            kept.writelines(json.dumps(world) + "\n" for world in failed)
    counts = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    print(f"history: {len(worlds)} histories, seed {asked.seed}: {len(failed)} differ ({counts})")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
