#!/usr/bin/env python3
"""Changes of a world that may change nothing but ids.

permute.py BINARY [--seed N] [--count K]: every world is changed in each way of `CHANGES`: rows in another order, rows cut
into other pages, rows repeated under their id, other ids, other ids in the same order, a client's account split in two. Each
changed world must give the outcome of the first one, with the ids given back. Which of several items that are alike a row
names may go by the order of their ids, and by nothing else. Exit code 1 if one does not.
"""
import collections
import json
import random
import re
import sys

import compare
import engine
import worlds

BATCH = 200
BEHIND = ("items_in", "items_out", "lines", "doubts")  # lists of what stands behind a row


class Changed:
    """A changed world, and how to give its ids back: (kind of id, new) to the old one. `in_order`: whether these have the same
    order; if not, of the items behind a row only how many there are can be compared."""

    def __init__(self, world, old=None, in_order=True):
        self.world, self.old, self.in_order = world, old or {}, in_order

    def given_back(self, found):
        """An outcome with the ids of the world that was changed, and its lists in order."""
        if "rows" not in found:
            return found
        return {**found, "rows": sorted((self.row(row) for row in found["rows"]), key=lambda row: json.dumps(row, sort_keys=True))}

    def row(self, row):
        row = dict(row)
        for field, kind in (("client", "client"), ("to", "client"), ("source", "source"), ("agreement", "agreement")):
            if row.get(field):
                row[field] = self.old.get((kind, row[field]), row[field])
        if row.get("account"):
            row["account"] = self.old.get(("account", row["account"]), row["account"])
        for field in BEHIND:
            if isinstance(row.get(field), list):
                row[field] = sorted(self.inner(field, one) for one in row[field])
        return row

    def inner(self, field, text):
        if field == "lines":
            name, rest = text.split(":", 1)
            return self.old.get(("line", name), name) + ":" + rest
        return self.old.get(("item", text), text)

    def comparable(self, found):
        if self.in_order or "rows" not in found:
            return found
        return {**found, "rows": [{key: len(value) if key in ("items_in", "items_out") else value for key, value in row.items()}
                                  for row in found["rows"]]}


def copy_of(rows):
    """A copy in which no two rows are one object."""
    return json.loads(json.dumps(rows))


def held(account):
    """The lists of items of an account."""
    lists = [account[key] for key in ("items", "before") if key in account]
    lists += [days["items"] for days in account.get("days", []) if "items" in days]
    return lists + ([account["earlier"]["items"]] if "items" in account.get("earlier", {}) else [])


def all_agreements(client):
    return client["agreements"] + client.get("before", [])


def lists_of_rows(world):
    """The lists of items and of lines, of which a source can tell the same row again."""
    lists = [items for account in world["accounts"] for items in held(account)]
    return lists + [agreement["lines"] for client in world["clients"] for agreement in all_agreements(client)]


def all_lists(world):
    lists = [world["sources"], world["accounts"], world["clients"]]
    for client in world["clients"]:
        lists += [client["agreements"], *([client["before"]] if "before" in client else [])]
    return lists + lists_of_rows(world)


def shuffled(world, draw):
    """All rows in another order."""
    world = copy_of(world)
    for rows in all_lists(world):
        draw.shuffle(rows)
    return Changed(world)


def repaged(world, draw):
    """Rows cut into other pages, which come in another order. A list that moves while it is read gives the last row of a
    page again on the next one. The sources come in the opposite order."""
    world = copy_of(world)
    repeats = {id(rows) for rows in lists_of_rows(world)}
    for rows in reversed(all_lists(world)):  # what a row holds before the row itself, which is copied with it
        size = draw.choice([1, 1, 2, 3])
        cuts = range(0, len(rows), size)
        overlap = int(id(rows) in repeats and draw.random() < 0.5)
        pages = [rows[max(0, begin - overlap):begin + size] for begin in cuts]
        draw.shuffle(pages)
        rows[:] = [copy_of(row) for page in pages for row in page]
    world["sources"].reverse()
    return Changed(world)


def repeated(world, draw):
    """Items again under their id, as a page that is read twice gives them; lines likewise."""
    world = copy_of(world)
    for rows in lists_of_rows(world):
        for row in list(rows):
            if draw.random() < 0.3:
                rows.insert(draw.randrange(len(rows) + 1), copy_of(row))
    return Changed(world)


