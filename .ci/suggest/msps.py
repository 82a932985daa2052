"""MSPs of which the rules are known, in the case format of tests/fixtures/cases: products with names unlike what counts them,
fees, hours, products of sources that nobody reads, and wrong bills.

Each product has its truth: a rule of this file's own, counted here over the items, without the product's code.
"""
import datetime
import random
from fractions import Fraction

COUNT_DAY = datetime.date(2026, 6, 30)
STREETS = "Alder Birch Cedar Dogwood Elm Fir Gorse Hazel Ivy Juniper Linden Maple Oak Pine Rowan Sycamore Willow Yew".split()
TRADES = "Dental Logistics Legal Studio Foods Motors Estates Labs Textiles Printing Care Roofing Timber Optics Media".split()
SKUS = ["SPB", "O365_BUSINESS_ESSENTIALS", "EXCHANGESTANDARD", "SPE_E3", "VISIOCLIENT", "PROJECTPROFESSIONAL", "INTUNE_A"]
BOUGHT = ["CFQ7TTC0LH18", "CFQ7TTC0LDPB", "CFQ7TTC0LCHC", "S1-COMPLETE", "ACR-BKP-01"]
CLASSES = ["laptop", "desktop", "kiosk"]
PLANS = ["tier-a", "tier-b", "tier-c"]
NAMES = ["Blue", "Harbour", "Comfort", "Ease", "Shield", "Summit", "Anchor", "Lantern", "Compass", "Beacon", "Orchard", "Prime"]
THINGS = ["Plan", "Care", "Pack", "Bundle", "Cover", "Suite", "Line", "Option"]
WRONG = 0.05
USUAL_DAYS = {"server": 30, "workstation": 30, "mobile": 30, "other_device": 30}


