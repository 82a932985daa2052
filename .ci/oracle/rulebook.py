"""The world and its rules, read as naively as possible: days, numbers, kinds of items, and which rule holds for whom."""
import dataclasses
import datetime
import fnmatch
import tomllib
from fractions import Fraction

FRESH_DAYS, FRESH_DAYS_OF_A_FILE = 3, 35
DEVICE = ["serial", "mac", "name"]


BYTES = {"MB": 10 ** 6, "MiB": 2 ** 20, "GB": 10 ** 9, "GiB": 2 ** 30, "TB": 10 ** 12, "TiB": 2 ** 40,
         "gigabyte": 10 ** 9, "gibibyte": 2 ** 30}


class Refused(Exception):
    """The world or its rules use something that this oracle does not know."""


def kind_of(name, identity=(), stale_days=None, usual=None, person=False, unit=None):
    return {"name": name, "identity": list(identity), "stale_days": stale_days, "usual": usual or {}, "person": person, "unit": unit}


LIKE = {
    "rmm": [kind_of(name, DEVICE, 30, unit="device") for name in ("server", "workstation", "mobile", "other_device")],
    "tenant": [
        kind_of("user", ["object_id", "mail"], usual={"sign_in": ["allowed"]}, person=True),
        kind_of("licence"),
        kind_of("subscription"),
    ],
    "distributor": [kind_of("subscription")],
}


def moment(value):
    """A day or a moment, from TOML or JSON, as a moment in UTC."""
    if value is None or isinstance(value, datetime.datetime):
        return value
    if isinstance(value, datetime.date):
        return datetime.datetime(value.year, value.month, value.day, tzinfo=datetime.UTC)
    if len(value) == 10:
        return moment(datetime.date.fromisoformat(value))
    return datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))


def day(value):
    return None if value is None else moment(value).date()


def number(value):
    return Fraction(value)


def half_up(value):
    """Rounded to six places, half away from zero."""
    whole = (abs(value) * 2 * 10 ** 6 + 1) // 2
    return Fraction(whole if value >= 0 else -whole, 10 ** 6)


def amount(item):
    """The units of an item; None: the vendor did not say, or said less than none, which nobody can have."""
    said = item.get("quantity", 1)
    return None if said == "unknown" or number(said) < 0 else number(said)


def word(text):
    """Capitals and blanks around a word do not matter."""
    return str(text).strip().lower()


def words(value):
    """The words of a value: a list of them, or one text with semicolons between them."""
    each = value if isinstance(value, list) else str(value).split(";")
    return [word(one) for one in each]


def months_later(start, count):
    """The same day of a later (or earlier) month, or that month's last day."""
    index = start.year * 12 + start.month - 1 + count
    year, month = divmod(index, 12)
    for last in (start.day, 30, 29, 28):
        try:
            return datetime.date(year, month + 1, min(last, start.day))
        except ValueError:
            pass
    raise ValueError(start)


def fits_word(pattern, text):
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]").replace("?", "[?]"))


def is_whole(source):
    """Whether its list of accounts is all that there is."""
    return source.get("list", "owned") == "owned"


def fresh_days(source):
    return FRESH_DAYS_OF_A_FILE if source.get("list") == "exported" else FRESH_DAYS


