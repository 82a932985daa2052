#!/usr/bin/env python3
"""Says what is right in small worlds, as naively as possible, in exact fractions.

oracle.py WORLDS.jsonl writes one line of outcome for each world (the case format of tests/fixtures/cases).
It shares nothing with the product: what is unknown is settled in every way, and the least and the most are taken.
"""
import json
import multiprocessing
import sys
from fractions import Fraction

import seats
from counts import Candidates, SourceCount, TooMany, is_undecided, possible_accounts
from lines import Client, standing
from parts import Whole, commitment_keys, parts_of
from rulebook import Refused, World, number, word
from selection import Selection
from verdict import judge, stakes

MOVED_UNITS = 5  # below so many, two numbers are alike by chance
ORDINARY = ("underbilled", "unbilled_usage", "overbilled", "billed_without_usage")


def outcome(raw):
    """The outcome of one world: rows, totals, coverage; or `skipped` with why."""
    try:
        return Portfolio(World(raw)).outcome()
    except (Refused, TooMany) as why:
        return {"name": raw.get("name"), "skipped": f"{type(why).__name__} {why}".strip()}


class Portfolio:
    """All clients of a world."""

    def __init__(self, world):
        self.world, self.rules = world, world.rules
        self.clients = [Client(world, raw) for raw in world.clients]
        self.rows, self.coverage, self.totals = [], {}, {}
        self.compared = []  # (part, row) of every comparison

    def outcome(self):
        for client in self.clients:
            self.client(client)
        self.unmapped()
        self.moved()
        self.total()
        about = ("client", "service", "agreement", "kind", "source", "account", "to")
        rows = sorted(self.rows, key=lambda row: [row.get(key) or "" for key in about])
        return {
            "name": self.world.raw.get("name"),
            "rows": [shown(row) for row in rows],
            "totals": {currency: shown(total) for currency, total in sorted(self.totals.items())},
            "coverage": {currency: shown(shares) for currency, shares in sorted(self.coverage.items())},
        }

    # ---- one client

    def client(self, client):
        internal = self.rules.is_internal(client.raw, self.world.clients)
        for agreement in client.agreements:
            if agreement.get("amount") is not None and number(agreement["amount"]) >= 0 and client.stands(agreement) and agreement.get("cycle_months", 1) != "unknown":
                currency = agreement.get("currency") or self.rules.currency
                self.cover(currency, "ignored" if internal else "flat", number(agreement["amount"]) / agreement.get("cycle_months", 1))
        self.unread_revenue(client, internal)
        for code in sorted(self.rules.services):
            for part in parts_of(client, code):
                if part.holds is not False:
                    self.compare(part, internal)
        for name in sorted(self.rules.groups):
            self.group(client, name, internal)
        self.unnamed(client, internal)

    def unread_revenue(self, client, internal):
        """What was billed when that was last known, and was not read now: nobody compared it."""
        share, here = "ignored" if internal else "not_reconciled", {line.key for line in client.lines}
        gone = [line for line in client.all_lines(client.known_before) if line.key not in here and line.role in ("recurring", "flat")]
        for line in standing(gone, lambda line: client.looked_at(line.agreement)):
            price = line.monthly_price()
            if price is not None:
                self.cover(line.currency, share, price * line.billed)
        known = {agreement["id"] for agreement in client.agreements}
        for agreement in client.known_before:
            amount, cycle = agreement.get("amount"), agreement.get("cycle_months", 1)
            if agreement["id"] not in known and amount is not None and number(amount) >= 0 and client.stands(agreement) and cycle != "unknown":
                self.cover(agreement.get("currency") or self.rules.currency, share, number(amount) / cycle)

    def group(self, client, name, internal):
        """What the services of a group take, told once where a line of none stands."""
        parts = [part for code in self.rules.groups[name]["order"] for part in parts_of(client, code)]
        sold = [part.keys for part in parts if not any(part.keys.get(key) for key in ("not_sold", "flat", "ignore"))]
        if sold and all(part.holds is False for part in parts):
            self.compare(Whole(client, name, sold), internal)

    def compare(self, part, internal):
        side, keys = part.side, part.keys
        if internal:
            used = not (keys.get("flat") or keys.get("ignore") or "count" not in keys) and part.count()[0]["should"] > 0
            if side.lines or side.flat or used:
                self.simple(part, "internal")
            self.cover_all(part, side.lines + side.flat, "ignored")
        elif keys.get("flat") or keys.get("ignore"):
            kind = "ignored" if keys.get("ignore") else "flat"
            if side.lines or side.flat:
                self.simple(part, kind)
            self.cover_all(part, side.lines + side.flat, kind)
        elif side.flat and not side.lines:
            self.simple(part, "flat")
            self.cover_all(part, side.flat, "flat")
        elif "count" not in keys:
            raise Refused(f"{part.code}: no count")
        else:
            self.cover_all(part, side.flat, "flat")
            low, high = part.count()
            self.cover_compared(part, low, high)
            for row in judge(part, low, high, self.siblings_live(part)):
                self.rows.append(row)
                self.compared.append((part, row))

    def simple(self, part, kind):
        billed = sum((line.billed for line in part.side.lines + part.side.flat), Fraction(0))
        self.rows.append({"client": part.client.id, "service": part.code, "agreement": part.section, "kind": kind, "billed": billed})

    def siblings_live(self, part):
        """Whether another client, linked by parent or bill-to, has a live agreement and a line of the service; None: nobody knows."""
        mine, found = part.client, False
        for other in self.clients:
            if other is mine or not linked(mine, other):
                continue
            def lives(lines):
                return any(self.rules.service_of(line.product) in part.codes and other.is_live(line.agreement) for line in lines)
            if lives(other.lines):
                return True
            if other.read in ("failed", "partial") or lives(other.before):
                found = None
        return found

    def unnamed(self, client, internal):
        """Lines of products that no service names."""
        loose = [line for line in client.lines if line.role in ("recurring", "flat") and self.rules.service_of(line.product) is None]
        found = {}
        for line in standing(loose, lambda line: client.looked_at(line.agreement)):
            category = self.rules.categories.get(word(line.raw.get("category", "")), {})
            kind = "flat" if category.get("flat") or line.role == "flat" else "uncounted_line"
            kind = "internal" if internal else "ignored" if category.get("ignore") else kind
            share = {"internal": "ignored", "uncounted_line": "uncounted"}.get(kind, kind)
            price = line.monthly_price()
            if price is not None:
                self.cover(line.currency, share, price * line.billed)
            key = (line.product, kind)
            found[key] = found.get(key, Fraction(0)) + line.billed
        for (product, kind), billed in found.items():
            self.rows.append({"client": client.id, "service": product, "kind": kind, "billed": billed})

    # ---- accounts that nobody decided

    def unmapped(self):
        for account in self.world.accounts:
            if is_undecided(account) and self.world.source_is_read(account["source"]) and self.may_be_taken(account):
                self.rows.append({"source": account["source"], "account": account["id"], "kind": "unmapped_account"})

    def may_be_taken(self, account):
        """Whether some service, as it holds for all, may take an item of the account."""
        lone = dict(account, may_be=["?"])
        world = self.world
        before, world.accounts = world.accounts, [lone]
        try:
            for code, keys in self.rules.services.items():
                if "count" not in keys or keys.get("flat") or keys.get("ignore"):
                    continue
                counts = [(keys["count"], lambda *about, keys=keys, code=code: seats.for_all(world, code, *about, keys))]
                if isinstance(keys.get("commitment"), dict):
                    counts.append((keys["commitment"]["of"], lambda *about, keys=keys: Selection(world, *about, commitment_keys(keys), [])))
                for count, looked_at in counts:
                    parts = [part for part in self.rules.parts(count) if part["source"] == account["source"]]
                    if not parts:
                        continue
                    counted = SourceCount([looked_at(account["source"], parts)], Candidates(world, "?", account["source"]))
                    if any("taken" in reasons.values() for _, reasons, _ in counted.settlings):
                        return True
        finally:
            world.accounts = before
        return False

    # ---- clients that another has taken over

    def moved(self):
        """A service in use where the agreement ended, and about as much too many at one other client: one row for both."""
        used = [one for one in self.compared if one[1]["kind"] == "ended_agreement_in_use"]
        billed = [one for one in self.compared if one[1]["kind"] in ("overbilled", "billed_without_usage")]
        pairs = [(one, other) for one in used for other in billed if self.is_moved(one, other)]
        told = set()
        for one, other in sorted(pairs, key=lambda pair: (pair[0][0].client.id, pair[0][0].code, pair[0][0].section is None)):
            if sum(one is used or other is billed for used, billed in pairs) > 1:
                continue  # which of them moved is not known
            for part, row in (one, other):
                self.rows = [left for left in self.rows if left is not row]
                self.compared = [left for left in self.compared if left[1] is not row]
            clients = one[0].client.id, other[0].client.id
            if clients not in told:
                told.add(clients)
                self.rows.append({"client": clients[0], "service": one[0].code, "to": clients[1], "kind": "moved"})

    @staticmethod
    def is_moved(used, billed):
        (part, row), (there, over) = used, billed
        if part.code != there.code or part.client is there.client:
            return False
        more, less = row["variance"], -over["variance"]
        return linked(part.client, there.client) or (more >= MOVED_UNITS and abs(more - less) <= more / 10)

    # ---- sums

    def cover(self, currency, share, amount):
        shares = self.coverage.setdefault(currency, dict.fromkeys(("compared", "not_reconciled", "flat", "uncounted", "ignored"), Fraction(0)))
        shares[share] += amount

    def cover_all(self, part, lines, share):
        for line, amount in part.value.revenue(lines):
            if amount is not None:
                self.cover(line.currency, share, amount)

    def cover_compared(self, part, low, high):
        """The part of each line's revenue that lies between the ends is not reconciled, the rest was compared."""
        side, value = part.side, part.value
        billed = side.total(side.lines)
        down = {}
        if side.lines:
            once = min(billed, side.extra)  # not recurring: no more than the lines' own units is uncertain
            sure = value.amounts(value.change(max(once, min(billed, low["should"]))))
            near = value.amounts(value.change(billed if high is None else max(once, min(billed, high["should"]))))
            for found, sign in ((sure, -1), (near, 1)):
                for line, amount, _ in found:
                    if amount is not None:
                        down[line.currency] = down.get(line.currency, Fraction(0)) + sign * amount
        self.cover_all(part, side.lines, "compared")
        for currency, amount in down.items():
            self.cover(currency, "not_reconciled", amount)
            self.cover(currency, "compared", -amount)

    def total(self):
        def of(currency):
            names = ("add", "reduce", "clean_up", "not_reconciled_up", "not_reconciled_down", "later_add", "later_reduce",
                     "add_estimated", "reduce_estimated", "later_add_estimated", "later_reduce_estimated")
            return self.totals.setdefault(currency, dict.fromkeys(names, Fraction(0)))
        for part, row in self.compared:
            for currency, amount in row.get("clean_up", []) if row["kind"] == "ended_agreement_in_use" else []:
                of(currency)["clean_up"] += amount
            if row["kind"] in ORDINARY and row["impact"] is not None:
                more = row["impact"] > 0  # by volume, more units can be less money
                for (line, units), (_, amount, _) in zip(row["change"], row["amounts"]):
                    later = "later_" if part.value.when(line, units)[0] == "later" else ""
                    name = later + ("add" if more else "reduce") + ("_estimated" if row["basis"] == "estimated" else "")
                    of(row["currency"])[name] += amount if more else -amount
            if row.get("stake_down") not in (None, "none") and row["currency"]:
                of(row["currency"])["not_reconciled_down"] += row["stake_down"]
        for row in self.dearest():
            if row.get("stake_up") not in (None, "none") and row["currency"]:
                of(row["currency"])["not_reconciled_up"] += row["stake_up"]
        self.totals = {currency: total for currency, total in self.totals.items() if any(total.values())}

    def dearest(self):
        """The rows again, with each undecided account only at the client where it is dearest."""
        keeps, shared = {}, False
        for client in self.clients:
            for source_id in self.world.sources:
                keeps[client.id, source_id] = {account["id"] for account in possible_accounts(self.world, client.id, source_id)}
        moved = set()
        for source_id in self.world.sources:
            for account in [one for one in self.world.accounts if one["source"] == source_id and is_undecided(one)]:
                holders = [client for client in self.clients if account["id"] in keeps[client.id, source_id]]
                if len(holders) < 2:
                    continue
                dear = max(holders, key=lambda client: (self.gain(client, source_id, account["id"]), [-ord(char) for char in client.id]))
                for client in holders:
                    if client is not dear:
                        moved.add((client.id, source_id, account["id"]))
        if not moved:
            return [row for _, row in self.compared]
        for client_id, source_id, account_id in moved:
            keeps[client_id, source_id].discard(account_id)
        rows = []
        for part, row in self.compared:
            if row["kind"] == "agreement_ending" or not any(one[0] == part.client.id for one in moved):
                rows.append(row)
                continue
            rows.append({**row, "stake_up": self.stake_with(part, row, self.kept(part.client.id, keeps))})
        return rows

    def kept(self, client_id, keeps):
        return {account for (client, _), accounts in keeps.items() if client == client_id for account in accounts}

    def stake_with(self, part, row, allowed):
        """What a row has at stake upwards if only these undecided accounts may be the client's."""
        if row.get("stake_up") in (None, "none"):
            return row.get("stake_up")
        # what is sure stays what the row says
        return stakes(part, row["kind"], part.count()[0], part.count(allowed)[1])[0]

    def gain(self, client, source_id, account_id):
        """By how much the client's stakes upwards fall without an account: in the home currency first, then the others."""
        gained = {}
        everything = {account["id"] for account in self.world.accounts}
        for part, row in self.compared:
            if part.client is not client or row["kind"] == "agreement_ending" or row.get("stake_up") in (None, "none"):
                continue
            without = self.stake_with(part, row, everything - {account_id})
            if without != "none" and row["currency"]:
                gained[row["currency"]] = gained.get(row["currency"], Fraction(0)) + row["stake_up"] - without
        home = gained.pop(self.rules.currency, Fraction(0))
        return [home] + [gained[currency] for currency in sorted(gained)]


