"""A count over the days of a month, as naively as possible: every day is a world of its own, in which the service is counted."""
import datetime

from counts import possible_accounts
from rulebook import World, day, months_later

ONE_DAY = datetime.timedelta(days=1)
GAP_MAX = 2  # so many days in a row without a reading are told from those around them


class WorldOn(World):
    """The world as it was read on a day before the count day."""

    def __init__(self, world, on, first):
        self.__dict__.update(world.__dict__)
        self.now, self.on = world, on
        self.accounts = [account_on(world, account, on, first) for account in world.accounts]

    def source_is_read(self, source_id):
        return self.now.source_is_read(source_id)

    def synced_on(self, source_id):
        return min(self.on, self.now.synced_on(source_id))


def readings(world, account):
    """The days on which all of an account was read, each with its items; the last is that of now."""
    synced, state = world.synced_on(account["source"]), account.get("read", "complete")
    found = {on: items for on, items in account["days"].items() if on < synced}
    earlier = account.get("earlier")
    if state == "complete":
        found[synced] = account["items"]
    elif state == "failed" and earlier is not None:
        found.setdefault(day(earlier["as_of"]), earlier["items"])
        found[synced] = earlier["items"]
    elif state == "gone" and account.get("confirmed"):
        since = min(day(account["confirmed"]), synced)
        found.update({on: [] for on in days_from(since, synced + ONE_DAY)})
    return found


def days_from(first, end):
    return [first + ONE_DAY * one for one in range(max(0, (end - first).days))]


def account_on(world, account, on, first):
    """An account as it is known on a day before its source's sync."""
    synced = world.synced_on(account["source"])
    gone = account.get("read") == "gone" and account.get("confirmed")
    if on >= synced or gone and day(account["confirmed"]) <= on:
        return account
    plain = {key: value for key, value in account.items() if key not in ("read", "earlier", "confirmed")}
    read = readings(world, account)
    if on in read:
        return {**plain, "items": read[on], "before": []}
    unread = {**plain, "read": "doubtful", "items": [], "before": []}
    begin = end = on
    while begin - ONE_DAY >= first and begin - ONE_DAY not in read:
        begin -= ONE_DAY
    while end + ONE_DAY < synced and end + ONE_DAY not in read:
        end += ONE_DAY
    after = read.get(end + ONE_DAY)
    if (end - begin).days >= GAP_MAX or after is None:
        return unread
    # what was read before the month tells of its first days, where it is near enough
    near = [one for one in read if one < begin and (end - one).days <= GAP_MAX]
    before = read[max(near)] if near else after
    return {**plain, "read": "between", "items": after, "before": before}


def month(part):
    """(the earliest, the latest) first day of the month that runs, by the part's agreements."""
    client, count_day = part.client, part.client.world.count_day
    found = []
    for agreement in part.agreements:
        invoice, start = client.next_invoice(agreement), count_day.replace(day=1)
        if invoice is not None:
            months = 1
            while months_later(invoice, -months) > count_day:
                months += 1
            start = months_later(invoice, -months)
        found.append(start)
    found = found or [count_day.replace(day=1)]
    return min(found), max(found)


def reach(part, undecided_allowed):
    """The largest of all days: each end by itself, of several that are as large the latest."""
    world = part.client.world
    first, sure = month(part)
    sources = {one["source"] for one in world.rules.parts(part.keys["count"])}
    days = {world.count_day: part.reach(world, undecided_allowed)}
    for on in days_from(first, world.count_day):
        if any(on < world.synced_on(source) for source in sources):
            days[on] = part.reach(WorldOn(world, on, first), undecided_allowed)
    at_low = max((on for on in days if on >= sure), key=lambda on: (days[on][0][0][0], on))
    at_high = max(days, key=lambda on: (days[on][1][0][0], on == at_low, on))
    low, high = days[at_low][0], days[at_high][1]
    if at_low != at_high:  # what lies between two days was not replaced
        low = low[0], {reason: units for reason, units in low[1].items() if reason != "~replaced"}
    inside = [days[at_low][2][0], days[at_high][2][1]]
    no_upper = any(one[3] for one in days.values()) or any(is_late(part, source, first) for source in sources)
    return low, high, inside, no_upper, any(one[4] for one in days.values()), (at_low, at_high)


def is_late(part, source_id, first):
    """Whether too many days lie between a sync and the count day, of which nothing is known."""
    world = part.client.world
    many = (world.count_day - max(world.synced_on(source_id) + ONE_DAY, first)).days
    if not world.source_is_read(source_id) or many <= GAP_MAX:
        return False
    own = [account for account in world.accounts if account["source"] == source_id and part.client.id in owners(account)]
    return bool(own or possible_accounts(world, part.client.id, source_id))


def owners(account):
    return {account.get("client"), *account.get("split", {}).get("parts", {}).values()}