class World:
    """One world: everything that a case says, with the rules already read."""

    def __init__(self, raw):
        self.raw = raw
        self.rules = Rules(raw["rules"])
        self.count_day = day(raw["count_day"])
        self.next_closing = day(raw.get("next_closing")) or months_later(self.count_day, 1)
        self.psa_failed = raw.get("psa", {}).get("read") == "failed"
        self.sources = {source["id"]: source for source in raw.get("sources", [])}
        self.clients = list(raw.get("clients", []))
        named = [one for account in raw.get("accounts", [])
                 for one in [account.get("client"), *account.get("split", {}).get("parts", {}).values()]]
        for lost in sorted(set(named) - {None} - {client["id"] for client in self.clients}):
            self.clients.append({"id": lost, "name": lost})  # the PSA no longer has it
        self.accounts = [self.with_copies(with_one_name(account)) for account in raw.get("accounts", [])]
        for account in self.accounts:
            if not any(key in account for key in ("client", "ignored", "split", "may_be")):
                told_from_names(account, self.clients)
        self.seen = self.words_seen()

    @staticmethod
    def with_copies(account):
        """The account with `times = N` written out, and an id that is repeated within a kind once."""
        def plain(items):
            seen, out = set(), []
            for item in items or []:
                for copy in range(item.get("times", 1)):
                    one = dict(item, id=f"{item['id']}-{copy + 1}" if "times" in item else item["id"])
                    if (one["kind"], one["id"]) not in seen:
                        seen.add((one["kind"], one["id"]))
                        out.append(one)
            return out
        account = dict(account, items=plain(account.get("items")), before=plain(account.get("before")))
        account["days"] = {on: plain(days["items"]) if "items" in days else account["items"] for days in account.get("days", [])
                           for on in days_of(days)}
        if account.get("earlier"):
            account["earlier"] = dict(account["earlier"], items=plain(account["earlier"].get("items")))
        return account

    def kinds(self, source_id):
        """The kinds of a source, by name. An open source has every kind that its items, words or rules name."""
        source = self.sources[source_id]
        if "kinds" in source:
            return {kind["name"]: {**kind_of(kind["name"]), **kind} for kind in source["kinds"]}
        if source.get("like") != "open":
            return {kind["name"]: kind for kind in LIKE[source["like"]]}
        named = {item["kind"] for account in self.accounts if account["source"] == source_id for item in all_items(account)}
        named |= {part["kind"] for part in self.rules.all_parts() if part["source"] == source_id}
        named |= set(source.get("words", {}).get("kind", []))
        return {name: kind_of(name, DEVICE) for name in named - {"unknown"}}

    def words_seen(self):
        """(source, kind, attribute) to the words that any snapshot had; attribute "" holds the kind itself."""
        seen = {}
        for account in self.accounts:
            for item in all_items(account):
                if item["kind"] == "unknown":
                    continue
                seen.setdefault((account["source"], word(item["kind"]), ""), set()).add(word(item["kind"]))
                for attribute, value in facts(item).items():
                    seen.setdefault((account["source"], word(item["kind"]), attribute), set()).update(words(value))
        for source in self.sources.values():
            for key, more in source.get("words", {}).items():
                if key == "kind":
                    for kind in more:
                        seen.setdefault((source["id"], word(kind), ""), set()).add(word(kind))
                else:
                    kind, attribute = key.split(".", 1)
                    seen.setdefault((source["id"], word(kind), attribute), set()).update(words(more))
                    seen.setdefault((source["id"], word(kind), ""), set()).add(word(kind))
        return seen

    def is_seen(self, source, kind, attribute, pattern):
        return any(fits_word(pattern, one) for one in self.seen.get((source, word(kind), attribute), ()))

    def source_is_read(self, source_id):
        source = self.sources[source_id]
        synced = day(source.get("synced_on")) or self.count_day
        return source.get("read", "complete") == "complete" and 0 <= (self.count_day - synced).days <= fresh_days(source)

    def synced_on(self, source_id):
        return day(self.sources[source_id].get("synced_on")) or self.count_day


def days_of(days):
    """The days of an entry of days."""
    begin, end = day(days.get("on", days.get("from"))), day(days.get("on", days.get("to")))
    return [begin + datetime.timedelta(days=one) for one in range((end - begin).days + 1)]


def all_items(account):
    of_days = [item for items in {id(items): items for items in account["days"].values()}.values() for item in items]
    return account["items"] + account["before"] + (account.get("earlier") or {}).get("items", []) + of_days


def facts(item):
    """What `where` can ask of an item: its attributes, its SKU, its name."""
    found = dict(item.get("attributes", {}))
    for key in ("sku", "name"):
        if item.get(key) is not None:
            found[key] = item[key]
    return found


