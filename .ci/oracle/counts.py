"""How many units a service counts at a client: every settling of what is unknown is made and counted."""
import itertools
import json
from fractions import Fraction

from elsewhere import Elsewhere
from rulebook import Refused, amount, day, facts, fresh_days, is_whole, moment, number, word, words
from selection import NOT_SEEN, tables

SETTLINGS_MAX = 4096
ITEMS_MAX = 30  # of one client and source, each settled by itself; of more, equal ones together
OWN, SPLIT, FELL, GONE, UNDECIDED = "own", "split", "fell", "gone", "undecided"


class TooMany(Exception):
    """More settlings than this oracle is ready to go through."""


class Candidate:
    """An item that is, or may be, one of the client's."""

    def __init__(self, item, origin, snapshot_day, account=None, larger=None):
        self.item, self.origin, self.snapshot_day, self.account, self.fallen = item, origin, snapshot_day, account, False
        self.larger = larger  # a fall of its quantity that nobody has confirmed
        self.also = None  # the same item by another reading: it may be either
        self.elsewhere = False  # another client may have had the device since


class Candidates:
    """The items of one source that are or may be a client's, and whether there may be any number more."""

    def __init__(self, world, client_id, source_id, undecided_allowed=None):
        self.items, self.no_upper, self.gone = [], False, []
        self.source_id = source_id
        source = world.sources[source_id]
        if not world.source_is_read(source_id):
            self.no_upper = True
            return
        accounts = [account for account in world.accounts if account["source"] == source_id]
        own = [account for account in accounts if account.get("client") == client_id]
        split = [account for account in accounts if client_id in account.get("split", {}).get("parts", {}).values()]
        possible = possible_accounts(world, client_id, source_id)
        is_part = not is_whole(source)
        if not own and not split and not is_none(source, client_id) and is_part:
            self.no_upper = True
        for account in possible:
            if undecided_allowed is None or account["id"] in undecided_allowed:
                # one that is gone for sure holds nothing, whosever it was
                self.read(world, account, lambda item: UNDECIDED, is_part, successor=False)
        for account in own:
            self.read(world, account, lambda item: OWN, is_part, bool(possible))
        for account in split:
            self.read(world, account, lambda item, account=account: whose(account["split"], item, client_id), is_part, bool(possible))
        others = Elsewhere(world, source_id)
        for one in self.items:
            one.elsewhere = others.may_be_newer(client_id, one.item, one.account)

    def read(self, world, account, origin_of, is_part, successor):
        """One account's items, by how far it was read."""
        state, synced = account.get("read", "complete"), world.synced_on(account["source"])
        now, before, at = account["items"], account["before"], synced
        if state == "failed":
            earlier = account.get("earlier")
            if earlier is None or not 0 <= (world.count_day - day(earlier["as_of"])).days <= fresh_days(world.sources[account["source"]]):
                self.no_upper = True
                return
            now, before, at = earlier["items"], [], day(earlier["as_of"])
        elif state == "doubtful" or (state == "gone" and is_part):
            self.no_upper = True
            return
        elif state == "partial":
            self.no_upper = True
            before = []
        elif state == "gone":
            now = []
            if account.get("confirmed") and not successor:
                return
            if not is_undecided(account):
                self.gone.append(account["id"])
        elif state == "complete":
            before = []
        elif state == "between":
            return self.read_between(account, now, before, origin_of, at)
        elif state != "fell":
            raise Refused(f"account read {state}")
        held = {(item["kind"], item["id"]): item for item in before}
        for item in now:
            origin = origin_of(item)
            if origin is None:
                continue
            old = held.get((item["kind"], item["id"]))
            larger = None
            if old is not None and None not in (amount(old), amount(item)):
                larger = amount(old) if amount(old) > amount(item) else None
            self.items.append(Candidate(item, origin, at, account["id"], larger))
        present = {(item["kind"], item["id"]) for item in now}
        for item in before:
            origin = origin_of(item)
            if origin is None or (item["kind"], item["id"]) in present:
                continue
            of_anybody = origin == SPLIT
            if origin != UNDECIDED:
                origin = GONE if state == "gone" else FELL
            self.items.append(Candidate(item, origin, at, account["id"]))
            self.items[-1].fallen = state == "fell" or of_anybody


    def read_between(self, account, after, before, origin_of, at):
        """What an account held before a day on which it was not read, and afterwards: what both had is as one of them had it, and
        what only one had may have been there."""
        old = {(item["kind"], item["id"]): item for item in before}
        for item in after:
            twin = old.pop((item["kind"], item["id"]), None)
            origins = origin_of(item), None if twin is None else origin_of(twin)
            if twin is not None and None not in origins and origins[0] == origins[1]:
                self.items.append(Candidate(item, origins[0], at, account["id"]))
                self.items[-1].also = twin
                self.items[-1].fallen = origins[0] == SPLIT
                continue
            for one, origin in zip((item, twin), origins):
                self.perhaps(one, origin, at, account)
        for item in old.values():
            self.perhaps(item, origin_of(item), at, account)

    def perhaps(self, item, origin, at, account):
        if origin is not None:
            self.items.append(Candidate(item, origin, at, account["id"]))
            self.items[-1].fallen = True


