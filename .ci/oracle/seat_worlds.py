"""Random rules of seats: groups, what a service covers and grants, where it is expected, and what it replaces."""
from fractions import Fraction

MEMBERS_LACK = ("unknown", "seen_within_days", "unit", "where_not", "count")  # the group has them, or nobody


class Seats:
    """The seats of one random world, drawn into the services of its maker."""

    def __init__(self, maker, kinds_of, number):
        self.maker, self.draw, self.kinds_of, self.number = maker, maker.draw, kinds_of, number
        self.groups, self.granting, self.inside = {}, {}, set()

    def make(self):
        chance = self.maker.chance
        if chance(0.4):
            if chance(0.6):
                self.group()
            self.covers_and_grants()
        for code, service in self.maker.services.items():
            asks = any(key in str(service.get("where", "")) for key in ("sku", "holds"))
            if "count" in service and chance(0.4 if asks else 0.07):
                self.replaces(service)
        for code, service in self.maker.services.items():
            if self.is_seat(code) and chance(0.4):
                service["expected_at"] = self.draw.choice([["Managed"], ["managed ", "Block"], ["Block"]])

    def is_seat(self, code):
        service = self.maker.services[code]
        return bool(service.get("member") or service.get("covers") or service.get("grants"))

    def group(self):
        maker = self.maker
        found = [(source["id"], kind) for source in maker.world["sources"] for kind in self.kinds_of(source) if kind in ("user", "user", "workstation", "agent")]
        if not found:
            return
        people = [one for one in found if one[1] == "user"]
        first = self.draw.choice(people if people and maker.chance(0.8) else found)
        codes = [f"SEAT-{one + 1}" for one in range(self.draw.choice([1, 2, 2, 3]))]
        for code in codes:
            made = {"count": ".".join(first), "first": first, "scale": Fraction(1, len(codes)), "member": True}
            made.update(self.member_keys(maker.keys(made["count"], first[1])))
            if "where" not in made and maker.chance(0.8) and maker.askable(first[1], "where"):
                made.update(self.member_keys({"where": maker.condition(first[1], "where")}))
            if maker.chance(0.2) or len(made) == 4:  # it has a key at least
                made["may_be_empty"] = True
            maker.services[code] = made
        group = {"once_per": ".".join(first), "order": self.draw.sample(codes, len(codes))}
        tables = [maker.condition(first[1], "where_not") for _ in range(self.draw.choice([0, 1, 1, 2])) if maker.askable(first[1], "where_not")]
        if maker.chance(0.4):
            tables.append({"not_seen_for_days": self.draw.choice([5, 30, 90])})
        if tables:
            group["except"] = tables[0] if len(tables) == 1 and maker.chance(0.3) else tables
        if maker.chance(0.3):
            group["unknown"] = self.draw.choice(["widens", "counts", "left_out"])
        self.groups["people"] = group

    def member_keys(self, keys):
        """Keys that a service of a group can have: the others are the group's."""
        keys = {key: value for key, value in keys.items() if key not in MEMBERS_LACK}
        if "where" in keys:
            tables = keys["where"] if isinstance(keys["where"], list) else [keys["where"]]
            tables = [{key: value for key, value in table.items() if key != "sign_in"} for table in tables]
            keys.pop("where")
            if all(tables):
                keys["where"] = tables if len(tables) > 1 else tables[0]
        return keys

    def covers_and_grants(self):
        """Some services inside others, none in a circle."""
        services = self.maker.services
        codes = self.draw.sample([code for code in services if "count" in services[code]], len([code for code in services if "count" in services[code]]))
        pairs = [(one, other) for at, one in enumerate(codes) for other in codes[at + 1:]]
        for one, other in self.draw.sample(pairs, min(len(pairs), self.draw.choice([1, 1, 2, 3]))):
            if self.maker.chance(0.4):
                services[one].setdefault("covers", []).append(other)
                self.inside.add(other)
            else:
                many = self.draw.choice(["1", "1", "2", "3", "0.5"] if not services[other]["first"][1] == "storage" else ["100", "50", "0.5"])
                services[one].setdefault("grants", {})[other] = self.number(many)
                self.granting.setdefault(other, []).append((one, Fraction(many)))

    def replaces(self, service):
        made = {}
        if self.maker.chance(0.7):
            made["products"] = [self.maker.fresh("OLD-")]
        where = service.get("where", {})
        asked = {key for table in (where if isinstance(where, list) else [where]) for key in table}
        if {"sku", "holds"} & asked and self.maker.chance(0.8):
            made["skus"] = [self.draw.choice(["SPB", "ECS", "SPE_E3", "GONE"])]
        if made:
            service["replaces"] = made

    def nearer(self, code, keys):
        """What a section may say of a service's seats."""
        service = self.maker.services[code]
        if service.get("member"):
            keys = self.member_keys(keys)
        if "grants" in service and self.maker.chance(0.2) and not {"flat", "ignore"} & set(keys):
            keys["grants"] = {other: self.number(self.draw.choice(["1", "2", "4"])) for other in service["grants"]}
        if "covers" in service and self.maker.chance(0.1):
            keys["covers"] = []
        return keys

    def guess(self, code, plain):
        """About as many as should be billed. `plain` says how many units of a service are used."""
        found = plain(code) - sum(many * plain(other) for other, many in self.granting.get(code, []))
        return round(self.draw.choice([found, 0]) if code in self.inside else found)
