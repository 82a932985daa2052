#!/usr/bin/env python3
"""Holds the review of the agreements by themselves against a naive one, on random worlds without any usage.

review.py BINARY [--seed N] [--count K] [--keep FILE]
Every finding with its agreements, lines, prices and what is at stake must be the same, in whatever order clients, agreements
and lines come. Exit code 1 if anything differs.
"""
import collections
import datetime
import json
import random
import statistics
import sys
from fractions import Fraction

import compare
import engine
from lines import Client, ONE_DAY
from oracle import linked
from rulebook import Refused, World, day, holds_on, in_section, months_later, number, word
from worlds import toml

BATCH = 250
FIELDS = ("monthly", "currency", "day", "price", "against", "others")


# ---- what is right


def days(count):
    return datetime.timedelta(days=count)


def newest(lines, at=None):
    """Of each line the row that begins last, of those that have begun."""
    found = {}
    for line in lines:
        if at is None or line.begin is None or line.begin <= at(line):
            found.setdefault(line.key, []).append(line)
    for rows in found.values():
        last = max(row.row_begin or datetime.date.min for row in rows)
        rows = [row for row in rows if (row.row_begin or datetime.date.min) == last]
        if len(rows) > 1:
            raise Refused("two rows of a line begin on one day")
        yield rows[0]


def standing(lines, at):
    return [row for row in newest(lines, at) if row.end is None or row.end >= at(row)]