def possible_accounts(world, client_id, source_id):
    """The undecided accounts of a source that may be the client's."""
    source = world.sources[source_id]
    accounts = [account for account in world.accounts if account["source"] == source_id]
    undecided = [account for account in accounts if is_undecided(account)]
    has_own = any(account.get("client") == client_id or client_id in account.get("split", {}).get("parts", {}).values() for account in accounts)
    if has_own or is_none(source, client_id) or not is_whole(source):
        return [account for account in undecided if client_id in account["may_be"]]
    return undecided


def is_undecided(account):
    return not any(key in account for key in ("client", "ignored", "split"))


def is_none(source, client_id):
    return source.get("none_for_rest", False) or client_id in source.get("none", [])


def whose(split, item, client_id):
    """OWN, SPLIT (it may be this client's) or None."""
    value = facts(item).get(split["by"])
    named = {word(part): client for part, client in split["parts"].items()}
    owners = {named[one] for one in words(value) if one in named} if value is not None else set()
    if not owners:
        return SPLIT
    return OWN if client_id in owners else None


def identities(item, names):
    found = {}
    for name in names:
        value = item.get("host") if name == "name" else item.get(name)  # `name`: in its network, not what people call it
        if value not in (None, [], ""):
            found[name] = set(words(value))
    return found


def same(one, other, names):
    """Whether two items are one device: by the first identity that both have."""
    for name in names:
        if name in one and name in other:
            return bool(one[name] & other[name])
    return False


def may_have_one_id(one, other):
    """Whether two candidates can be one item by their id: ids are unique within source and kind."""
    kinds = {one.item["kind"], other.item["kind"]}
    return one.account != other.account and one.item["id"] == other.item["id"] and (len(kinds) == 1 or "unknown" in kinds)


def one_item(mine, other):
    """Whether (candidate, kind) and another are one; None: the id says so, and another identity contradicts it."""
    names = mine[1]["identity"]
    (one, two) = (identities(each.item, kind["identity"]) for each, kind in (mine, other))
    by_id = mine[1]["name"] == other[1]["name"] and may_have_one_id(mine[0], other[0])
    if not any(name in one and name in two for name in names):
        return by_id
    shared = same(one, two, names)
    return None if by_id and not shared else shared


def choices_of(selection, candidate):
    """Every way of settling one item, by both of its readings where there are two."""
    found = choices_by(selection, candidate)
    if candidate.also is not None:
        other = Candidate(candidate.also, candidate.origin, candidate.snapshot_day, candidate.account)
        other.elsewhere = candidate.elsewhere
        found += [way for way in choices_by(selection, other) if way["short"] not in [one["short"] for one in found]]
    return found