class Renamer:
    """Other ids for a whole world. Clients and lines keep their order: what is equally dear, or equally new, goes by it; where
    `in_order`, items do, too."""

    def __init__(self, draw, in_order):
        self.draw, self.new = draw, {}
        self.orderly = ("client", "line", "item") if in_order else ("client", "line")

    def __call__(self, kind, name):
        if (kind, name) not in self.new:
            drawn = f"{kind[:2]}{self.draw.randrange(10 ** 6)}-{len(self.new)}"
            self.new[kind, name] = f"{kind}-{name}" if kind in self.orderly else drawn
        return self.new[kind, name]

    def account(self, account):
        account["source"], account["id"] = self("source", account["source"]), self("account", account["id"])
        for items in held(account):
            for item in items:
                item["id"] = self("item", item["id"])
        if "client" in account:
            account["client"] = self("client", account["client"])
        if "may_be" in account:
            account["may_be"] = [self("client", one) for one in account["may_be"]]
        if "split" in account:
            account["split"]["parts"] = {word: self("client", one) for word, one in account["split"]["parts"].items()}

    def client(self, client):
        client["id"] = self("client", client["id"])
        for agreement in all_agreements(client):
            agreement["id"] = self("agreement", agreement["id"])
            if "parent" in agreement:
                kind = "agreement" if agreement["parent"].startswith("AG") else "client"
                agreement["parent"] = self(kind, agreement["parent"])
            if "bill_to" in agreement:
                agreement["bill_to"] = self("client", agreement["bill_to"])
            for line in agreement["lines"]:
                line["id"] = self("line", line["id"])

    def rules(self, text, clients):
        """The rules with the new ids of sources, clients and agreements."""
        sources = "|".join(re.escape(name) for kind, name in self.new if kind == "source")
        # before the point of a kind, in the table of a source, or where the rules say from where to where a client moved
        text = re.sub(rf'\b({sources})(?=\.)|(?<=\[sources\.)({sources})(?=\])|(?<=from = ")({sources})(?=")|(?<=to = ")({sources})(?=")', lambda found: self("source", found[0]), text)

        def section(found):
            client, agreement = found["client"], found["agreement"]
            if client in clients:
                client = self("client", client)
            if agreement is None:
                return f'[clients."{client}"]'
            if ("agreement", agreement) in self.new:
                agreement = self.new["agreement", agreement]
            return f'[clients."{client}".agreements."{agreement}"]'
        return re.sub(r'^\[clients\."?(?P<client>[^"\].]+)"?(?:\.agreements\."(?P<agreement>[^"]+)")?\]$', section, text, flags=re.MULTILINE)


def renamed_in_order(world, draw):
    return renamed(world, draw, in_order=True)


def renamed(world, draw, in_order=False):
    """Other ids of sources, accounts, items, clients, agreements and lines, wherever they stand."""
    world, rename = copy_of(world), Renamer(draw, in_order)
    clients = {client["id"] for client in world["clients"]}
    for source in world["sources"]:
        source["id"] = rename("source", source["id"])
        if "none" in source:
            source["none"] = [rename("client", one) for one in source["none"]]
    for account in world["accounts"]:
        rename.account(account)
    for client in world["clients"]:
        rename.client(client)
    world["rules"] = rename.rules(world["rules"], clients)
    return Changed(world, {(kind, new): old for (kind, old), new in rename.new.items()}, in_order)


def split(world, draw):
    """Each account that is one client's and completely read as two of that client."""
    world = copy_of(world)
    accounts = []
    for account in world["accounts"]:
        accounts.append(account)
        if "client" not in account or account.get("read", "complete") != "complete" or "names" in account or len(account.get("items", [])) < 2:
            continue
        ids = sorted({item["id"] for item in account["items"]})
        moved = set(draw.sample(ids, len(ids) // 2))
        too = copy_of(account)
        too["id"] += "-too"
        for one, theirs in ((account, False), (too, True)):
            for items in held(one):
                items[:] = [item for item in items if (item["id"] in moved) == theirs]
        accounts.append(too)
    world["accounts"] = accounts
    return Changed(world)


CHANGES = (shuffled, repaged, repeated, renamed, renamed_in_order, split)
SAME = Changed({})


def differences(first, changed, found, without=()):
    """What differs between the outcome of a world and that of the changed one."""
    one, two = SAME.given_back(changed.comparable(first)), changed.given_back(changed.comparable(found))
    if one == two:
        return []
    out = engine.differences(one, two, without)
    if not out and "rows" in one and "rows" in two:
        for mine, theirs in zip(one["rows"], two["rows"]):
            out += [(engine.label(mine), key, mine.get(key), theirs.get(key))
                    for key in sorted({*mine, *theirs} - set(without)) if not engine.equal(mine.get(key), theirs.get(key))]
    return out


def chunk(asked, ends):
    """(change, world, changed world, differences) of those that differ, of the worlds from one number to another."""
    first = [worlds.world(asked.seed, index) for index in range(*ends)]
    some = [(change.__name__, world, at) for at, world in enumerate(first) for change in CHANGES]
    changed = [CHANGES[at % len(CHANGES)](world, random.Random(f"{asked.seed}/{world['name']}/{change}"))
               for at, (change, world, _) in enumerate(some)]
    found = engine.run(asked.binary, first + [one.world for one in changed])
    without, out = compare.fields_without(asked), []
    for (change, world, at), one, other in zip(some, changed, found[len(first):]):
        differs = differences(found[at], one, other, without)
        if differs:
            out.append((change, world, one.world, differs))
    return out


def main():
    asked = compare.arguments(__doc__).parse_args()
    failed = [one for more in engine.in_chunks(chunk, asked, BATCH) for one in more]
    for change, world, _, differs in failed[:asked.show]:
        print(f"world {world['name']}, {change}: " + "; ".join(" | ".join(map(str, one)) for one in differs[:3]))
    times = collections.Counter(change for change, *_ in failed)
    told = ", ".join(f"{change.__name__} {times[change.__name__]}" for change in CHANGES)
    print(f"seed {asked.seed}: {asked.count} worlds, each changed in {len(CHANGES)} ways; do not give the same: {told}")
    if failed:
        with open(asked.keep, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(one, ensure_ascii=False) + "\n" for _, world, other, _ in failed for one in (world, other))
        print(f"both worlds of each are in {asked.keep}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