class Review:
    """What one client's agreements say by themselves."""

    def __init__(self, all_clients, client, prices):
        self.all, self.client, self.prices = all_clients, client, prices
        self.world, self.rules = client.world, client.world.rules
        self.recurring = [line for line in client.lines if line.role in ("recurring", "flat")]
        first = standing(self.recurring, lambda line: client.days_looked_at(line.agreement)[0])
        last = standing(self.recurring, lambda line: client.days_looked_at(line.agreement)[-1])
        self.stands = [line for line in first if line in last and not self.is_left_out(line)]
        self.linked = [other for other in all_clients if other is not client and linked(client, other)]
        self.whole = all(one.read == "complete" for one in [client, *self.linked])
        self.around = [line for one in [client, *self.linked] for line in one.lines
                       if line.role in ("recurring", "flat") and not line.is_credit]

    def rule(self, code, agreement):
        """What holds of a service on an agreement, and whether its price is the client's own."""
        at = self.client.looked_at(agreement)
        table = self.rules.client_table(self.client.raw, None)
        sections = table.get("agreements", {})
        section = next((one for name, one in sections.items() if word(name) == word(agreement["id"])),
                       next((one for name, one in sections.items() if word(name) == word(agreement.get("name", agreement["id"]))), {}))
        of_type = self.rules.file.get("agreement_types", {}).get(agreement.get("type"), {})
        holds = dict(self.rules.services[code])
        own = False
        for place, layer in enumerate([of_type, table, section]):
            keys = holds_on(in_section(layer, code), at)
            if "price" in keys:
                holds.pop("price_from", None)
                own = place > 0
            if {"flat", "ignore", "count"} & set(keys):
                holds = {key: value for key, value in holds.items() if key not in ("flat", "ignore", "count")}
            holds.update(keys)
        return holds, own

    def rule_of(self, line):
        code = self.rules.service_of(line.product)
        return ({}, False) if code is None else self.rule(code, line.agreement)

    def thing(self, line):
        code = self.rules.service_of(line.product)
        return ("service", code) if code else ("product", word(line.product))

    def is_left_out(self, line):
        if self.rules.service_of(line.product):
            return "ignore" in self.rule_of(line)[0]
        return "ignore" in self.rules.categories.get(word(line.raw.get("category", "")), {})

    def bills(self, line):
        return (line.quantity != 0 and line.billed != 0 and not self.is_left_out(line) and not line.free
                and (line.raw.get("price") is None or number(line.raw["price"]) != 0))

    def header(self, agreement):
        """(currency, monthly or None) of what an agreement bills by itself."""
        if agreement.get("amount") is None or number(agreement["amount"]) <= 0:
            return None
        cycle = agreement.get("cycle_months", 1)
        return agreement.get("currency") or self.rules.currency, None if cycle == "unknown" else number(agreement["amount"]) / cycle

    def finding(self, kind, product=None, agreements=(), lines=(), monthly=None, **more):
        """`monthly`: (currency, amount) of all that is at stake."""
        found = {"kind": kind, "client": self.client.id, "product": product,
                 "agreements": [one["id"] for one in agreements], "lines": [line.id for line in sorted(lines, key=lambda line: line.key)]}
        monthly = list(monthly or [])
        if monthly and len({currency for currency, _ in monthly}) == 1 and all(amount is not None for _, amount in monthly):
            found.update(currency=monthly[0][0], monthly=sum(amount for _, amount in monthly))
        return {**found, **more}

    def amounts(self, lines):
        prices = [(line, line.monthly_price()) for line in lines]
        return [(line.currency, None if price is None else price * line.billed) for line, price in prices]

    def findings(self):
        for agreement in self.client.agreements:
            yield from self.not_renewed(agreement)
            yield from self.superseded(agreement)
            yield from self.not_prorated(agreement)
        yield from self.of_lines()
        if self.whole:
            yield from self.not_continued()
            yield from self.expected()

    def not_renewed(self, agreement):
        end, begin = day(agreement.get("to")), day(agreement.get("from")) or datetime.date.min
        if not self.whole or end is None or not self.world.count_day <= end < self.world.next_closing or begin > end:
            return
        own = [line for line in self.recurring if line.agreement is agreement]
        lines = [line for line in standing(own, lambda _: end) if not line.is_credit and self.bills(line)]
        others = [line for line in self.around if line.agreement["id"] != agreement["id"] and (line.end is None or line.end > end)]
        lines = [line for line in lines if not any(
            self.thing(other) == self.thing(line) and other.age > line.age for other in others)]
        for one in [self.client, *self.linked]:
            for later in one.agreements:
                starts = day(later.get("from"))
                if later["id"] == agreement["id"] or starts is None or starts <= begin or starts < end - days(62):
                    continue
                until = day(later.get("to"))
                if any(line.agreement["id"] == later["id"] for line in others) or (self.header(later) and (until is None or until > end)):
                    return
        header = self.header(agreement)
        if lines or header:
            yield self.finding("agreement_not_renewed", None, [agreement], lines, self.amounts(lines) + ([header] if header else []), day=end)

    def on(self, agreement):
        return [line for line in self.stands if line.agreement is agreement and not line.is_credit and self.bills(line)]

    def is_apart(self, agreement):
        names = {word(name) for name in self.rules.client_table(self.client.raw, None).get("agreements", {})}
        return word(agreement["id"]) in names or word(agreement.get("name", agreement["id"])) in names

    def superseded(self, older):
        def units(agreement):
            found = collections.Counter()
            for line in self.on(agreement):
                found[self.thing(line), line.currency] += line.billed
            return found

        def letters(agreement):
            return "".join(char for char in agreement.get("name", agreement["id"]).lower() if char.isalpha())
        mine, header = units(older), self.client.stands(older) and self.header(older)
        if not (mine or header) or self.is_apart(older):
            return
        found = []
        for newer in self.client.agreements:
            theirs, starts = units(newer), day(newer.get("from"))
            if (newer["id"] == older["id"] or starts is None or starts <= (day(older.get("from")) or datetime.date.min)
                    or newer.get("parent") == older["id"] or older.get("parent") == newer["id"]
                    or newer.get("bill_to") != older.get("bill_to") or self.is_apart(newer) or not self.client.stands(newer)
                    or (header and not self.header(newer)) or not set(mine) <= set(theirs)):
                continue
            alike = len(mine) > 1 and all(theirs[thing] == mine[thing] for thing in mine)
            if alike or (letters(newer) and letters(newer) == letters(older)):
                found.append((starts, newer["id"], newer))
        if found:
            newer = max(found, key=lambda one: one[:2])[2]
            lines = self.on(older)
            yield self.finding("agreement_superseded", None, [older, newer], lines, self.amounts(lines) + ([header] if header else []))

    def not_prorated(self, agreement):
        cycle, given = agreement.get("cycle_months", 1), self.client.next_invoice(agreement)
        if agreement.get("prorates") is not False or cycle == "unknown" or (cycle > 1 and given is None):
            return
        invoice = given or months_later(self.world.count_day.replace(day=1), 1)
        begin, end = self.client.period(agreement)
        starts, stops = day(agreement.get("from")), day(agreement.get("to"))
        lines, changes = [], set()
        for line in self.client.lines:
            if line.agreement is not agreement or line.role != "recurring" or line.is_credit or not self.bills(line):
                continue
            first, last = day(line.raw.get("from")), day(line.raw.get("to"))
            found = set()
            if first and (starts is None or first > starts):
                found.add(first)
            if last and (stops is None or last < stops):
                found.add(last + ONE_DAY)
            found = {one for one in found if begin < one < end and one != invoice}
            typed = any(other.agreement is agreement and other.role == "proration" and self.thing(other) == self.thing(line)
                        and (other.row_begin is None or begin <= other.row_begin < end) for other in self.client.lines)
            if found and not typed:
                lines.append(line)
                changes |= found
        if lines:
            yield self.finding("change_not_prorated", None, [agreement], lines, day=min(changes))

    def of_lines(self):
        zero = {}
        for line in self.stands:
            price = None if line.raw.get("price") is None else number(line.raw["price"])
            label = self.rules.service_of(line.product) or line.product
            rule, _ = self.rule_of(line)
            later = [other for other in self.client.lines if other.key == line.key
                     and (other.row_begin or datetime.date.min) > (line.row_begin or datetime.date.min)]
            if line.is_credit and line.end is None and not line.free:
                [(currency, amount)] = self.amounts([line])
                if (amount is None and line.quantity < 0) or (amount is not None and amount < 0):
                    yield self.finding("credit_without_end", label, [line.agreement], [line], [(currency, None if amount is None else -amount)])
            sold = line.role == "recurring" and not line.free and not line.is_credit
            if not sold:
                continue
            if line.quantity == 0 or price == 0:
                typed = any(number(other.raw["quantity"]) != 0 and (other.raw.get("price") is None or number(other.raw["price"]) != 0) for other in later)
                included = line.quantity > 0 and (line.billed == 0 or number(rule.get("included", 0)) >= line.quantity)
                if not typed and not (line.quantity == 0 and rule.get("not_sold")) and not included:
                    zero.setdefault(line.agreement["id"], []).append(line)
            if not price or line.cycle == "unknown" or line.billed <= 0:
                continue
            monthly = price / line.cycle
            if line.raw.get("cost") is not None and number(line.raw["cost"]) > price and line.currency == self.rules.currency:
                cost = number(line.raw["cost"]) / line.cycle
                yield self.finding("price_below_cost", label, [line.agreement], [line], [(line.currency, (cost - monthly) * line.billed)], price=monthly, against=cost)
            plans = [(day(key), number(each)) for key, each in rule.get("price_from", {}).items() if day(key) <= self.client.looked_at(line.agreement)]
            if plans and not rule.get("not_sold") and line.currency == rule.get("currency", self.rules.currency):
                start, each = max(plans)
                raised = any(other.raw.get("price") is not None and number(other.raw["price"]) / line.cycle >= each for other in later)
                if monthly < each and not raised:
                    yield self.finding("increase_not_applied", label, [line.agreement], [line], [(line.currency, (each - monthly) * line.billed)],
                                       price=monthly, against=each, day=start)
            yield from self.unusual(line, monthly, label)
        for lines in zero.values():
            yield self.finding("billed_at_zero", None, [lines[0].agreement], lines)

    def own_price(self, line):
        """The line's price a month, if others' can be held against it."""
        price = None if line.raw.get("price") is None else number(line.raw["price"])
        rule, own = self.rule_of(line)
        sold = line.role == "recurring" and not line.free and not line.is_credit and line.billed > 0
        if not sold or not price or line.cycle == "unknown" or "flat" in rule or ("price" in rule and own):
            return None
        return price / line.cycle

    def pays(self):
        """The newest line's price of each product and currency."""
        found = {}
        for line in sorted(self.stands, key=lambda line: (line.age, line.id, line.agreement["id"])):
            if self.own_price(line) is not None:
                found[word(line.product), line.currency] = self.own_price(line)
        return found

    def unusual(self, line, monthly, label):
        if self.own_price(line) is None:
            return
        others = [paid[word(line.product), line.currency] for client, paid in self.prices.items()
                  if client != self.client.id and (word(line.product), line.currency) in paid]
        if len(others) < 5:
            return
        median = statistics.median(others)
        near = [one for one in others if median * Fraction(9, 10) <= one <= median * Fraction(11, 10)]
        if (monthly < median * Fraction(2, 3) or monthly > median * Fraction(3, 2)) and 2 * len(near) >= len(others):
            yield self.finding("unusual_price", label, [line.agreement], [line], [(line.currency, abs(median - monthly) * line.billed)],
                               price=monthly, against=median, others=len(others))

    def not_continued(self):
        today = self.world.count_day
        lives = any(self.client.is_live(one) and (any(line.agreement is one for line in self.stands) or (self.header(one) and self.client.stands(one)))
                    for one in self.client.agreements)
        if not lives:
            return
        ended = {}
        for line in newest([line for line in self.recurring if not line.is_credit]):
            if line.end is not None and months_later(today, -12) <= line.end < today:
                ended.setdefault(self.thing(line), []).append(line)
        for thing, lines in ended.items():
            last = max(line.end for line in lines)
            lines = [line for line in lines if line.end == last and self.bills(line) and not self.rule_of(line)[0].get("not_sold")]
            billed = any(self.thing(line) == thing and (line.end is None or line.end >= today) for line in self.around)
            if not lines or billed:
                continue
            units = sum(line.billed for line in lines)
            replaced = any(
                line.begin is not None and last - days(31) <= line.begin <= last + days(31) and not line.is_credit
                and (line.end is None or line.end >= today) and line.billed >= units
                and not any(self.thing(other) == self.thing(line) and other.age < line.age for other in self.recurring)
                for line in self.recurring)
            if not replaced:
                agreements = {line.agreement["id"]: line.agreement for line in lines}
                yield self.finding("line_not_continued", self.rules.service_of(lines[0].product) or lines[0].product,
                                   [agreements[key] for key in sorted(agreements)], lines, self.amounts(lines), day=last)

    def expected(self):
        for code, service in self.rules.services.items():
            kinds = {word(kind) for kind in service.get("expected_at", [])}
            lacking = []
            for agreement in self.client.agreements:
                rule = self.rule(code, agreement)[0]
                at = self.client.looked_at(agreement)
                if (word(agreement.get("type", "")) in kinds and self.client.is_live(agreement) and self.client.stands(agreement)
                        and not rule.get("not_sold") and "ignore" not in rule
                        and not any(self.rules.service_of(line.product) == code and (line.end is None or line.end >= at) for line in self.around)):
                    lacking.append(agreement)
            if lacking:
                yield self.finding("expected_service_missing", code, sorted(lacking, key=lambda one: one["id"]))