def linked(one, other):
    """Whether two clients are linked by a parent or a bill-to, in either direction."""
    def names(client):
        return {client.id} | {agreement["id"] for agreement in client.agreements}
    for mine, theirs in ((one, other), (other, one)):
        for agreement in mine.agreements:
            if agreement.get("bill_to") == theirs.id or agreement.get("parent") in names(theirs):
                return True
    return False


# ---- as JSON

FIELDS = ("client", "service", "agreement", "source", "account", "to", "kind", "counted", "at_least", "at_most", "billed", "should_bill", "variance",
          "to_correct", "left_alone", "explained", "gross", "peak_on", "impact", "currency", "basis", "stake_up", "stake_down", "when", "due")


def text(value):
    """A number as plain decimal text, rounded half away from zero at 12 places."""
    if isinstance(value, Fraction):
        scaled = value * 10 ** 12
        whole = abs(scaled.numerator) * 2 // scaled.denominator
        whole = (whole + 1) // 2 * (1 if scaled >= 0 else -1)
        digits = str(abs(whole)).rjust(13, "0")
        shown_text = (digits[:-12] + "." + digits[-12:]).rstrip("0").rstrip(".")
        return "-" + shown_text if whole < 0 else shown_text
    if isinstance(value, dict):
        return {key: text(one) for key, one in sorted(value.items())}
    return value.isoformat() if hasattr(value, "isoformat") else value


def shown(table):
    if "kind" not in table:
        return {key: text(value) for key, value in table.items()}
    out = {key: text(table[key]) for key in FIELDS if table.get(key) is not None}
    if table["kind"] in ORDINARY and table.get("impact") is None:
        out["impact"] = ""
    return out


def from_line(line):
    raw = json.loads(line)
    try:
        found = outcome(raw)
    except Exception as error:  # told as what it is; the worlds after it go on
        found = {"name": raw.get("name"), "error": repr(error)}
    return json.dumps(found, ensure_ascii=False)


def outcomes(lines):
    """The outcomes of many worlds, in their order, with all cores."""
    with multiprocessing.Pool() as pool:
        yield from pool.imap(from_line, lines, chunksize=16)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: oracle.py WORLDS.jsonl")
    with open(sys.argv[1], encoding="utf-8") as file:
        for line in outcomes(file):
            print(line)


if __name__ == "__main__":
    main()