def choices_by(selection, candidate):
    """Every way of settling one item: a list of dicts that say its kind, facts, whether it counts, is stale, exists."""
    item = candidate.item
    kinds = [selection.kinds[item["kind"]]] if item["kind"] != "unknown" else [*selection.kinds.values(), None]
    if item["kind"] == "unknown":  # kinds that no part names and that are alike are one way
        named = {part["kind"] for part in selection.parts}
        alike, kept = set(), []
        for kind in kinds:
            key = None
            if kind is not None and kind["name"] in named:
                key = kind["name"]
            elif kind is not None:
                key = (str(kind["identity"]), selection.limit(kind), str(kind["usual"]), selection.mode(kind))
            if key not in alike:
                alike.add(key)
                kept.append(kind)
        kinds = kept
    out = []
    for kind in kinds:
        if kind is None:
            out.append({"kind": None})
            continue
        state = item.get("state", "counts")
        counts = [True] if state == "counts" else [True, "unknown"] if state.startswith("unknown:") else [state]
        known = selection.facts(candidate)
        mode = selection.mode(kind)
        ways = [known]
        if mode == "widens":
            products = {"sku"} if selection.products.are_asked_of(kind) else set()
            for attribute in sorted((selection.asked | set(selection.usual(kind)) | products) - set(known)):
                ways = [{**way, attribute: one} for way in ways for one in possible_words(selection, kind, attribute)]
        limit, seen = selection.limit(kind), moment(item.get("last_seen"))
        if limit is None:
            stale = [None]
        elif seen is not None:
            stale = [(candidate.snapshot_day - seen.date()).days > limit]
        else:
            stale = [False, True] if mode == "widens" else [None]
        for one, way, old in itertools.product(counts, ways, stale):
            for each in selection.ways_to_look(way, kind) if selection.binds(candidate.item) else [False]:
                reason = selection.step(way, kind, old, one)
                for why in [reason, "elsewhere"] if reason is None and candidate.elsewhere else [reason]:
                    out.append({"kind": kind, "known": way, "reason": why, "looks": each})
    quantities = [amount(item)]
    if candidate.larger is not None:
        quantities.append(candidate.larger)
    different = []
    for way in out:
        for quantity in quantities:
            full = {**way, "quantity": quantity}
            # words that lead to the same are one way
            short = (full["kind"] and full["kind"]["name"], full.get("reason"), full.get("looks"), quantity)
            if short not in [one["short"] for one in different]:
                different.append({**full, "short": short})
    return different


def possible_words(selection, kind, attribute):
    """The words that a missing attribute may have: each that appears anywhere, or another one."""
    anywhere = {"~another~"} | selection.world.seen.get((selection.source_id, word(kind["name"]), attribute), set())
    if attribute == NOT_SEEN:
        return [0, 10 ** 6]
    for where in selection.conditions():
        for table in tables(where):
            anywhere |= {one.replace("*", "~") for one in words(table.get(attribute, []))}
    anywhere |= set(words(kind["usual"].get(attribute, [])))
    if attribute == "sku":
        anywhere |= {one.replace("*", "~") for one in selection.products.all()}
    return sorted(anywhere)


def orders(candidates):
    """Every order from the newest to the oldest that the moments allow, of items that can be one device with another."""
    names = [identities(one.item, ["serial", "mac", "name", "object_id", "mail"]) for one in candidates]
    having = {}
    for index, found in enumerate(names):
        for key in ((name, value) for name, values in found.items() for value in values):
            having.setdefault(key, set()).add(index)
    twins = {one: [other for other in range(len(candidates)) if may_have_one_id(candidates[one], candidates[other])]
             for one in range(len(candidates))}
    groups, left = [], set(range(len(candidates)))
    while left:
        group, more = set(), [min(left)]
        while more:
            one = more.pop()
            if one in group:
                continue
            group.add(one)
            more += [other for name, values in names[one].items() for value in values for other in having[name, value]]
            more += twins[one]
        left -= group
        groups.append(sorted(group))
    def allowed(order):
        for position, one in enumerate(order):
            for other in order[position + 1:]:
                newer, older = moment(candidates[one].item.get("last_seen")), moment(candidates[other].item.get("last_seen"))
                if newer and older and newer < older:
                    return False
        return True
    if any(len(group) > 5 for group in groups):
        raise TooMany
    return [[list(order) for order in itertools.permutations(group) if allowed(order)] for group in groups if len(group) > 1], groups


