#!/usr/bin/env python3
"""Says what is right in small worlds, as naively as possible, in exact fractions.

oracle.py WORLDS.jsonl writes one line of outcome for each world (the case format of tests/fixtures/cases).
It shares nothing with the product: what is unknown is settled in every way, and the least and the most are taken.
"""
import json
import multiprocessing
import sys
from fractions import Fraction

import joins
from counts import Candidates, Selection, SourceCount, TooMany, add, is_undecided, possible_accounts
from lines import Client, Side, Value, standing
from rulebook import BYTES, Refused, World, amount, day, half_up, months_later, number, word

MOVED_UNITS = 5  # below so many, two numbers are alike by chance
ORDINARY = ("underbilled", "unbilled_usage", "overbilled", "billed_without_usage")


def outcome(raw):
    """The outcome of one world: rows, totals, coverage; or `skipped` with why."""
    try:
        return Portfolio(World(raw)).outcome()
    except (Refused, TooMany) as why:
        return {"name": raw.get("name"), "skipped": f"{type(why).__name__} {why}".strip()}


class Part:
    """One comparison: a service at a client, whole or one agreement's section of it."""

    def __init__(self, client, code, keys, section, chosen, sections, looked_at, service_where=None, shares_commitment=False):
        self.client, self.code, self.keys, self.section, self.looked_at = client, code, keys, section, looked_at
        self.side = Side(client, chosen, keys.get("one_time") == "counts")
        self.value = Value(self.side, keys, client.world.rules, client, code, looked_at)
        self.sections, self.service_where, self.shares_commitment = sections, service_where, shares_commitment

    def count(self, undecided_allowed=None):
        """(low end, high end) of should bill, each {should, raw, parts}; high is None where nobody knows an upper end."""
        join, terms, same_by = joins.read(self.client.world.rules, self.keys["count"])
        found = [self.term(parts, undecided_allowed, join) for parts in terms]
        no_upper, read = any(one[3] for one in found), any(one[4] for one in found)
        low, high, counted = found[0][:3]
        if join == "max":
            low, high = joins.largest([one[0] for one in found]), joins.largest([one[1] for one in found])
        if join == "sum":
            decided = self.client.world.rules.client_table(self.client.raw, self.client.world.clients)
            decided = "both" if decided.get("both") else decided.get("moved")
            low, high = joins.bought_twice(low, high, counted, decided, self.client.world.count_day)
        if join == "union":
            low, high = joins.each_once(low, high, counted, same_by)
        least, most, open_end = self.committed(undecided_allowed)
        return self.end(low, read, least), None if no_upper or open_end else self.end(high, read, most)

    def term(self, parts, undecided_allowed, join):
        """(low end, high end, the count of each source, has no upper end, was any source read) of parts that are added up."""
        world = self.client.world
        low, high, no_upper, read, all_counted = None, None, False, False, []
        for source_id in dict.fromkeys(part["source"] for part in parts):
            if source_id not in world.sources:
                raise Refused(f"source {source_id}")
            here = [part for part in parts if part["source"] == source_id]
            found = Candidates(world, self.client.id, source_id, undecided_allowed)
            counted = SourceCount(Selection(world, source_id, here, self.keys, self.sections, self.service_where), found)
            no_upper = no_upper or counted.no_upper
            read = read or world.source_is_read(source_id)
            # a device that another tool has seen since was not replaced: a union does not look at that
            low = both(low, counted.low() if join == "union" else counted.low_without_replaced())
            high = both(high, counted.high())
            all_counted.append(counted)
        return low, high, all_counted, no_upper, read

    def committed(self, undecided_allowed):
        """(least, most, has no upper end) of what is committed at a vendor, in the unit that is billed."""
        world, spec = self.client.world, self.keys.get("commitment")
        if spec is None:
            return None, None, False
        # what the counted items say of themselves is theirs, on whichever agreement; what was bought beside them is the client's
        carried = spec == "binds"
        parts = world.rules.parts(self.keys["count"] if carried else spec["of"])
        keys, sections, service_where = commitment_keys(self.keys), [], None
        if carried:
            keys, sections, service_where = self.keys, self.sections, self.service_where
        binding = (world.count_day, self.looked_at, not carried)
        low, high, open_end = Fraction(0), Fraction(0), False
        for source_id in dict.fromkeys(part["source"] for part in parts):
            here = [part for part in parts if part["source"] == source_id]
            found = Candidates(world, self.client.id, source_id, undecided_allowed)
            counted = SourceCount(Selection(world, source_id, here, keys, sections, service_where, binding), found)
            open_end = open_end or counted.no_upper
            low, high = low + counted.low_without_replaced()[0][0], high + counted.high()[0][0]
        unit, kinds = self.unit(parts)
        if unit is not None:
            low, high = (half_up(value * BYTES[kinds] / BYTES[unit]) for value in (low, high))
        return Fraction(0) if self.shares_commitment and not carried else low, high, open_end

    def unit(self, parts):
        """(the unit that is billed or None, the one in which the kinds are counted)"""
        part = parts[0]
        counted = self.client.world.kinds(part["source"])[part["kind"]].get("unit")
        return (self.keys.get("unit"), counted) if counted in BYTES else (None, counted)

    def floor(self, committed):
        """The most that somebody is committed to, or None."""
        until, own = day(self.keys.get("client_committed_until")), self.keys.get("client_committed")
        if (own is not None or until is not None) and (until is None or until >= self.looked_at):
            own = self.side.total(self.side.lines) if own is None else number(own)
            return own if committed is None else max(own, committed)
        return committed

    def end(self, reached, read, committed):
        (factored, raw), parts = reached
        parts = dict(parts)
        replaced = parts.pop("~replaced", Fraction(0))
        bound = committed
        unit, kinds = self.unit(self.client.world.rules.parts(self.keys["count"]))
        if unit is None:
            units = factored if all(part["times"] == 1 for part in self.client.world.rules.parts(self.keys["count"])) else half_up(factored)
            parts = add(parts, {"factor": units - raw})
        else:
            units = half_up(factored * BYTES[kinds] / BYTES[unit])
            parts = add(parts, {"factor": factored - raw, "unit": units - factored})
        if "pack" in self.keys:
            size = number(self.keys["pack"])
            parts = {reason: half_up(value / size) for reason, value in parts.items()}
            raw, packs = half_up(raw / size), Fraction(-(-units * 10 ** 6 // size), 10 ** 6)
            parts = add(parts, {"pack": packs - sum(parts.values())})
            units = packs
            committed = None if committed is None else Fraction(-(-committed * 10 ** 6 // size), 10 ** 6)
        should, more = self.side.should_bill(units, self.keys, self.floor(committed))
        # where no source could be read nothing was counted, which is not zero
        return {"should": should, "raw": raw, "counted": raw if read else None, "parts": add(parts, more),
                "factored": factored, "replaced": replaced, "committed": bound}


def commitment_keys(keys):
    """The keys by which what is committed is counted: the service's own `where` says nothing of it."""
    spec = keys["commitment"] if isinstance(keys["commitment"], dict) else {}
    own = {key: spec[key] for key in ("where", "where_not") if key in spec}
    return {**own, "may_be_empty": keys.get("may_be_empty", False)}


def both(one, other):
    if one is None:
        return other
    return (one[0][0] + other[0][0], one[0][1] + other[0][1]), add(one[1], other[1])


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
        for code in sorted(self.rules.services):
            self.service(client, code, internal)
        self.unnamed(client, internal)

    def service(self, client, code, internal):
        def named(line):
            return self.rules.service_of(line.product) == code
        side = Side(client, named, False)
        agreements = unique([line.agreement for line in side.lines + side.flat]) or client.live()
        looked_at = min((client.looked_at(agreement) for agreement in agreements), default=months_later(self.world.count_day.replace(day=1), 1))
        sections = self.rules.sections(code, client.raw, self.world.clients, client.agreements, client.looked_at)
        for agreement_id, name, keys in sections:
            own = [agreement for agreement in client.agreements if agreement["id"] == agreement_id]
            merged = self.rules.holding(code, client.raw, self.world.clients, own, client.looked_at(own[0]), keys)
            whole = self.rules.holding(code, client.raw, self.world.clients, own, client.looked_at(own[0])).get("where", {})
            def on_it(line, at=agreement_id):
                return named(line) and line.agreement["id"] == at
            self.compare(Part(client, code, merged, name, on_it, [], client.looked_at(own[0]), whole, "commitment" not in keys), internal)
        apart = {agreement_id for agreement_id, _, _ in sections}
        rest = [agreement for agreement in agreements if agreement["id"] not in apart]
        if apart:
            rest = unique([line.agreement for line in side.lines + side.flat if line.agreement["id"] not in apart]) or [
                agreement for agreement in client.live() if agreement["id"] not in apart]
        merged = self.rules.holding(code, client.raw, self.world.clients, rest, looked_at)
        taken = [self.rules.holding(code, client.raw, self.world.clients, [], looked_at, keys)["where"] for _, _, keys in sections]
        self.compare(Part(client, code, merged, None, lambda line: named(line) and line.agreement["id"] not in apart, taken, looked_at, None, bool(apart)), internal)

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
        """Whether another client, linked by parent or bill-to, has a live agreement and a line of the service."""
        mine = part.client
        for other in self.clients:
            if other is mine or not linked(mine, other) or not other.live():
                continue
            if any(self.rules.service_of(line.product) == part.code and other.is_live(line.agreement) for line in other.lines):
                return True
        return False

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
            for keys in self.rules.services.values():
                if "count" not in keys or keys.get("flat") or keys.get("ignore"):
                    continue
                counts = [(keys["count"], keys)]
                if isinstance(keys.get("commitment"), dict):
                    counts.append((keys["commitment"]["of"], commitment_keys(keys)))
                for count, asked in counts:
                    parts = [part for part in self.rules.parts(count) if part["source"] == account["source"]]
                    if not parts:
                        continue
                    found = Candidates(world, "?", account["source"])
                    counted = SourceCount(Selection(world, account["source"], parts, asked, []), found)
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
            sure = value.amounts(value.change(min(billed, low["should"])))
            near = value.amounts(value.change(billed if high is None else min(billed, high["should"])))
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
        low, high = part.count(allowed)
        return stakes(part, row["kind"], low, high)[0]

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


def unique(agreements):
    out = []
    for agreement in agreements:
        if all(agreement is not other for other in out):
            out.append(agreement)
    return out


def linked(one, other):
    """Whether two clients are linked by a parent or a bill-to, in either direction."""
    def names(client):
        return {client.id} | {agreement["id"] for agreement in client.agreements}
    for mine, theirs in ((one, other), (other, one)):
        for agreement in mine.agreements:
            if agreement.get("bill_to") == theirs.id or agreement.get("parent") in names(theirs):
                return True
    return False


# ---- one comparison

def stakes(part, kind, low, high):
    """(up, down): what nobody knows is worth, upwards and downwards; "none" where that is not known."""
    side, value = part.side, part.value
    if kind == "underbilled" or kind == "unbilled_usage":
        floor = low["should"]
    elif kind == "not_reconciled":
        floor = billed_when_open(side, low["should"])
    else:
        floor = None
    up = Fraction(0)
    if kind in ("underbilled", "unbilled_usage", "not_reconciled"):
        up = raised(part, floor, max(Fraction(0), high["should"] - floor)) if high is not None else "none"
    down = Fraction(0)
    if kind == "not_reconciled":
        if side.high is None:
            down = "none"
        elif side.high > low["should"]:
            down = lowered(part, low["should"], side.high - side.total(side.lines))
    elif kind in ("overbilled", "billed_without_usage"):
        one, other = value.worth(high["should"]), value.worth(low["should"])
        down = "none" if one is None or other is None else max(Fraction(0), one - other)
    return up, down


def billed_when_open(side, least):
    """What an open count is held against: what stands, and what ends with it where more than stands is surely used."""
    return side.low + side.ending_units if side.high is not None and least > side.high else side.low


def raised(part, billed, units):
    if not units:
        return Fraction(0)
    if part.side.mixed():
        return "none"
    (_, amount, _), = part.value.amounts([(part.value.newest(), units)], billed)
    return "none" if amount is None else max(Fraction(0), amount)  # by volume, more can be cheaper


def lowered(part, target, more):
    """What billed down to `target` is worth; `more`: units that may be billed on lines that were not read today."""
    worth = part.value.worth(min(target, part.side.total(part.side.lines)))
    if worth is None:
        return "none"
    extra = raised(part, part.side.total(part.side.lines), more)
    return "none" if extra == "none" else max(Fraction(0), extra - worth)


def tolerance_of(keys, billed):
    tolerance = keys.get("tolerance", 0)
    if isinstance(tolerance, dict):
        return max(number(tolerance.get("units", 0)), number(tolerance.get("percent", 0)) * billed / 100)
    return number(tolerance)


def judge(part, low, high, sibling):
    """The rows of one comparison."""
    side, keys, client = part.side, part.keys, part.client
    least, most = low["should"], None if high is None else high["should"]
    if client.read == "failed" and least <= 0:
        return []
    if side.differs and (side.high is None or side.high or least > 0):
        return [not_reconciled(part, row_of(part, least, most), low, high)]
    agrees = bool(side.lines) and most == least == side.low == side.high
    if side.low == 0 and not side.ending_units and least <= 0 and not agrees:
        return []
    if side.low == 0 and side.ending_units and least <= 0:
        return []
    rows, row = [], row_of(part, least, most)
    ending = side.ending_units
    if ending and side.high is not None and least > side.high:
        sure = min(least - side.high, ending)
        # where the lines that end do not take all of it, the row of the rest has the ledger
        told = ledger(low) if side.high + sure == least else {"counted": low["counted"]}
        rows.append({**row, "kind": "agreement_ending", "billed": side.high, "should_bill": side.high + sure, "variance": sure,
                     "to_correct": sure, "left_alone": Fraction(0), **told})
    reference = None if side.high is None else side.high + ending
    if reference is not None and least > reference and side.one_time > 0:
        # a one-off may have paid for as many
        paid = min(side.one_time, least - reference)
        low = {**low, "should": least - paid, "parts": add(low["parts"], {"one_time": -paid})}
        least = low["should"]
        row["at_least"] = least
        if least == reference:
            return rows + [not_reconciled(part, row, low, high)]
    if reference is not None and least > reference:
        rows.append(upwards(part, row, low, high, reference, sibling))
    elif most is not None and most < side.low:
        rows.append(downwards(part, row, low, high))
    elif most == least == side.low == side.high:
        rows.append({**row, "kind": "agrees", "billed": side.low, **ledger(low), "should_bill": least, "variance": Fraction(0),
                     "to_correct": Fraction(0), "left_alone": Fraction(0)})
    elif rows and most is not None and most <= reference:
        pass  # what stands and what ends take all of it
    else:
        rows.append(between(part, row, low, high, reference))
    return rows


def row_of(part, least, most):
    return {"client": part.client.id, "service": part.code, "agreement": part.section, "at_least": least,
            "at_most": "none" if most is None else most, "impact": None, "currency": part.value.currency()}


def ledger(end):
    parts = dict(end["parts"])
    gross = parts.pop("gross", Fraction(0))
    return {"counted": end["counted"], "gross": None if end["counted"] is None else gross, "explained": parts}


def between(part, row, low, high, reference):
    side = part.side
    allowed = tolerance_of(part.keys, side.low)
    inside = (high is not None and reference is not None and side.lines and allowed
              and high["should"] - side.low <= allowed and reference - low["should"] <= allowed)
    # what is billed is the lower end, and only what was probably replaced is above it
    alone = (high is not None and side.lines and reference == side.low == low["should"]
             and high["factored"] == low["factored"] + low["replaced"] and high["committed"] == low["committed"])
    if inside or alone:
        return {**row, "kind": "left_alone", "billed": side.low}
    return not_reconciled(part, row, low, high)


def not_reconciled(part, row, low, high):
    up, down = stakes(part, "not_reconciled", low, high)
    when, due = part.value.when(part.value.newest())
    billed = billed_when_open(part.side, low["should"])
    return {**row, "kind": "not_reconciled", "billed": billed, "stake_up": up, "stake_down": down, "when": when, "due": due}


def upwards(part, row, low, high, reference, sibling):
    """Surely more is used than billed."""
    side, keys, client = part.side, part.keys, part.client
    least, most = low["should"], None if high is None else high["should"]
    variance = least - reference
    full = {**row, "billed": reference, **ledger(low), "should_bill": least, "variance": variance}
    alone = {**full, "kind": "left_alone", "to_correct": Fraction(0), "left_alone": variance}
    missing = not side.lines
    if missing and keys.get("not_sold"):
        return alone
    allowed = Fraction(0) if missing else tolerance_of(keys, side.low)
    later = [(at, billed) for at, billed in side.later() if billed >= least]
    if most is not None and most - reference <= allowed and variance <= allowed:
        return alone
    if most is not None and any(billed >= most for _, billed in later):
        return alone
    if variance <= allowed or later:
        return not_reconciled(part, row, low, high)
    live = bool(client.live()) or sibling
    correct = {**full, "to_correct": variance, "left_alone": Fraction(0)}
    if missing and not live:
        return {**correct, "kind": "ended_agreement_in_use", "clean_up": costs(part)}
    if missing and keys.get("no_line") == "list":
        return {**full, "kind": "listed"}
    kind = "unbilled_usage" if missing else "underbilled"
    return priced(part, {**correct, "kind": kind}, [(part.value.newest(), variance)], low, high, reference)


def downwards(part, row, low, high):
    """Surely less is used than billed."""
    side, keys = part.side, part.keys
    least, most = low["should"], high["should"]
    variance = most - side.low
    full = {**row, "billed": side.low, **ledger(high), "should_bill": most, "variance": variance}
    alone = {**full, "kind": "left_alone", "to_correct": Fraction(0), "left_alone": variance}
    allowed = tolerance_of(keys, side.low)
    later = [(at, billed) for at, billed in side.later() if billed <= most]
    if -variance <= allowed and side.low - least <= allowed:
        return alone
    if any(billed <= least for _, billed in later):
        return alone
    if -variance <= allowed or later:
        return not_reconciled(part, row, low, high)
    kind = "billed_without_usage" if high["raw"] <= 0 else "overbilled"
    correct = {**full, "kind": kind, "to_correct": variance, "left_alone": Fraction(0)}
    return priced(part, correct, part.value.change(most), low, high)


def priced(part, row, change, low, high, billed=None):
    amounts = part.value.amounts(change, billed)
    up, down = stakes(part, row["kind"], low, high)
    known = not part.side.mixed() and not part.side.unknown_cycle and all(amount is not None for _, amount, _ in amounts)
    whens = [part.value.when(line, units) for line, units in change]
    now = any(when == "this_run" for when, _ in whens)
    dues = [due for when, due in whens if due is not None]
    return {
        **row, "change": change, "amounts": amounts if known else [], "impact": sum((amount for _, amount, _ in amounts), Fraction(0)) if known else None,
        "basis": "estimated" if any(estimated for _, _, estimated in amounts) else "calculated",
        "stake_up": up, "stake_down": down, "when": "this_run" if now else "later", "due": min(dues) if dues else None,
    }


def costs(part):
    """(currency, cost) of the items that are surely used, where they tell it."""
    world, found = part.client.world, {}
    parts = world.rules.parts(part.keys["count"])
    for source_id in dict.fromkeys(one["source"] for one in parts):
        here = [one for one in parts if one["source"] == source_id]
        candidates = Candidates(world, part.client.id, source_id)
        counted = SourceCount(Selection(world, source_id, here, part.keys, part.sections, part.service_where), candidates)
        for index, one in enumerate(counted.candidates):
            if amount(one.item) is None and one.item["quantity"] != "unknown":
                continue  # fewer than none: nobody knows what it is
            if one.item.get("cost") is not None and all(reasons.get(index) == "taken" for _, reasons, _ in counted.settlings):
                currency = one.item.get("currency") or world.rules.currency
                found[currency] = found.get(currency, Fraction(0)) + number(one.item["cost"])
    return sorted(found.items())


# ---- as JSON

FIELDS = ("client", "service", "agreement", "source", "account", "to", "kind", "counted", "at_least", "at_most", "billed", "should_bill", "variance",
          "to_correct", "left_alone", "explained", "gross", "impact", "currency", "basis", "stake_up", "stake_down", "when", "due")


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