def with_one_name(account):
    """An account with several names in one reading: none of them says whose it is, and with items it contradicts itself."""
    if "names" not in account:
        return account
    plain = {key: value for key, value in account.items() if key != "names"}
    return {**plain, "name": " / ".join(account["names"]), **({"read": "doubtful"} if account.get("items") else {})}


def told_from_names(account, clients):
    """Nobody decided and nobody says whose it may be: equal names decide, a shared word of four letters makes it possible."""
    def plain(name):
        return [part for part in "".join(char if char.isalnum() else " " for char in name.lower()).split() if part]
    equal = [client["id"] for client in clients if plain(client.get("name", "")) == plain(account.get("name", ""))]
    if len(equal) == 1:
        account["client"] = equal[0]
        return
    long = {part for part in plain(account.get("name", "")) if len(part) >= 4}
    account["may_be"] = [client["id"] for client in clients if long & set(plain(client.get("name", "")))]


RESERVED = {"not_sold", "internal", "nfr", "moved", "both", "note", "agreements", "from", "until"}


class Rules:
    """The rules file. `holding` says what holds for one service at one client."""

    def __init__(self, text):
        self.file = tomllib.loads(text, parse_float=Fraction)
        known = {"currency", "services", "counts", "categories", "agreement_types", "clients", "us", "sources", "groups"}
        if set(self.file) - known:
            raise Refused(f"rules: {sorted(set(self.file) - known)}")
        self.currency = self.file.get("currency", "USD")
        self.groups = self.file.get("groups", {})
        self.services = {}
        for code, table in self.file.get("services", {}).items():
            group = self.group_of(code)
            self.services[code] = {**table, **({"count": self.groups[group]["once_per"]} if group else {})}
        self.categories = {word(name): table for name, table in self.file.get("categories", {}).items()}

    def all_parts(self):
        found = []
        tables = list(self.services.values())
        for section in [*self.file.get("clients", {}).values(), *self.file.get("agreement_types", {}).values()]:
            tables += [table for table in section.values() if isinstance(table, dict)]
            for inner in section.get("agreements", {}).values():
                tables += [table for table in inner.values() if isinstance(table, dict)]
        for table in tables:
            if "count" in table:
                found += self.parts(table["count"])
            if isinstance(table.get("commitment"), dict):
                found += self.parts(table["commitment"]["of"])
        return found

    def parts(self, count, times=1):
        """The parts of a count that is a sum: source, kind, times."""
        if isinstance(count, list):
            return [part for one in count for part in self.parts(one, times)]
        if isinstance(count, dict):
            for join in ("sum", "max", "union"):
                if join in count and set(count) <= {join, "same_by"}:
                    return self.parts(count[join], times)
            if set(count) <= {"of", "times"}:
                return self.parts(count["of"], times * number(count.get("times", 1)))
            raise Refused(f"count: {count}")
        if count in self.file.get("counts", {}):
            return self.parts(self.file["counts"][count], times)
        source, _, kind = count.rpartition(".")
        return [{"source": source, "kind": kind, "times": Fraction(times)}]

    def service_of(self, product):
        for code, table in self.services.items():
            if word(product) in [word(code)] + words(table.get("products", [])) + words(table.get("replaces", {}).get("products", [])):
                return code
        return None

    def group_of(self, code):
        """The name of the group of a service."""
        return next((name for name, group in self.groups.items() if code in group["order"]), None)

    def client_table(self, client, clients):
        for name, table in self.file.get("clients", {}).items():
            if word(name) in (word(client["id"]), word(client.get("identifier", client["id"]))):
                return table
            if word(name) == word(client.get("name", "")):
                return table
        return {}

    def is_internal(self, client, clients):
        table = self.client_table(client, clients)
        return bool(table.get("internal") or table.get("nfr"))

    def sections(self, code, client, clients, agreements, day_of):
        """(agreement id, section's name, its keys) of each agreement of the client that is compared by itself."""
        found = []
        for name, section in self.client_table(client, clients).get("agreements", {}).items():
            for agreement in agreements:
                if word(name) in (word(agreement["id"]), word(agreement.get("name", agreement["id"]))):
                    keys = holds_on(in_section(section, code), day_of(agreement))
                    if keys and "where" in keys:
                        found.append((agreement["id"], name, keys))
        return found

    def holding(self, code, client, clients, agreements, looked_at, section=None):
        """The keys of a service, the nearer first. `agreements`: those whose kind of agreement speaks."""
        said = []
        for agreement in agreements:
            table = self.file.get("agreement_types", {}).get(agreement.get("type"), {})
            keys = holds_on(in_section(table, code), looked_at)
            said.append(flat(keys))
        common = {key: value for key, value in (said[0] if said else {}).items() if all(one.get(key) == value for one in said)}
        if said and all(one.get("not_sold") for one in said):
            common["not_sold"] = NotSold(min((one["not_sold"].review for one in said if one["not_sold"].review), default=None))
        nearest = dict(self.services.get(code, {}))
        own = holds_on(in_section(self.client_table(client, clients), code), looked_at)
        for layer in (unflat(common), own, section or {}):
            nearest = nearer(nearest, layer)
        nearest["price_of_client"] = "price" in own or "price" in (section or {})
        return superseding(nearest)