def merged(candidates):
    """The same with items that differ in nothing but their ids as one of their quantities together: what is unknown of
    them is unknown of each alone, so the least and the most are reached where all are settled alike."""
    out = {}
    for one in candidates:
        alone = not identities(one.item, ["serial", "mac", "name", "object_id", "mail"]) and amount(one.item) is not None
        alone = alone and one.also is None and not any(may_have_one_id(one, other) for other in candidates)
        alike = json.dumps([{**one.item, "id": "" if alone else one.item["id"]}, one.origin, str(one.snapshot_day), one.account, str(one.larger), one.also,
                            one.fallen], sort_keys=True)
        out.setdefault(alike, []).append(one)
    whole = []
    for group in out.values():
        if len(group) > 1:
            quantity = sum((amount(one.item) for one in group), Fraction(0))
            larger = None if group[0].larger is None else sum((one.larger for one in group), Fraction(0))
            one = Candidate({**group[0].item, "quantity": str(quantity)}, group[0].origin, group[0].snapshot_day, group[0].account, larger)
            one.fallen = group[0].fallen
            group = [one]
        whole += group
    return whole


def settle(selection, candidates, ways, order, present, ids_hold):
    """One settled world: what each item comes to. `ids_hold`: items whose id tells what they are, whatever contradicts it."""
    reasons, kept_of = {}, []
    for index in order:
        if not present(index):
            continue
        way = ways[index]
        if way["kind"] is None:
            reasons[index] = "no_kind"
            continue
        reason = way["reason"]
        if reason in (None, "elsewhere"):
            mine = (candidates[index], way["kind"])
            found = [one_item(mine, other) for other in kept_of]
            if True in found or (None in found and index in ids_hold):
                reason = "duplicate"
            else:
                kept_of.append(mine)
        asked = way["looks"] is not False and any(part["kind"] == way["kind"]["name"] for part in selection.parts)
        if asked and reason == "duplicate" and way["looks"] in ("holder", "no_holder"):
            reasons[index] = "second_holder"  # looked at only where another settling takes the item
        elif not asked or way["looks"] == "no_holder" or (way["looks"] == "holder" and reason is not None):
            reasons[index] = "not_looked_at"
        elif reason is not None:
            reasons[index] = reason
        else:
            reasons[index] = {"left_out": "unknown", "group": "group"}.get(way["looks"], "taken")
    return reasons


def units(selection, candidates, ways, reasons, free):
    """(factored units, raw units, has an unknown quantity) of a settled world; `free`: parts whose lower end is not known."""
    total, raw, endless = Fraction(0), Fraction(0), False
    for index, reason in reasons.items():
        if reason != "taken":
            continue
        for position, part in enumerate(selection.parts):
            if part["kind"] != ways[index]["kind"]["name"] or position in free:
                continue
            if ways[index]["quantity"] is None:
                endless = True
            else:
                total += part["times"] * ways[index]["quantity"]
                raw += ways[index]["quantity"]
    return total, raw, endless