def review(raw):
    """Every finding of a world; None: this review does not know what is right there."""
    try:
        world = World(raw)
        clients = [Client(world, one) for one in world.clients]
        looked_at = [one for one in clients if one.read != "failed" and not world.rules.is_internal(one.raw, None)]
        prices = {one.id: Review(clients, one, {}).pays() for one in looked_at}
        return [found for one in looked_at for found in Review(clients, one, prices).findings()]
    except Refused:
        return None


# ---- random worlds


TODAY = datetime.date(2026, 11, 26)
STARTS = [None, None, None, "2024-03-01", "2025-12-01", "2026-01-31", "2026-10-15", "2026-11-01", "2026-11-10", "2026-12-01", "2026-12-05", "2027-01-01"]
ENDS = [None, None, None, None, None, "2025-11-25", "2025-11-26", "2026-05-31", "2026-11-09", "2026-11-25", "2026-11-26", "2026-11-30", "2026-12-25", "2026-12-26", "2027-06-30"]
NAMES = ["Managed 2025", "Managed 2026", "Care", "Boston", "2026"]


class Maker:
    """One random world of agreements."""

    def __init__(self, seed, index):
        self.draw = random.Random(f"review/{seed}/{index}")
        self.name = f"{seed}-{index}"
        self.usual = {product: self.draw.choice([["30"], ["30", "31", "29.5"], ["10", "20", "30", "45", "90"]]) for product in ("S1", "S2", "S3", "P1", "P2")}

    def chance(self, share):
        return self.draw.random() < share

    def some(self, **keys):
        """The keys that are not None."""
        return {key.rstrip("_"): value for key, value in keys.items() if value is not None}

    def line(self, number):
        product = self.draw.choice(["S1", "S1", "S2", "S3", "P1", "P1", "P2"])
        price = self.draw.choice(self.usual[product]) if self.chance(0.8) else self.draw.choice(["0", "9", "15", "60", "360", "-5", "0.333", "20"])
        start = self.draw.choice(STARTS) if self.chance(0.5) else None
        found = self.some(
            id=f"L{number}", product=product.lower() if self.chance(0.1) else product,
            quantity=self.draw.choice([1, 2, 2, 5, 10, 10, "2.5", 0, -1]) if self.chance(0.9) else 3,
            price=price if self.chance(0.95) else None, cost=self.draw.choice(["8", "30", "31", "400"]) if self.chance(0.3) else None,
            role=self.draw.choice(["flat", "credit", "proration", "one_time"]) if self.chance(0.12) else None,
            status=self.draw.choice(["do_not_bill", "no_charge"]) if self.chance(0.08) else None,
            category=self.draw.choice(["Projects", "Care"]) if self.chance(0.2) else None,
            currency="EUR" if self.chance(0.05) else None, less_included=self.draw.choice([1, 2, 10]) if self.chance(0.07) else None,
            from_=start, to=self.draw.choice(ENDS) if self.chance(0.4) else None)
        rows = [found]
        if self.chance(0.08):
            later = {**found, "from": self.draw.choice(["2026-11-12", "2026-12-06", "2027-02-01"]), "quantity": 4, "price": self.draw.choice(["33", "0", "30"])}
            rows += [later] if later["from"] != start else []
        return rows

    def agreement(self, number, clients):
        lines = [row for at in range(self.draw.choice([0, 1, 1, 2, 2, 3, 4])) for row in self.line(at)]
        return self.some(
            id=f"A{number}", name=self.draw.choice(NAMES) if self.chance(0.8) else None, type=self.draw.choice(["Managed", "Block"]) if self.chance(0.6) else None,
            from_=self.draw.choice(STARTS), to=self.draw.choice(ENDS), prorates=self.draw.choice([True, False, False]) if self.chance(0.6) else None,
            cycle_months=self.draw.choice([1, 3, 12, "unknown"]) if self.chance(0.25) else None,
            next_invoice_date=self.draw.choice(["2026-11-15", "2026-11-26", "2026-12-01", "2026-12-15", "2027-03-01"]) if self.chance(0.3) else None,
            timing="arrears" if self.chance(0.15) else None, amount=self.draw.choice(["300", "0", "-20", "99.99"]) if self.chance(0.15) else None,
            currency="EUR" if self.chance(0.07) else None, bill_to=self.draw.choice(clients) if self.chance(0.04) else None,
            parent=self.draw.choice([*clients, "A0", "A1"]) if self.chance(0.04) else None, lines=lines)

    def client(self, one, clients):
        agreements = [self.agreement(number, clients) for number in range(self.draw.choice([0, 1, 1, 2, 2, 3]))]
        if agreements and len(agreements) < 3 and self.chance(0.15):  # a renewal
            old = agreements[0]
            agreements.append({**json.loads(json.dumps(old)), "id": "A9", "name": self.draw.choice(NAMES), "from": self.draw.choice(["2026-10-20", "2026-12-01"])})
            agreements[-1].pop("to", None)
        if len(clients) > 6 and self.chance(0.85):  # what most of them have
            product = self.draw.choice(["P1", "P1", "S1"])
            price = self.draw.choice(self.usual[product] * 4 + ["15", "20", "45", "60", "100"])
            agreements.append({"id": "A8", "name": "Common", "lines": [{"id": "L", "product": product, "quantity": 3, "price": price}]})
            if self.chance(0.2):
                agreements[-1].update(cycle_months=3, next_invoice_date="2027-01-01")
        made = {"id": one, "name": f"Client {one}", "agreements": agreements}
        if self.chance(0.05):
            made["read"] = self.draw.choice(["partial", "failed", "fell"])
            if made["read"] == "failed":
                made["agreements"] = []
            if made["read"] == "fell":
                made["before"] = []
        return made

    def keys(self):
        made = {}
        if self.chance(0.4):
            made["price_from"] = {self.draw.choice(["2026-06-01", "2026-12-01", "2026-12-02"]): self.draw.choice([25, 33, 40])}
            if self.chance(0.3):
                made["price_from"]["2027-01-01"] = 50
        if self.chance(0.3):
            made["price"] = 30
        return made

    def rules(self, clients):
        text = ['currency = "USD"', "[services]"]
        bases = {code: self.draw.choice([{"flat": True}, {"count": "src.server"}, {"count": "src.server"}, {"ignore": "by hand"}]) for code in ("S1", "S2", "S3")}
        for code, base in bases.items():
            expected = {"expected_at": self.draw.choice([["Managed"], ["managed", "Block"]])} if self.chance(0.4) else {}
            included = {"included": 2} if "count" in base and self.chance(0.2) else {}
            text.append(f"{code} = {toml({**base, **self.keys(), **expected, **included})}")
        if self.chance(0.5):
            text += ['[categories."Projects"]', 'ignore = "one-time work"']
        if self.chance(0.3):
            text += ['[agreement_types."Managed"]', f"S1 = {toml(self.keys() or {'note': 'x'})}"]
        for one in clients:
            if not self.chance(0.3):
                continue
            text.append(f"[clients.{toml(one)}]")
            if self.chance(0.15):
                text.append("internal = true")
                continue
            text.append(self.draw.choice(['not_sold = ["S1"]', f"S1 = {toml(self.keys() or {'note': 'x'})}", f"S2 = {toml({**self.keys(), 'from': TODAY, 'note': 'x'})}"]))
            flat = [code for code in bases if "flat" in bases[code]]
            if flat and self.chance(0.3):
                text += [f"[clients.{toml(one)}.agreements.{toml(self.draw.choice(['A0', 'Care']))}]", f"{flat[0]} = {toml(self.keys() or {'note': 'x'})}"]
        return "\n".join(text) + "\n"

    def make(self):
        clients = [str(one + 1) for one in range(self.draw.choice([1, 2, 4, 7, 8, 11, 14]))]
        return {"name": self.name, "count_day": str(TODAY), "sources": [{"id": "src", "like": "rmm"}], "findings": [],
                "clients": [self.client(one, clients) for one in clients], "rules": self.rules(clients)}