class Msp:
    """One MSP with its clients, items, products and their truths."""

    def __init__(self, seed):
        self.draw = random.Random(f"msp/{seed}")
        self.seed = seed
        self.clients = []
        self.rate = self.draw.uniform(0.02, 0.15)  # how many devices are stale
        self.skus = self.draw.sample(SKUS, self.draw.randint(3, len(SKUS)))
        self.bought = self.draw.sample(BOUGHT, self.draw.randint(2, len(BOUGHT)))
        self.has_backup = self.draw.random() < 0.7
        for number in range(self.draw.randint(10, 70)):
            self.clients.append(self.client(number))
        self.products = self.make_products()

    def chance(self, share):
        return self.draw.random() < share

    def some(self, most, scale=1.0):
        """A skewed number: many small clients, few large ones."""
        return min(most, int(self.draw.expovariate(1 / (4 * scale))))

    def client(self, number):
        name = f"{STREETS[number % len(STREETS)]} {TRADES[((number // len(STREETS)) * 4 + number % 3) % len(TRADES)]} {number}"
        people = 2 + self.some(80, 3)
        items = {"rmm": [], "tenant": [], "shop": [], "vault": []}
        serial = iter(range(10_000))

        def put(source, kind, **facts):
            items[source].append({"id": f"{number}-{next(serial)}", "kind": kind, **facts})

        def seen():
            days = self.draw.choice([40, 50, 75, 120, 250, 400]) if self.chance(self.rate) else self.draw.randint(0, 9)
            return str(COUNT_DAY - datetime.timedelta(days=days))

        for _ in range(max(1, people + self.draw.randint(-2, 3))):
            put("rmm", "workstation", last_seen=seen(), attributes={"class": self.draw.choices(CLASSES, [6, 4, 1])[0]})
        for _ in range(self.some(12)):
            put("rmm", "server", last_seen=seen(), attributes={"class": self.draw.choice(["vm", "host"])})
        if self.chance(0.5):
            for _ in range(self.some(10)):
                put("rmm", "mobile", last_seen=seen(), attributes={"class": "phone"})
        for _ in range(self.draw.choice([0, 1, 1, 1, 1, 1, 1, 2, 3])):  # as good as a fee
            put("rmm", "other_device", last_seen=seen(), attributes={"class": "firewall"})
        for one in range(people):
            holds = [sku for sku in self.skus if self.chance(0.6 if sku == self.skus[0] else 0.12)]
            sign_in = "blocked" if self.chance(0.05) else "allowed"
            put("tenant", "user", attributes={"sign_in": sign_in, "class": "guest" if self.chance(0.06) else "member"})
            for sku in holds:
                put("tenant", "licence", sku=sku, attributes={"sold_by": "us"})
        for sku in self.bought:
            if self.chance(0.65):
                put("shop", "subscription", sku=sku, quantity=1 + self.some(60, 2), attributes={"term": self.draw.choice(["P1M", "P1Y"])})
        if self.has_backup:
            plan = self.draw.choice(PLANS)
            for _ in range(self.some(20)):
                put("vault", "agent", attributes={"plan": plan if self.chance(0.8) else self.draw.choice(PLANS)})
        return {"id": f"c{number}", "name": name, "items": items, "unread": set()}

    # ---- what products there are

    def truths(self):
        """Rules that this MSP bills by: source, kinds and what must hold."""
        found = [
            {"kinds": [("rmm", "server")]},
            {"kinds": [("rmm", "workstation")], "days": self.draw.choice([30, 30, 60, 90, None])},
            {"kinds": [("tenant", "user")]},
            {"kinds": [("tenant", "licence")], "words": ("sku", [self.skus[0]])},
            {"kinds": [("tenant", "licence")], "words": ("sku", [self.skus[1]])},
            {"kinds": [("shop", "subscription")], "words": ("sku", [self.bought[0]])},
            {"kinds": [("shop", "subscription")], "words": ("sku", [self.bought[1]])},
        ]
        if self.chance(0.5):
            found.append({"kinds": [("rmm", "workstation")], "words": ("class", [self.draw.choice(CLASSES)])})
        if self.chance(0.5):
            found.append({"kinds": [("rmm", "other_device")]})
        if self.chance(0.4):
            found.append({"kinds": [("rmm", "server"), ("rmm", "workstation")]})
        if self.chance(0.4) and len(self.skus) > 3:
            found.append({"kinds": [("tenant", "licence")], "words": ("sku", sorted(self.skus[2:4]))})
        if self.has_backup:
            found.append({"kinds": [("vault", "agent")]} if self.chance(0.4) else
                         {"kinds": [("vault", "agent")], "words": ("plan", [PLANS[0]])})
            if "words" in found[-1]:
                found.append({"kinds": [("vault", "agent")], "words": ("plan", [PLANS[1]])})
        return found

    def make_products(self):
        names = [f"{one} {two}" for one in NAMES for two in THINGS]
        self.draw.shuffle(names)
        products = []

        def add(**facts):
            name = names.pop()
            products.append({"code": f"{name[:2].upper()}-{len(products) + 11}", "name": name, **facts})

        for truth in self.truths():
            # Some are sold to some clients only; an agreement says so, which no count can.
            add(truth=truth, sold=self.draw.choice([1, 1, 1, 1, 0.5]), category="Recurring")
        for _ in range(self.draw.randint(1, 3)):
            add(fee=True, sold=self.draw.choice([1, 0.6]), category="Fees")
        for _ in range(self.draw.randint(1, 3)):
            add(hours=True, sold=0.5, category="Labour")
        return products

    def count(self, truth, client):
        return count(truth, client["items"])

    def billed(self, product, client):
        """What the client is billed, mostly right."""
        draw = self.draw
        if draw.random() > product["sold"]:
            return None
        if "fee" in product:
            return 1
        if "hours" in product:
            return draw.randint(2, 90)
        right = self.count(product["truth"], client)
        if not self.chance(WRONG):
            return right
        kind = draw.choice(["more", "less", "missing", "old", "all"])
        if kind == "all":  # somebody counted what is switched off, too
            return self.count({**product["truth"], "days": None}, client) or 1
        if kind == "missing":
            return None
        if kind == "old":  # what it was when somebody counted last
            return max(0, right + draw.choice([-1, -1, 1]) * max(1, right // 8))
        return max(0, right + (1 if kind == "more" else -1) * draw.randint(1, 3))

    def world(self):
        """The case, and nothing of the truths."""
        accounts, clients, lines = [], [], iter(range(100_000))
        like = {"rmm": {"like": "rmm"}, "tenant": {"like": "tenant", "list": "by_grant"}, "shop": {"like": "distributor"},
                "vault": {"like": "open"}}
        for client in self.clients:
            for source, items in client["items"].items():
                # One account in thirty is not read.
                read = {"items": items}
                if self.chance(1 / 30):
                    read = {"read": "failed"}
                    client["unread"].add(source)
                accounts.append({"source": source, "id": f"{source}-{client['id']}", "name": client["name"], "client": client["id"], **read})
            billed = [(product, self.billed(product, client)) for product in self.products]
            found = [{"id": f"L{next(lines)}", "product": product["code"], "name": product["name"], "quantity": units,
                      "category": product["category"], "price": "10"} for product, units in billed if units]
            clients.append({"id": client["id"], "name": client["name"], "agreements": [{"id": f"A-{client['id']}", "lines": found}]})
        return {"name": str(self.seed), "count_day": str(COUNT_DAY), "accounts": accounts, "clients": clients,
                "sources": [{"id": source, **of} for source, of in like.items()],
                "rules": 'currency = "USD"\n[services]\nEXAMPLE = { ignore = "an example" }\n'}


def is_fresh(item, kind, days):
    if "last_seen" not in item or days is None:
        return True
    return (COUNT_DAY - datetime.date.fromisoformat(item["last_seen"])).days <= days


def has_word(item, attribute, words):
    value = item.get("sku") if attribute == "sku" else item.get("attributes", {}).get(attribute)
    return value is not None and value.lower() in [word.lower() for word in words]


def count(truth, items):
    """How many units a rule of this file counts."""
    units = Fraction(0)
    for source, kind in truth["kinds"]:
        days = truth["days"] if "days" in truth else USUAL_DAYS.get(kind)
        for item in items[source]:
            if item["kind"] != kind or not is_fresh(item, kind, days):
                continue
            wanted, unwanted = truth.get("words"), truth.get("not")
            if wanted and not has_word(item, *wanted) or unwanted and has_word(item, *unwanted):
                continue
            asked = [one[0] for one in (wanted, unwanted) if one]
            if kind == "user" and "sign_in" not in asked and item["attributes"]["sign_in"] != "allowed":
                continue
            units += item.get("quantity", 1)
    return int(units)


def rule_of(table):
    """A rule as TOML has it, as one of this file."""
    known = {"count", "where", "where_not", "seen_within_days", "no_line"}
    assert not set(table) - known, f"a rule with {set(table) - known}"
    counted = table["count"] if isinstance(table["count"], list) else [table["count"]]
    rule = {"kinds": [tuple(one.split(".")) for one in counted]}
    for key, name in (("where", "words"), ("where_not", "not")):
        if key in table:
            (attribute, words), = table[key].items()
            rule[name] = (attribute, words if isinstance(words, list) else [words])
    if "seen_within_days" in table:
        days = table["seen_within_days"]
        rule["days"] = None if days is False else days
    return rule
