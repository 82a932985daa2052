"""What the accounts of random worlds held on the days before, for a service that counts the most of a month."""
import copy
import datetime
import random

from rulebook import day

SHARE = 0.2  # of the worlds
DAYS_BACK = 36
HOLES = [0, 0, 0, 0, 1, 1, 2, 2, 3]  # days in a row that were not read


def add(world, services):
    """Lets a service of a world count the peak, if there is one that counts, and gives its sources other days."""
    draw = random.Random(f"{world['name']}/peak")
    counted = sorted(code for code, keys in services.items() if "count" in keys and "member" not in keys)
    if not counted or draw.random() >= SHARE:
        return
    keys = services[draw.choice(counted)]
    keys["at"] = "peak"
    for source in [one for one in world["sources"] if f"'{one['id']}." in repr(keys["count"])]:
        synced = day(source.get("synced_on", world["count_day"]))
        failed = hole(draw, synced) if draw.random() < 0.3 else set()  # nights without a sync
        for account in [one for one in world["accounts"] if one["source"] == source["id"]]:
            account["days"] = days(draw, account, synced, failed)


def hole(draw, synced):
    first = synced - datetime.timedelta(days=draw.randrange(1, 30))
    return {first - datetime.timedelta(days=one) for one in range(draw.choice([1, 1, 2, 3]))}


def days(draw, account, synced, failed):
    """Runs of days on each of which the account held the same."""
    held = account.get("items") or account.get("before") or []
    items = list({(one["kind"], one["id"]): one for one in copy.deepcopy(held)}.values())  # one id says one thing
    # An account is not read after somebody confirmed that it is gone, nor after its last reading that did not fail.
    ends = [day(account["confirmed"])] if "confirmed" in account else []
    ends += [day(account["earlier"]["as_of"]) + datetime.timedelta(days=1)] if "earlier" in account else []
    end = min(ends, default=synced)
    found, at = [], 1
    at += draw.choice(HOLES) if draw.random() < 0.3 else 0
    while at <= DAYS_BACK:
        run = draw.choice([1, 1, 2, 5, 12, DAYS_BACK])
        on = [synced - datetime.timedelta(days=one) for one in range(at, min(at + run, DAYS_BACK + 1))]
        found += [{"on": str(one), "items": items} for one in on if one not in failed and one < end]
        at += run + draw.choice(HOLES)
        items = changed(draw, items, at)
    return together(found)


def together(found):
    """Days in a row with the same items as one entry."""
    out = []
    for one in found:
        last = out[-1] if out else None
        if last and last["items"] is one["items"] and day(last["from"]) - datetime.timedelta(days=1) == day(one["on"]):
            last["from"] = one["on"]
        else:
            out.append({"from": one["on"], "to": one["on"], "items": one["items"]})
    return [{**one, "items": copy.deepcopy(one["items"])} for one in out]


def changed(draw, items, at):
    """The items some days before: one more, one less, one with another quantity, or one with a word or a sighting of that time."""
    items = copy.deepcopy(items)
    change = draw.choice(["more", "more", "more", "less", "quantity", "word", "seen", "nothing"])
    if not items or change == "nothing":
        return items
    one = draw.choice(items)
    if change == "more" and len(items) < 6:
        twin = {**copy.deepcopy(one), "id": f"{one['id']}-{at}"}
        for key in ("serial", "mac", "host", "object_id", "mail"):
            twin.pop(key, None)
        items.append(twin)
    elif change == "less":
        items.remove(one)
    elif change == "quantity" and one.get("quantity") != "unknown":
        one["quantity"] = draw.choice([1, 2, 5])
    elif change == "word" and one.get("attributes"):
        name = draw.choice(sorted(one["attributes"]))
        others = sorted({other["attributes"][name] for other in items if name in other.get("attributes", {})})
        one["attributes"][name] = draw.choice(others)
    elif change == "seen" and "last_seen" in one:
        one["last_seen"] = str(day(one["last_seen"]) - datetime.timedelta(days=draw.choice([1, 3, at])))
    return items