def shuffled(world, draw):
    world = json.loads(json.dumps(world))
    draw.shuffle(world["clients"])
    for client in world["clients"]:
        draw.shuffle(client["agreements"])
        for agreement in client["agreements"]:
            draw.shuffle(agreement["lines"])
    return world


# ---- comparing


def label(found):
    return (found["client"], found["kind"], word(found.get("product") or ""), *found["agreements"], "|", *found["lines"])


def differences(expected, got):
    if "findings" not in got:
        return [("world", "error", "an outcome", got.get("error"))]
    mine, theirs = ({label(one): one for one in all_of} for all_of in (expected, got["findings"]))
    out = [(key, "finding", "there", "missing") for key in mine if key not in theirs]
    out += [(key, "finding", "none", "there") for key in theirs if key not in mine]
    if len(theirs) != len(got["findings"]):
        out.append(("world", "finding", "once", "twice"))
    for key in set(mine) & set(theirs):
        for field in FIELDS:
            one, other = mine[key].get(field), theirs[key].get(field)
            one = str(one) if isinstance(one, datetime.date) else one
            if not engine.equal(one, other):
                out.append((key, field, one, other))
    return out


def chunk(asked, ends):
    some = [Maker(asked.seed, index).make() for index in range(*ends)]
    right = [review(world) for world in some]
    turned = [shuffled(world, random.Random(world["name"])) for world in some]
    found = engine.run(asked.binary, some + turned)
    out, kinds = [], collections.Counter()
    for world, expected, one, other in zip(some, right, found, found[len(some):]):
        if expected is None:
            kinds["skipped"] += 1
            continue
        kinds.update(one["kind"] for one in expected)
        differs = differences(expected, one) or differences(expected, other)
        if differs:
            out.append((world, differs))
    return out, kinds


def main():
    asked = compare.arguments(__doc__).parse_args()
    failing, kinds = [], collections.Counter()
    for found, more in engine.in_chunks(chunk, asked, BATCH):
        failing, kinds = failing + found, kinds + more
    for world, differs in failing[:asked.show]:
        print(f"world {world['name']}: " + "; ".join(" | ".join(map(str, one)) for one in differs[:3]))
    told = ", ".join(f"{kind} {times}" for kind, times in sorted(kinds.items()))
    print(f"seed {asked.seed}: {asked.count} worlds reviewed, {len(failing)} differ; {told}")
    if failing:
        with open(asked.keep, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(world, ensure_ascii=False) + "\n" for world, _ in failing)
        print(f"they are in {asked.keep}")
    return 1 if failing else 0


if __name__ == "__main__":
    sys.exit(main())
