#!/usr/bin/env python3
"""Random small worlds, one JSON object a line, in the case format of tests/fixtures/cases, biased towards what is nasty.

worlds.py --seed N --count K [--unknown] writes K worlds; the same seed gives the same worlds. `--unknown`: each has something unknown.
"""
import argparse
import collections
import datetime
import json
import random
import re
from fractions import Fraction

import peak_worlds
from rulebook import BYTES, months_later
from seat_worlds import Seats

COUNT_DAYS = ["2026-11-26", "2026-11-26", "2026-06-30", "2026-01-31", "2028-02-29"]
SITES = ["Boston", "York"]
CLASSES = ["laptop", "vm"]
SKUS = ["SPB", "ECS", "SPE_E3"]
REVIEWS = [datetime.date(2026, 6, 30), datetime.date(2026, 11, 26), datetime.date(2026, 11, 27), datetime.date(2028, 3, 1)]
STATES = ["disabled", "trial", "cancelled", "suspended"]
PRICES = ["10", "32.50", "9.99", "0.333", "0", "120"]
KINDS = {
    "rmm": ["server", "workstation"],
    "tenant": ["user", "licence", "subscription"],
    "distributor": ["subscription"],
    "open": ["agent", "seat"],
    "backup": ["storage"],
}
ATTRIBUTES = {
    "server": {"site": SITES, "class": CLASSES}, "workstation": {"site": SITES, "class": CLASSES},
    "storage": {"site": SITES}, "agent": {"site": SITES}, "seat": {"plan": ["gold", "basic"]},
    "user": {"class": ["member", "guest"], "domain": ["a.example", "b.example"], "holds": SKUS, "sign_in": ["allowed", "blocked"]},
    "licence": {"sold_by": ["us", "client"], "class": ["paid", "free"]}, "subscription": {"term": ["P1M", "P1Y"], "sold_by": ["us", "client"]},
}
HAS_SKU = {"licence", "subscription"}


def toml_key(key):
    return key if re.fullmatch("[A-Za-z0-9_-]+", key) else json.dumps(key)


