#!/usr/bin/env python3
"""Changes of a world that may change nothing but ids.

permute.py BINARY [--seed N] [--count K]: rows in another order, items repeated under their id, other ids, a client's account
split in two. Each changed world must give the outcome of the first one. Exit code 1 if one does not.
"""
import json
import random
import sys

import compare
import engine
import worlds


def copy_of(world):
    return json.loads(json.dumps(world))


def held(account):
    """The lists of items of an account."""
    lists = [account[key] for key in ("items", "before") if key in account]
    return lists + ([account["earlier"]["items"]] if "items" in account.get("earlier", {}) else [])


def shuffled(world, draw):
    """All rows in another order."""
    world = copy_of(world)
    for rows in (world["sources"], world["accounts"], world["clients"]):
        draw.shuffle(rows)
    for account in world["accounts"]:
        for items in held(account):
            draw.shuffle(items)
    for client in world["clients"]:
        for agreements in (client["agreements"], client.get("before", [])):
            draw.shuffle(agreements)
            for agreement in agreements:
                draw.shuffle(agreement["lines"])
    return world


def repeated(world, draw):
    """Items again under their id, as a page that is read twice gives them; lines likewise."""
    world = copy_of(world)
    lists = [items for account in world["accounts"] for items in held(account)]
    lists += [agreement["lines"] for client in world["clients"] for agreement in client["agreements"]]
    for rows in lists:
        for row in list(rows):
            if draw.random() < 0.3:
                rows.insert(draw.randrange(len(rows) + 1), copy_of(row))
    return world


def renamed(world, draw):
    """Other ids of accounts, items, agreements and lines. Lines keep their order: the newest of equals goes by it."""
    world = copy_of(world)
    names = {}

    def other(kind, name):
        if (kind, name) not in names:
            names[kind, name] = f"{draw.randrange(10 ** 6)}-{len(names)}"
        return names[kind, name]
    for account in world["accounts"]:
        account["id"] = other(account["source"], account["id"])
        for items in held(account):
            for item in items:
                item["id"] = other("item", item["id"])
    for client in world["clients"]:
        for agreement in client["agreements"] + client.get("before", []):
            if ".agreements." not in world["rules"]:
                agreement["id"] = other("agreement", agreement["id"])
            if agreement.get("parent", "").startswith("AG") and ".agreements." not in world["rules"]:
                agreement["parent"] = other("agreement", agreement["parent"])
            for line in agreement["lines"]:
                line["id"] = "line-" + line["id"]
    return world


def split(world, draw):
    """Each account that is one client's and completely read as two of that client."""
    world = copy_of(world)
    accounts = []
    for account in world["accounts"]:
        accounts.append(account)
        if "client" not in account or account.get("read", "complete") != "complete" or len(account.get("items", [])) < 2:
            continue
        ids = sorted({item["id"] for item in account["items"]})
        moved = set(draw.sample(ids, len(ids) // 2))
        accounts.append({**account, "id": account["id"] + "-too", "items": [item for item in account["items"] if item["id"] in moved]})
        account["items"] = [item for item in account["items"] if item["id"] not in moved]
    world["accounts"] = accounts
    return world


CHANGES = (shuffled, repeated, renamed, split)


def without_ids(found):
    """An outcome without the ids that a change may change."""
    if "rows" not in found:
        return found
    rows = [{**row, "account": ""} if row["kind"] == "unmapped_account" else row for row in found["rows"]]
    return {**found, "rows": sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))}


def main():
    asked = compare.arguments(__doc__).parse_args()
    without = [field for field in asked.without.split(",") if field]
    failed, kept = 0, []
    for begin in range(0, asked.count, compare.BATCH):
        first = [worlds.world(asked.seed, index) for index in range(begin, min(asked.count, begin + compare.BATCH))]
        base = engine.run(asked.binary, first)
        changes = [CHANGES[(begin + at) % len(CHANGES)] for at in range(len(first))]
        changed = [change(world, random.Random(f"{asked.seed}/{world['name']}")) for change, world in zip(changes, first)]
        for world, other, change, one, two in zip(first, changed, changes, base, engine.run(asked.binary, changed)):
            differs = engine.differences(without_ids(one), without_ids(two), without)
            if differs:
                failed += 1
                kept += [world, other]
                if failed <= asked.show:
                    print(f"world {world['name']}, {change.__name__}: " + "; ".join(" | ".join(map(str, one)) for one in differs[:3]))
    print(f"seed {asked.seed}: {asked.count} changed worlds, {failed} do not give the same")
    if kept:
        with open(asked.keep, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(world, ensure_ascii=False) + "\n" for world in kept)
        print(f"both worlds of each are in {asked.keep}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