class SourceCount:
    """The interval of one source's part of a count, with the ledger of both ends; of several selections nobody knows which holds."""

    def __init__(self, selections, found):
        try:
            self.settle_every(selections, found, found.items if len(found.items) <= ITEMS_MAX else merged(found.items))
        except TooMany:
            self.settle_every(selections, found, merged(found.items))

    def settle_every(self, selections, found, candidates):
        self.selection, self.candidates, self.settlings, self.counted = selections[0], candidates, [], {}
        unseen = [[selection.unseen(part) for selection in selections] for part in selections[0].parts]
        self.no_upper = found.no_upper or any(never for ways in unseen for never, _ in ways)
        self.free = {position for position, ways in enumerate(unseen) if any(never for _, never in ways)}
        for selection in selections:
            self.settle_all(selection, found, candidates)
        self.ends({OWN})
        self.no_upper = self.no_upper or any(endless for _, _, endless in self.counted[()])

    def settle_all(self, selection, found, candidates):
        # An item of a part's kind or an unknown one, or one that may be the same device as another.
        permutations, groups = orders(candidates)
        choices = [choices_of(selection, one) for one in candidates]
        accounts = sorted({one.account for one in candidates if one.origin == UNDECIDED})
        loose = [index for index, one in enumerate(candidates) if one.origin in (SPLIT, FELL) or one.fallen]
        gone = sorted({one.account for one in candidates if one.origin == GONE})
        unsure = [group for group in groups if self.has_doubtful_ids(group, choices)]
        variables = choices + [[False, True]] * (len(accounts) + len(loose) + len(gone) + len(unsure)) + permutations
        size = 1
        for variable in variables:
            size *= len(variable)
        if len(self.settlings) + size > SETTLINGS_MAX:
            raise TooMany
        alone = [group[0] for group in groups if len(group) == 1]
        for drawn in itertools.product(*variables):
            ways, rest = drawn[:len(candidates)], drawn[len(candidates):]
            theirs = {account for account, yes in zip(accounts, rest) if yes}
            exists = {index for index, yes in zip(loose, rest[len(accounts):]) if yes}
            still = {account for account, yes in zip(gone, rest[len(accounts) + len(loose):]) if yes}
            if theirs and found.gone and still == set(found.gone):
                continue  # an undecided account took the place of one that is gone: not all of those are still there
            def present(index):
                one = candidates[index]
                if one.origin == UNDECIDED and one.account not in theirs:
                    return False
                if one.origin == GONE and one.account not in still:
                    return False
                return index not in loose or index in exists
            rest = rest[len(accounts) + len(loose) + len(gone):]
            ids_hold = {index for group, yes in zip(unsure, rest) if yes for index in group}
            order = alone + [index for group in rest[len(unsure):] for index in group]
            reasons = settle(selection, candidates, ways, order, present, ids_hold)
            origins = frozenset(candidates[index].origin for index in reasons) | ({FELL} if any(
                ways[index]["quantity"] == candidates[index].larger is not None for index in reasons) else set())
            self.settlings.append((ways, reasons, origins))

    def has_doubtful_ids(self, group, choices):
        kinds = {index: [(self.candidates[index], way["kind"]) for way in choices[index] if way["kind"]] for index in group}
        return any(one_item(mine, other) is None
                   for one in group for two in group if one != two for mine in kinds[one] for other in kinds[two])

    def ends(self, origins, free=()):
        """The least and the most (factored, raw) of the settled worlds in which only these origins exist, each number by itself."""
        free = tuple(sorted(free))
        if free not in self.counted:
            self.counted[free] = [units(self.selection, self.candidates, ways, reasons, free) for ways, reasons, _ in self.settlings]
        found = [one[:2] for one, (_, _, had) in zip(self.counted[free], self.settlings) if had <= origins]
        factored, raw = zip(*found)
        return (min(factored), min(raw)), (max(factored), max(raw))

    def low(self):
        """The least, and how it comes from what was looked at."""
        least, parts = self.steps(0, ())
        if self.free:
            sure = tuple(map(min, self.ends({OWN, SPLIT, FELL, GONE, UNDECIDED}, self.free)[0], least))
            parts = add(parts, {"unknown": sure[1] - least[1]})
            least = sure
        return least, parts

    def low_without_replaced(self):
        """The same, with what was probably replaced taken out; that is told apart, multiplied by the factors, as `~replaced`."""
        least, parts = self.low()
        ends = [self.fewest(())] + ([self.fewest(self.free)] if self.free else [])
        fewest = tuple(map(min, zip(*ends)))
        fewest = tuple(map(min, fewest, least))
        parts = add(parts, {"replaced": fewest[1] - least[1], "~replaced": least[0] - fewest[0]})
        return fewest, parts

    def bought(self):
        """Of each settled world, (the units of each product, those beside, the units of each item whose product was not told
        although the source tells others'): of kinds whose items are told apart by their ids alone. Worlds of which another
        has less of everything are not told."""
        found = []
        for ways, reasons, _ in self.settlings:
            told, beside, untold = {}, Fraction(0), []
            for index, reason in reasons.items():
                if reason != "taken":
                    continue
                kind, item = ways[index]["kind"], self.candidates[index].item
                many = sum(part["kind"] == kind["name"] and at not in self.free for at, part in enumerate(self.selection.parts))
                more = many * (ways[index]["quantity"] or Fraction(0))
                if not kind["identity"] and item.get("sku") is not None:
                    told[word(item["sku"])] = told.get(word(item["sku"]), Fraction(0)) + more
                elif not kind["identity"] and more and self.selection.world.seen.get((self.selection.source_id, word(kind["name"]), "sku")):
                    untold.append(more)
                else:
                    beside += more
            world = (told, beside, tuple(sorted(untold)))
            if not any(within(one, world) for one in found):
                found = [one for one in found if not within(world, one)] + [world]
        return found

    def fewest(self, free):
        """The least (factored, raw) of all settled worlds, in each of which replaced devices count once."""
        found = []
        for ways, reasons, _ in self.settlings:
            factored, raw, _ = units(self.selection, self.candidates, ways, reasons, free)
            for kind in {part["kind"] for part in self.selection.parts}:
                parts = [part["times"] for at, part in enumerate(self.selection.parts) if part["kind"] == kind and at not in free]
                devices = [self.candidates[index].item for index, reason in reasons.items() if reason == "taken"
                           and ways[index]["kind"]["name"] == kind and ways[index]["quantity"] == 1]
                if self.selection.kinds[kind]["unit"] == "device":
                    many = replaced(devices)
                    factored, raw = factored - many * sum(parts), raw - many * len(parts)
            found.append((factored, raw))
        return tuple(map(min, zip(*found)))

    def high(self):
        return self.steps(1, ())

    def steps(self, end, free):
        gross, parts = self.own(self.ends({OWN}, free)[end][1])
        origins, before = {OWN}, self.ends({OWN}, free)[end]
        for origin in (SPLIT, FELL, GONE, UNDECIDED):
            origins.add(origin)
            after = self.ends(origins, free)[end]
            parts = add(parts, {origin: after[1] - before[1]})
            before = after
        return before, add(parts, {"gross": gross})

    def own(self, raw):
        """(gross, reasons) of the client's own items, for an end at which `raw` units of them are taken."""
        came_to = {}
        duplicates = []
        for ways, reasons, had in self.settlings:
            if not had <= {OWN}:
                continue
            for index, reason in reasons.items():
                if not self.candidates[index].fallen:  # what may have been there comes on top
                    came_to.setdefault(index, set()).add(reason)
        gross, parts, sometimes = Fraction(0), {}, set()
        for index, reasons in came_to.items():
            if reasons <= {"not_looked_at", "no_kind", "second_holder"}:
                continue
            quantity = amount(self.candidates[index].item) or Fraction(0)
            gross += quantity
            if "taken" in reasons:
                sometimes.add(index)
                continue
            known = [reason for reason in reasons - {"not_looked_at", "no_kind", "second_holder"} if reason not in ("unknown", "elsewhere")]
            known.sort(key=lambda reason: (reason == "duplicate", reason == "stale", reason))
            parts = add(parts, {known[0] if known else "unknown": -quantity})
        for ways, reasons, had in self.settlings:
            if had <= {OWN}:
                twice = [index for index, reason in reasons.items() if reason in ("duplicate", "second_holder") and index in sometimes]
                duplicates.append(sum((ways[index]["quantity"] or Fraction(0) for index in twice), Fraction(0)))
        sure = min(duplicates, key=abs) if duplicates else Fraction(0)
        parts = add(parts, {"duplicate": -sure})
        return gross, add(parts, {"unknown": raw - gross - sum(parts.values())})


def within(one, other):
    """Whether nothing of one (units of each product, those beside, those of products not told) is more than of the other."""
    (mine, beside, untold), (theirs, theirs_beside, their_untold) = one, other
    return untold == their_untold and beside <= theirs_beside and all(units <= theirs.get(sku, 0) for sku, units in mine.items())


def replaced(devices):
    """How many devices were last seen before another was first seen, each paired with one of its own: the largest matching."""
    seen = [(moment(item.get("first_seen")), moment(item.get("last_seen"))) for item in devices]
    seen = [(None if first and last and first > last else first, last) for first, last in seen]
    after = [[at for at, (first, _) in enumerate(seen) if first and last and last < first] for _, last in seen]
    taken = {}

    def paired(old, tried):
        for new in after[old]:
            if new not in tried:
                tried.add(new)
                if new not in taken or paired(taken[new], tried):
                    taken[new] = old
                    return True
        return False
    return sum(paired(old, set()) for old in range(len(devices)))


def add(one, other):
    out = dict(one)
    for key, value in other.items():
        out[key] = out.get(key, Fraction(0)) + value
    return {key: value for key, value in out.items() if value or key == "gross"}