def toml_file(tables):
    """A file of tables, each of their keys on a line."""
    lines = [f"{toml_key(key)} = {toml(value)}" for key, value in tables.items() if not isinstance(value, dict)]
    for name, table in tables.items():
        if isinstance(table, dict):
            lines += [f"[{toml_key(name)}]", *(f"{toml_key(key)} = {toml(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def toml(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{toml_key(key)} = {toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, (datetime.date, int)):
        return str(value)
    if isinstance(value, Price):
        return str(value)
    return json.dumps(value)


def like_of(source):
    """What a source's items are like; one with kinds of its own has machines or storage."""
    return source.get("like") or ("backup" if source["kinds"][0]["name"] == "storage" else "rmm")


def asked_of():
    """The attributes that rules ask of each kind."""
    return {kind: {**known, **({"sku": SKUS} if kind in HAS_SKU else {})} for kind, known in ATTRIBUTES.items()}


def is_single(count):
    """Whether a count is of one kind."""
    return isinstance(count, str) or "of" in count


class Price(str):
    """A number that stands in TOML as it is written."""


class Maker:
    """One random world."""

    def __init__(self, seed, index, needs_unknown=False):
        self.draw = random.Random(f"{seed}/{index}")
        self.unknowns_left = self.draw.choice([1, 2, 3, 4] if needs_unknown else [0, 0, 1, 1, 2, 3, 4])
        self.count_day = datetime.date.fromisoformat(self.draw.choice(COUNT_DAYS))
        self.serial, self.needs_unknown, self.ids, self.shares = 0, needs_unknown, {}, False
        self.mixes = self.chance(0.35)  # some devices stand at several clients
        self.usual_share = self.draw.choice([0.3, 0.95])
        self.usual_price = collections.defaultdict(lambda: self.draw.choice(PRICES))
        self.world = {"name": f"{seed}-{index}", "count_day": str(self.count_day)}
        self.closing, self.coming = months_later(self.count_day, 1), months_later(self.count_day.replace(day=1), 1)
        # A `where` and a `where_not` that ask for one attribute may contradict each other. The product does not look for
        # that in an item that lacks the attribute: there is one of the two in a world, such rules or such items.
        self.tells_all = not needs_unknown and self.chance(0.5)
        self.unwanted = {kind: self.draw.choice([[], *([one] for one in sorted(known))]) for kind, known in asked_of().items()}
        if self.chance(0.3):
            self.world["next_closing"] = str(self.day(self.draw.choice([28, 30, 35])))
        self.tells_first = self.chance(0.3)
        if self.chance(0.015):
            self.world["psa"] = {"read": "failed"}

    def chance(self, share):
        return self.draw.random() < share

    def unknown(self, share):
        """Whether something more may be unknown, within the world's budget."""
        if self.unknowns_left > 0 and self.chance(min(0.5, share * 4) if self.needs_unknown and share < 0.5 else share):
            self.unknowns_left -= 1
            return True
        return False

    def day(self, offset):
        return self.count_day + datetime.timedelta(days=offset)

    def fresh(self, prefix):
        self.serial += 1
        return f"{prefix}{self.serial}"

    def make(self):
        self.clients = [str(one + 1) for one in range(self.draw.choice([1, 1, 2, 2, 3, 4, 5]))]
        self.world["sources"] = [self.source(f"src{one + 1}") for one in range(self.draw.choice([1, 1, 2, 3]))]
        self.services = {}
        for one in range(self.draw.choice([1, 2, 2, 3, 4])):
            self.services[f"SVC-{one + 1}"] = self.service()
        self.seats = Seats(self, lambda source: KINDS[like_of(source)], Price)
        self.seats.make()
        self.world["accounts"] = [account for source in self.world["sources"] for account in self.accounts(source)]
        peak_worlds.add(self.world, self.services)
        self.world["clients"] = [self.client(client) for client in self.clients]
        self.world["rules"] = self.rules()
        return self.world

    # ---- sources, accounts, items

    def source(self, name):
        like = self.draw.choices(list(KINDS), [5, 4, 2, 3, 2])[0]
        source = {"id": name, "like": like}
        if like == "rmm" and self.chance(0.2):
            source = {"id": name, "kinds": [self.own_kind(kind) for kind in KINDS["rmm"]]}
        if like == "backup":
            storage = {"name": "storage", "unit": self.draw.choice(["gigabyte", "gibibyte"]), "identity": [], "attributes": ["site"]}
            source = {"id": name, "kinds": [storage]}
        if self.chance(0.05 if self.needs_unknown else 0.25):
            source["list"] = "by_grant"
        if self.unknown(0.01 if self.needs_unknown else 0.06):
            source["read"] = "failed"
        if self.chance(0.02 if self.needs_unknown else 0.15):
            source["synced_on"] = str(self.day(-self.draw.choice([0, 1, 3, 3, 4])))
        if self.chance(0.15):
            source["none_for_rest"] = True
        if self.chance(0.15):
            source["none"] = [self.draw.choice(self.clients)]
        if self.chance(0.97 if self.needs_unknown else 0.7):
            source["words"] = {"kind": list(KINDS[like])}
            for kind in KINDS[like]:
                for attribute, known in ATTRIBUTES[kind].items():
                    source["words"][f"{kind}.{attribute}"] = list(known)
                if kind in HAS_SKU:
                    source["words"][f"{kind}.sku"] = list(SKUS)
        if HAS_SKU & set(KINDS[like]) and self.chance(0.15):
            source["skus_left_out"] = self.draw.sample([*SKUS, "FREE"], self.draw.choice([1, 1, 2]))
        return source

    def own_kind(self, name):
        identity = self.draw.choice([[], ["serial"], ["name", "serial"], ["mac", "serial", "name"]])
        kind = {"name": name, "unit": "device", "identity": identity, "attributes": ["site", "class"]}
        if self.chance(0.6):
            kind["stale_days"] = self.draw.choice([10, 30, 45])
        if self.chance(0.3):
            kind["usual"] = {"class": ["vm"]}
        if self.chance(0.2):
            kind["person"] = True
        return kind

    def accounts(self, source):
        made = []
        for client in self.clients:
            for _ in range(self.draw.choices([0, 1, 2], [3, 8, 2])[0]):
                made.append({**self.account(source, client), "client": client})
        if self.chance(0.02):
            made.append({**self.account(source, "77"), "client": "77"})
        for account in [one for one in made if one.get("read") == "gone"]:
            if self.chance(0.5):  # what may be its successor
                made.append({**self.account(source, account["client"]), "may_be": [account["client"]]})
        for _ in range(self.draw.choices([0, 1, 2], [6, 3, 2])[0]):
            if self.unknown(0.8):
                may_be = self.draw.sample(self.clients, min(len(self.clients), self.draw.choice([0, 1, 2, 2])))
                made.append({**self.account(source, self.draw.choice(may_be or self.clients)), "may_be": may_be})
        if self.chance(0.06):
            made.append({**self.account(source, "nobody"), "ignored": "internal"})
        if like_of(source) in ("rmm", "open") and len(self.clients) > 1 and self.chance(0.12):
            parts = dict(zip(SITES, self.draw.sample(self.clients, 2)))
            made.append({**self.account(source, "shared"), "split": {"by": "site", "parts": parts}})
        return made

    def account(self, source, client):
        account = {"source": source["id"], "id": self.fresh("acc"), "name": f"Account {self.serial}"}
        items = self.items(source, client, account)
        state = self.draw.choice(["partial", "failed", "failed", "doubtful", "fell", "fell", "gone", "gone"]) if self.unknown(0.18) else "complete"
        if state == "doubtful" and self.serial % 2:
            account["names"] = [account.pop("name"), f"Account {self.serial}, North"]
        elif state != "complete":
            account["read"] = state
        if state in ("fell", "gone"):
            account["before"] = items[:3] + [self.item(source, client, account) for _ in range(self.draw.choice([0, 1, 2]))]
            if items and self.chance(0.5):
                first = {**items[0], "quantity": self.draw.choice([1, 3, 8])}
                others = [one for one in account["before"][1:] if (one["kind"], one["id"]) != (first["kind"], first["id"])]
                account["before"] = [first, *others]  # one id says one thing
            if state == "gone" and self.chance(0.5):
                account["confirmed"] = str(self.day(-self.draw.choice([0, 1, 5])))
        if state == "failed":
            if self.chance(0.7):
                account["earlier"] = {"as_of": str(self.day(-self.draw.choice([1, 2, 3, 3, 4]))), "items": items}
        elif state != "gone":
            account["items"] = items
        return account

    def items(self, source, client, account):
        items = [self.item(source, client, account) for _ in range(self.draw.choices([0, 1, 2, 3, 4], [1, 2, 4, 3, 2])[0])]
        if items and self.chance(0.08):
            items.insert(self.draw.randrange(len(items) + 1), dict(self.draw.choice(items)))
        return items

    def item(self, source, client, account):
        grouped = [group["once_per"].split(".")[1] for group in self.seats.groups.values() if group["once_per"].split(".")[0] == source["id"]]
        kind = self.draw.choice(KINDS[like_of(source)] + 4 * grouped)
        item = {"id": self.item_id(source, client, account, kind), "kind": kind}
        if like_of(source) != "distributor" and not self.tells_all and self.unknown(0.03):
            item["kind"] = "unknown"
        if kind in HAS_SKU and (self.tells_all or not self.unknown(0.03)):
            item["sku"] = self.draw.choice(SKUS)
        self.quantity(item, kind)
        if self.chance(0.15):
            item["state"] = self.draw.choice(STATES)
        elif self.unknown(0.05):
            item["state"] = "unknown:Zombie"
        self.seen(item, source, kind)
        self.identity(item, source, kind, client)
        attributes = {}
        for attribute, known in ATTRIBUTES[kind].items():
            if attribute == "holds":
                attributes[attribute] = ";".join(self.draw.sample(known, self.draw.choice([0, 1, 2])))
            elif self.tells_all or not self.unknown(0.04):
                attributes[attribute] = self.draw.choice(known) if not self.chance(0.05) else self.draw.choice(known).upper() + " "
        item["attributes"] = attributes
        if kind == "subscription" and self.chance(0.4):
            item["committed_until"] = self.draw.choice([str(self.day(-3)), str(self.day(3)), str(self.coming), str(self.day(40)), str(self.day(300))])
            if self.chance(0.3):
                item["cancellable_until"] = str(self.day(self.draw.choice([-10, -1, 0, 4])))
        if self.chance(0.06):
            item["cost"], item["currency"] = self.draw.choice(PRICES), self.draw.choice(["USD", "GBP"])
        return item

    def item_id(self, source, client, account, kind):
        """Mostly a new one; now and then that of an item of another account that is, or may be, the same client's."""
        known = self.ids.setdefault((source["id"], client, kind), [])
        others = [item for item, at in known if at != account["id"] and (item, account["id"]) not in known]
        drawn = self.draw.choice(others) if others and self.chance(0.15) else self.fresh("i")
        known.append((drawn, account["id"]))
        return drawn

    def quantity(self, item, kind):
        if kind == "storage":
            item["quantity"] = self.draw.choice([0, 1, 50, 93, 100, 931, 1024, "0.5", "12.345678", "99.9999999"])
        if kind in ("subscription", "seat") and self.chance(0.7):
            item["quantity"] = self.draw.choice([0, 1, 2, 3, 5, 10, "0.5", "2.25"])
        if self.unknown(0.03):
            item["quantity"] = self.draw.choice(["unknown", "unknown", -1, "-2.5"])

    def seen(self, item, source, kind):
        synced = int(source["synced_on"] != str(self.count_day)) if "synced_on" in source else 0
        if like_of(source) in ("rmm", "open") or kind == "user":
            if like_of(source) == "rmm" and self.unknown(0.05):
                return
            if like_of(source) == "rmm" or self.chance(0.5):
                age = self.draw.choice([1, 1, 2, 3, 5, 10, 29, 30, 31, 32, 44, 45, 46, 60]) + 3 * synced
                item["last_seen"] = str(self.day(-age)) + self.draw.choice(["", "", "T08:00:00Z", "T23:59:59Z"])
                if self.tells_first and self.chance(0.7):
                    first = self.draw.choice([1, 2, 3, 5, 10, 29, 31, 60, 400])
                    item["first_seen"] = str(self.day(-(first if self.chance(0.05) else max(first, age))))

    def identity(self, item, source, kind, client):
        # Where machines are joined over sources, these have some in common.
        pool = f"all-{client}" if self.shares else f"{source['id']}-{client}"
        if like_of(source) in ("rmm", "open"):
            for key, share in (("serial", 0.5), ("mac", 0.25), ("host", 0.5), ("name", 0.3)):
                if self.chance(share):
                    value = f"{key}-{pool}-{self.draw.randrange(4)}" if self.chance(0.35) else f"{key}-{self.fresh('u')}"
                    if self.mixes and key in ("serial", "mac") and self.chance(0.7):
                        value = f"{key}-{source['id']}-{self.draw.randrange(3)}"
                    item[key] = [value] if key == "mac" else value
        if kind == "user":
            for key in ("object_id", "mail"):
                if self.chance(0.6):
                    value = f"{key}-{pool}-{self.draw.randrange(3)}" if self.chance(0.3) else f"{key}-{self.fresh('u')}"
                    item[key] = [value] if key == "mail" else value

    # ---- the PSA

    def client(self, client):
        made = {"id": client, "name": f"Client {client}"}
        if self.chance(0.2):
            made["identifier"] = f"CL{client}"
        made["agreements"] = [self.agreement(client, number) for number in range(self.draw.choices([0, 1, 2], [1, 7, 3])[0])]
        if self.world.get("psa"):
            made["agreements"] = []
        if self.unknown(0.12 if any(map(self.seats.is_seat, self.services)) else 0.05):
            made["read"] = self.draw.choice(["partial", "failed", "fell"])
            if made["read"] == "failed":
                made["before"], made["agreements"] = made["agreements"], []
            if made["read"] == "fell":
                made["before"] = json.loads(json.dumps(made["agreements"])) + [self.agreement(client, 7)]
        return made

    def agreement(self, client, number):
        made = {"id": f"AG{client}{number}", "name": f"Agreement {number}"}
        if self.chance(0.4):
            made["type"] = self.draw.choice(["Managed", "Block"])
        if self.chance(0.2):
            made["timing"] = self.draw.choice(["arrears", "arrears", "advance"])
        if self.chance(0.2):
            made["cycle_months"] = self.draw.choice([1, 3, 12, 12, "unknown"])
        if self.chance(0.3):
            made["next_invoice_date"] = str(self.day(self.draw.choice([-40, -1, 0, 1, 3, 5, 5, 20, 31, 45, 90])))
            if self.chance(0.15):
                made["next_invoice_date"] = str(self.closing)
        if self.chance(0.15):
            made["to"] = str(self.day(self.draw.choice([-40, -1, 0, 2, 4, 29, 40, 300])))
        if self.chance(0.25):
            made["from"] = str(self.day(self.draw.choice([-700, -400, -30, 0, 1, 5, 20])))
        if self.chance(0.08):
            made["amount"] = self.draw.choice([*PRICES, "-50"])
        if self.chance(0.1):
            made["currency"] = "GBP"
        if self.chance(0.06):
            made["bill_to"] = self.draw.choice(self.clients)
        if self.chance(0.06):
            other = self.draw.choice(self.clients)
            made["parent"] = self.draw.choice([other, f"AG{other}0"])
        made["lines"] = []
        for code in self.services:
            for _ in range(self.draw.choices([0, 1, 2], [4, 9, 1])[0]):
                made["lines"] += self.line(client, code)
        if self.chance(0.12):
            made["lines"] += self.line(client, self.draw.choice(["OTHER-1", "OTHER-2"]))
        invoice = datetime.date.fromisoformat(made.get("next_invoice_date", str(self.coming)))
        for line in made["lines"]:
            if line.get("role") == "one_time" and self.chance(0.7):  # around the ends of the period
                months, days = self.draw.choice([-12, -1, -1, 0, 1, 1]), self.draw.choice([-1, 0, 0, 1])
                line["from"] = str(months_later(invoice, months) + datetime.timedelta(days=days))
        return made

    def line(self, client, code):
        line = {"id": self.fresh("L"), "product": code, "quantity": self.guess(client, code)}
        if self.chance(0.7):
            line["price"] = (self.usual_price[code] if self.chance(self.usual_share) else self.draw.choice(PRICES)) if self.chance(0.97) else "-9.99"
        if self.chance(0.08):
            line["catalogue_price"] = self.draw.choice(PRICES[:2])
        others = self.services.get(code, {}).get("products", []) + self.services.get(code, {}).get("replaces", {}).get("products", [])
        if others and self.chance(0.4):
            line["product"] = self.draw.choice(others)
        if self.chance(0.1):
            line["category"] = self.draw.choice(["Projects", "Fees", "Else"])
        if self.chance(0.05):
            line["currency"] = self.draw.choice(["USD", "GBP"])
        if self.chance(0.2):
            line["from"] = str(self.day(self.draw.choice([-500, -60, -20, 0, 1, 3, 5, 6, 36])))
        if self.chance(0.1):
            line["to"] = str(self.day(self.draw.choice([-60, -1, 0, 1, 4, 5, 29, 60])))
        if self.chance(0.08):
            line["less_included"] = self.draw.choice([1, 2, 5])
        if self.chance(0.08):
            line["status"] = self.draw.choice(["do_not_bill", "no_charge"])
        rows = [line]
        if self.chance(0.08):
            line["role"] = self.draw.choice(["flat", "credit", "proration", "one_time", "one_time"])
            line["quantity"] = self.draw.choice([1, 2, -2] if line["role"] != "flat" else [1, 1, -1])
        elif self.chance(0.08):
            later = {**line, "quantity": self.guess(client, code), "from": str(self.day(self.draw.choice([-10, 2, 6, 40])))}
            if later["from"] != line.get("from"):
                rows.append(later)
        if self.chance(0.03):
            rows.append(dict(line))
        return rows

    def guess(self, client, code):
        """About as many as a plain count of the items says."""
        found = self.seats.guess(code, lambda one: self.plain(client, one))
        off = self.draw.choice([-2, -1, -1, 0, 0, 0, 1, 2, 3])
        if self.chance(0.04):
            return self.draw.choice(["0.5", "2.25", -1, 0])
        return max(0, found + off)

    def plain(self, client, code):
        """The units of a service by a plain count of the items."""
        part = self.services.get(code, {}).get("first")
        found = 0
        for account in self.world["accounts"]:
            if part and account.get("client") == client and account["source"] == part[0]:
                for item in account.get("items", []) + account.get("earlier", {}).get("items", []) + account.get("before", []):
                    quantity = item.get("quantity", 1)
                    if item["kind"] == part[1] and quantity != "unknown" and isinstance(quantity, int):
                        found += quantity
        return found * self.services.get(code, {}).get("scale", 1)

    # ---- rules

    def kinds_of(self, source_id):
        return next(KINDS[like_of(source)] for source in self.world["sources"] if source["id"] == source_id)

    def service(self):
        if self.chance(0.05):
            return self.draw.choice([{"flat": True}, {"ignore": "by hand"}])
        source = self.draw.choice(self.world["sources"])
        kind = self.draw.choice(KINDS[like_of(source)])
        first = (source["id"], kind)
        count = f"{source['id']}.{kind}"
        other = self.draw.choice(self.world["sources"])
        kinds = [one for one in KINDS[like_of(other)] if one != kind]
        scale = Fraction(1)
        if self.chance(0.15):
            times = self.draw.choice([2, 3, 8, "0.5", "0.333"])
            count, scale = {"of": count, "times": Price(times)}, Fraction(str(times))
        if self.chance(0.25) and kinds and "subscription" not in (kind, kinds[0]) and "storage" not in (kind, kinds[0]):
            more = f"{other['id']}.{kinds[0]}"
            more = {"of": more, "times": 2} if self.chance(0.1) else more
            count = self.draw.choice([[count, more], {"sum": [count, more]}])
        elif kind == "subscription" and self.chance(0.5):
            others = [one["id"] for one in self.world["sources"] if "subscription" in KINDS[like_of(one)] and one is not source]
            if others and isinstance(count, str):
                count = [count, *(f"{one}.subscription" for one in others)]
        elif self.chance(0.25):
            joined = self.joined(first)
            if joined is not None:
                count, scale = joined, Fraction(1)
        made = {"count": count, "first": first, "scale": scale}
        made.update(self.keys(count, kind))
        if "unit" in made:
            made["scale"] *= Fraction(BYTES[source["kinds"][0]["unit"]], BYTES[made["unit"]])
        other = self.draw.choice(self.world["sources"])
        if self.chance(0.12) and (kind == "storage") == (like_of(other) == "backup") and (kind != "storage" or other is source):
            bought = KINDS[like_of(other)][-1]
            made["commitment"] = {"of": f"{other['id']}.{bought}"}
            if self.chance(0.5) and self.askable(bought, "where"):
                made["commitment"]["where"] = self.condition(bought, "where")
        elif kind == "subscription" and isinstance(count, str) and self.chance(0.3):
            made["commitment"] = "binds"
        if "pack" in made:
            made["scale"] /= Fraction(made["pack"])
        if self.chance(0.15):
            made["products"] = [self.fresh("ALSO-")]
        if self.chance(0.1):
            made["no_line"] = "list"
        if self.chance(0.15):
            made["may_be_empty"] = True
        if self.chance(0.06):
            made["one_time"] = "counts"
        return made

    def joined(self, first):
        """The largest of several counts, or each machine once; None: nothing can be joined with that kind."""
        if self.chance(0.4):
            terms = [".".join(first)]
            for _ in range(self.draw.choice([1, 1, 2])):
                other = self.draw.choice(self.world["sources"])
                kinds = KINDS[like_of(other)]
                terms += [f"{other['id']}.{kind}" for kind in [self.draw.choice(kinds)] if f"{other['id']}.{kind}" not in terms]
            if len(terms) < 2 or any(term.endswith(".storage") for term in terms):
                return None
            if self.chance(0.2):
                terms[0] = {"of": terms[0], "times": self.draw.choice([2, 3])}
            return {"max": terms}
        devices = [f"{source['id']}.{kind}" for source in self.world["sources"] for kind in KINDS[like_of(source)]
                   if like_of(source) in ("rmm", "open") and "kinds" not in source]
        if ".".join(first) not in devices or len(devices) < 2:
            return None
        self.shares = True
        parts = [".".join(first), *self.draw.sample([one for one in devices if one != ".".join(first)], self.draw.choice([1, 1, 2]) if len(devices) > 2 else 1)]
        made = {"union": parts}
        if self.chance(0.5):
            made["same_by"] = self.draw.choice([["serial"], ["mac", "serial"], ["name", "mac"], ["serial", "mac", "name"]])
        return made

    def keys(self, count, kind):
        """Keys that a service, a kind of agreement, a client and an agreement can have."""
        made = {}
        if is_single(count):
            for key, share in (("where", 0.3), ("where_not", 0.12)):
                if self.chance(share) and self.askable(kind, key):
                    made[key] = self.condition(kind, key)
                    if self.chance(0.25):
                        made[key] = [made[key], self.condition(kind, key)]
        if kind == "storage" and self.chance(0.6):
            made["unit"] = self.draw.choice(["GB", "GB", "GiB", "TB", "TiB", "MB", "MiB"])
        if kind not in HAS_SKU and self.chance(0.15):
            made["seen_within_days"] = self.draw.choice([45, 10, False])
        if self.chance(0.15):
            made["unknown"] = self.draw.choice(["widens", "counts", "left_out"])
        if self.chance(0.15):
            made["included"] = self.draw.choice([1, 2, 5])
        if self.chance(0.12):
            made["minimum"] = self.draw.choice([1, 3, 6])
        if self.chance(0.15):
            made[self.draw.choice(["pack", "pack", "round_up"])] = Price(self.draw.choice([2, 3, 7, 10, 12, 100, "0.5", "2.5"]))
        if self.chance(0.06):
            made["client_committed"] = self.draw.choice([2, 4, 8])
        if self.chance(0.06):
            made["client_committed_until"] = self.draw.choice([self.day(-100), self.day(200), self.coming, self.day(1), self.day(20)])
        if self.chance(0.12):
            made["cut"] = self.draw.choice(["at_once", "at_renewal", "at_renewal", {"notice_days": self.draw.choice([5, 30, 90])}])
        if self.chance(0.2):
            made["tolerance"] = self.draw.choice([1, 1, 2, {"units": 1, "percent": 50}])
        if self.chance(0.35):
            made["price"] = self.price()
        return made

    def price(self):
        """A price of one unit, or tiers."""
        if self.chance(0.6):
            return Price(self.draw.choice(PRICES))
        tiers = [{"up_to": Price(one), "each": Price(self.draw.choice(PRICES))} for one in self.draw.choice([[], [2], [1, 3], [4, "4.5", 10]])]
        price = {self.draw.choice(["graduated", "volume"]): [*tiers, {"each": Price(self.draw.choice(PRICES))}]}
        return {**price, "currency": self.draw.choice(["USD", "GBP"])} if self.chance(0.3) else price

    def askable(self, kind, key):
        """The attributes that a `where` or a `where_not` may ask for."""
        unwanted = self.unwanted[kind]
        known = asked_of()[kind].items()
        return {name: each for name, each in known if self.tells_all or (name in unwanted) == (key == "where_not")}

    def condition(self, kind, key):
        attributes = self.askable(kind, key)
        table = {}
        for attribute in self.draw.sample(sorted(attributes), self.draw.choice([1, 1, 2]) if len(attributes) > 1 else 1):
            known = attributes[attribute]
            asked = self.draw.choice([known[0], known[0].lower(), [known[0]], list(known[:2]), known[0][:2] + "*"])
            if self.chance(0.01 if self.needs_unknown else 0.06):
                asked = self.draw.choice(["Nowhere", [known[0], "Nowhere"]])
            table["holds_all" if attribute == "holds" and self.chance(0.3) else attribute] = asked
        return table

    def rules(self):
        home = self.draw.choice(["USD", "USD", "USD", "GBP"])
        text = [f"currency = {toml(home)}", "[services]"]
        named = []
        for code, keys in self.services.items():
            if isinstance(keys.get("count"), dict) and "of" not in keys["count"] and self.chance(0.4):
                named += [f"[counts.of-{code.lower()}]", *(f"{key} = {toml(value)}" for key, value in keys["count"].items())]
                keys = {**keys, "count": f"of-{code.lower()}"}
            unsaid = ("first", "scale", *(("count", "member") if keys.get("member") else ()))
            text.append(f"{code} = {toml({key: value for key, value in keys.items() if key not in unsaid})}")
        text += named
        for name, group in self.seats.groups.items():
            text += [f"[groups.{name}]", *(f"{key} = {toml(value)}" for key, value in group.items())]
        for name, share in (("Projects", 0.3), ("Fees", 0.3)):
            if self.chance(share):
                text += [f'[categories."{name}"]', self.draw.choice(["flat = true", 'ignore = "one-time work"'])]
        for source in self.world["sources"]:
            if HAS_SKU & set(KINDS[like_of(source)]) and self.chance(0.2):
                text += [f"[sources.{source['id']}]", *self.products_left_out()]
        counted = [code for code in self.services if "count" in self.services[code]]
        for name in ("Managed", "Block"):
            if counted and self.chance(0.25):
                text.append(f'[agreement_types."{name}"]')
                text += self.section(counted)
        for client in self.world["clients"]:
            if not self.chance(0.25):
                continue
            named = toml(self.draw.choice([client.get("identifier", client["id"]), client["id"], client["name"]]))
            text.append(f"[clients.{named}]")
            if len(self.world["sources"]) > 1 and self.chance(0.4):
                origin, to = self.draw.sample([one["id"] for one in self.world["sources"]], 2)
                on = self.day(self.draw.choice([-20, -1, 0, 1, 30]))
                text.append(self.draw.choice(["both = true", f"moved = {toml({'from': origin, 'to': to, 'on': on})}"]))
            if self.chance(0.12):
                text.append(self.draw.choice(["internal = true", "nfr = true"]))
            elif counted:
                text += self.section(counted)
            single = [code for code in counted if is_single(self.services[code]["count"])]
            sites = [code for code in single if "site" in ATTRIBUTES[self.services[code]["first"][1]]]
            is_counted = not any(word in text[-1] for word in ("flat", "ignore"))
            if not self.tells_all and any("site" in line for line in text):
                sites = []
            if sites and is_counted and len(client["agreements"]) > 1 and self.chance(0.9 if any(map(self.seats.is_seat, self.services)) else 0.5):
                text += [f'[clients.{named}.agreements."{self.draw.choice([client["agreements"][1]["name"], client["agreements"][1]["id"]])}"]',
                         f"{sites[0]} = {toml({'where': {'site': 'Nowhere' if self.chance(0.1) else 'York'}})}"]
        return "\n".join(text) + "\n"

    def products_left_out(self):
        left_out = self.draw.sample(SKUS, self.draw.choice([0, 1, 1, 2]))
        keys = {"leave_out": left_out, "count_too": [one for one in SKUS if one not in left_out and self.chance(0.3)]}
        if self.chance(0.02 if self.needs_unknown else 0.06):
            keys[self.draw.choice(sorted(keys))].append("Nowhere")
        if left_out and self.chance(0.2):
            keys["leave_out"] = [left_out[0].lower(), left_out[0][:2] + "*"] if not keys["count_too"] else [left_out[0].lower()]
        return [f"{key} = {toml(words)}" for key, words in keys.items() if words] or ['leave_out = ["SPB"]']

    def section(self, counted):
        code = self.draw.choice(counted)
        if self.chance(0.15):
            return [f"not_sold = [{toml(code)}]"]
        service = self.services[code]
        keys = self.keys(service["count"], service["first"][1])
        if self.chance(0.15):
            keys = self.draw.choice([{"not_sold": "bought elsewhere"}, {"ignore": "by hand"}, {"flat": True}])
            if "not_sold" in keys and self.chance(0.4):
                keys["review"] = self.draw.choice(REVIEWS)
        other_count = not service.get("member") and is_single(service["count"]) and not {"where", "where_not", "flat", "ignore"} & {*service, *keys}
        if other_count and self.chance(0.08):
            keys["count"] = f"{service['first'][0]}.{self.draw.choice(self.kinds_of(service['first'][0]))}"
        keys = self.seats.nearer(code, keys)
        if not keys:
            keys = {"included": 1}
        if self.chance(0.25):
            next_day = self.coming + datetime.timedelta(days=1)
            keys["from"] = self.draw.choice([self.day(-100), self.day(200), self.day(1), self.coming, self.coming, next_day])
        if self.chance(0.25):
            day_before = self.coming - datetime.timedelta(days=1)
            until = self.draw.choice([self.day(-100), self.day(200), self.day(1), self.coming, self.coming, day_before])
            keys["until"] = max(until, keys.get("from", until))
        return [f"{code} = {toml(keys)}"]


def world(seed, index, needs_unknown=False):
    return Maker(seed, index, needs_unknown).make()


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--count", type=int, default=100)
    arguments.add_argument("--unknown", action="store_true")
    asked = arguments.parse_args()
    for index in range(asked.count):
        print(json.dumps(world(asked.seed, index, asked.unknown), ensure_ascii=False))


if __name__ == "__main__":
    main()