def in_section(table, code):
    """What a client's, an agreement's or a kind of agreement's section says about a service."""
    keys = {}
    if code in [one for one in table.get("not_sold", [])]:
        keys["not_sold"] = True
    inner = table.get("service:" + code) if code in RESERVED else table.get(code)
    if isinstance(inner, dict):
        keys.update(inner)
    return keys


@dataclasses.dataclass(frozen=True)
class NotSold:
    """The client does not buy it, which is to be looked at again on a day, or never."""
    review: datetime.date | None

    def leaves_alone(self, count_day):
        return self.review is None or count_day < self.review


def holds_on(keys, looked_at):
    begin, end = day(keys.get("from")), day(keys.get("until"))
    if (begin and looked_at < begin) or (end and looked_at > end):
        return {}
    held = {key: value for key, value in keys.items() if key not in ("from", "until", "review", "note")}
    if held.get("not_sold") or held.get("not_sold") == "":
        held["not_sold"] = NotSold(day(keys.get("review")))
    return held


def flat(keys):
    """`where` and `where_not` spread into a key for each attribute, so that they can be compared one by one."""
    out = {}
    for key, value in keys.items():
        if key in ("where", "where_not") and isinstance(value, dict):
            out.update({(key, attribute): one for attribute, one in value.items()})
        else:
            out[key] = value
    return out


def unflat(keys):
    out = {}
    for key, value in keys.items():
        if isinstance(key, tuple):
            out.setdefault(key[0], {})[key[1]] = value
        else:
            out[key] = value
    return out


def superseding(keys):
    """The keys of a service, with the SKUs that it replaces beside those that its `where` asks for."""
    old = words(keys.get("replaces", {}).get("skus", []))
    if not old or "where" not in keys:
        return keys
    def wider(table):
        return {key: words(value) + [one for one in old if one not in words(value)] if key in ("sku", "holds") else value
                for key, value in table.items()}
    where = keys["where"]
    tables = where if isinstance(where, list) else [where]
    said = [one for table in tables for key, value in table.items() if key in ("sku", "holds", "holds_all") for one in words(value)]
    return {**keys, "where": list(map(wider, tables)) if isinstance(where, list) else wider(where), "superseded": [one for one in old if one not in said]}


BASES = {"count", "flat", "ignore"}


def nearer(far, near):
    """`near` over `far`, key by key; a table of `where` or `where_not` attribute by attribute. Of `count`, `flat` and `ignore`
    one alone holds."""
    out = dict(far)
    if BASES & set(near):
        out = {key: value for key, value in out.items() if key not in BASES}
    if {"pack", "round_up"} & set(near):
        out = {key: value for key, value in out.items() if key not in ("pack", "round_up")}
    for key, value in near.items():
        both = key in ("where", "where_not") and isinstance(value, dict) and isinstance(out.get(key), dict)
        out[key] = {**out[key], **value} if both else value
    return out
