"""Seats: where a service holds, what it covers and grants, and groups in which each identity counts once."""
import itertools
from fractions import Fraction

from lines import standing
from rulebook import facts, moment, number, superseding, word, words
from selection import NOT_SEEN, Selection, beyond, fits, negation, tables

SECTIONS = "~sections"  # of a service that looks at what its sections leave, what these ask for


def is_seat(part):
    """Whether a service holds only where a line of it stands, or it is expected."""
    return bool(part.keys.get("covers") or part.keys.get("grants") or part.client.world.rules.group_of(part.code))


def holds(part):
    """Whether the service holds: True, False, or None where nobody knows."""
    client, side = part.client, part.side
    if not is_seat(part) or is_expected(part, filter(part.is_about, client.agreements)):
        return True
    stand = [lines_on(client, side.all, day) for day in (0, -1)]
    if all(stand):
        return True
    gone = [line for line in client.before if side.chosen(line)]
    before = [agreement for agreement in client.raw.get("before", []) if client.read == "fell" and part.is_about(agreement)]
    if (any(stand) or client.read in ("partial", "failed") or any(lines_on(client, gone, day) for day in (0, -1))
            or is_expected(part, before) or ends_before(client, side.all + gone)):
        return None
    return False


def may_be_gone(part):
    """Whether a line of the service stood only before a fall that nobody has confirmed."""
    client, lines = part.client, part.side.all
    return part.holds is None and client.read == "fell" and not any(lines_on(client, lines, day) for day in (0, -1)) and not ends_before(client, lines)


def is_expected(part, agreements):
    kinds = {word(kind) for kind in part.keys.get("expected_at", [])}
    named = any(word(agreement.get("type") or "") in kinds and part.client.is_live(agreement) for agreement in agreements)
    return named and not part.keys.get("not_sold")


def lines_on(client, lines, which):
    """The recurring and flat lines that stand on the first (0) or the last (-1) day that may be looked at."""
    return [line for role in ("recurring", "flat")
            for line in standing([line for line in lines if line.role == role], lambda line: client.days_looked_at(line.agreement)[which])]


def ends_before(client, lines):
    """Whether a line with a quantity stands on the count day and ends before the day looked at."""
    world = client.world
    return any(line.end is not None and world.count_day <= line.end < min(client.looked_at(line.agreement), world.next_closing)
               for line in standing([line for line in lines if line.role == "recurring"], lambda line: world.count_day))


# ---- covers

def covered(part):
    """Whether another service that holds has all units of this one inside: True, False, or None where nobody knows."""
    found = {covers(part, part.of(code)) for code in part.client.world.rules.services if code != part.code}
    return True if True in found else None if None in found else False


def covers(part, others):
    """The same of one other service. A part of it stands for its agreement; the one without a section for all that have none."""
    if all(part.code not in other.keys.get("covers", []) for other in others):
        return False
    if part.at is not None:
        meant = [other for other in others if other.at == part.at] or [other for other in others if other.at is None]
    else:
        apart = {one.at for one in part.of(part.code)} - {None}
        meant = [other for other in others if other.at not in apart]
    states = {other.holds if part.code in other.keys.get("covers", []) else False for other in meant}
    return states.pop() if len(states) == 1 else None


# ---- grants

def granted(part, undecided_allowed):
    """(least, most) units that other services grant, most None: any number. None: nobody grants this service anything."""
    least, most, anybody = Fraction(0), Fraction(0), False
    for code in part.client.world.rules.services:
        others = part.of(code) if code != part.code else []
        for other in others:
            each = number(other.keys.get("grants", {}).get(part.code, 0))
            given = is_given(part, other, others) if each and other.holds is not False else False
            if given is False:
                continue
            anybody = True
            low, high = should_bill(other, undecided_allowed)
            least += each * low if given and other.holds else 0
            most = None if high is None or most is None else most + each * high
    return (least, most) if anybody else None


def should_bill(other, undecided_allowed):
    """(least, most) that a granting service should bill; most None: any number, or it is not compared."""
    side, keys = other.side, other.keys
    if keys.get("flat") or keys.get("ignore") or (side.flat and not side.lines):
        return Fraction(0), None
    low, high = other.count(undecided_allowed)
    return max(Fraction(0), low["should"]), None if high is None else max(Fraction(0), high["should"])


def is_given(part, other, others):
    """Whether the other's grant is this part's: True, False, or None, from none to all of it."""
    mine = part.of(part.code)
    rest = next(one for one in mine if one.at is None)
    if other.at is not None:
        return part is next((one for one in mine if one.at == other.at), rest)
    apart = {one.at for one in others} - {None}
    meant = [one for one in mine if one.at not in apart]
    if len(meant) == 1:
        return part is meant[0]
    agreements = {line.agreement["id"] for line in other.side.lines + other.side.ending + other.side.flat}
    if len(agreements) == 1:
        return part is next((one for one in meant if one.at in agreements), rest)
    return None if part in meant else False


# ---- groups

def members(part):
    """Every part of every service of this one's group, in their order."""
    rules = part.client.world.rules
    return [one for code in rules.groups[rules.group_of(part.code)]["order"] for one in part.of(code)]


def ways(part):
    """Every way of which other parts of the group hold, as sets; one without any where there is no group."""
    if part.client.world.rules.group_of(part.code) is None:
        return [()]
    others = [one for one in members(part) if one is not part]
    return [[one for one, yes in zip(others, drawn) if yes]
            for drawn in itertools.product(*[[True, False] if one.holds is None else [one.holds] for one in others])]


def selection(part, source_id, parts, holding):
    """What a part of a service looks at, where these other parts of its group hold."""
    rules = part.client.world.rules
    name = rules.group_of(part.code)
    plain = (part.client.world, source_id, parts, part.keys, part.sections, part.service_where)
    if name is None:
        return Selection(*plain)
    order = rules.groups[name]["order"]
    earlier = [{**one.keys, SECTIONS: one.sections} for one in holding if order.index(one.code) < order.index(part.code)]
    return Grouped(*plain, rules.groups[name], earlier, [one.keys for one in holding] + [part.keys])


def for_all(world, code, source_id, parts, keys):
    """What a service looks at, as it holds for all."""
    group, keys = world.rules.group_of(code), superseding(keys)
    if group is None:
        return Selection(world, source_id, parts, keys, [])
    return Grouped(world, source_id, parts, keys, [], None, world.rules.groups[group], [], [keys], has_holders=False)


class Grouped(Selection):
    """What a service of a group looks at, or with `alone` false, what any service of it takes."""

    def __init__(self, world, source_id, parts, keys, sections, service_where, group, earlier, takers, alone=True, has_holders=True):
        self.group, self.earlier, self.takers, self.alone, self.has_holders = group, earlier, takers, alone, has_holders
        super().__init__(world, source_id, parts, keys, sections, service_where)

    def facts(self, candidate):
        seen = moment(candidate.item.get("last_seen"))
        known = facts(candidate.item)
        return known if seen is None else {**known, NOT_SEEN: (candidate.snapshot_day - seen.date()).days}

    def conditions(self):
        asked = [self.group.get("except"), *(one.get(key) for one in self.takers for key in ("where", "where_not"))]
        asked += [where for one in self.earlier for where in one.get(SECTIONS, ())]
        return super().conditions() + [where for where in asked if where]

    def names_states(self):
        named = [self.where, self.where_not] if self.alone else [one.get(key) for one in self.takers for key in ("where", "where_not")]
        return [*named, self.group.get("except")]

    def mode(self, kind):
        return self.group.get("unknown", "counts" if kind["person"] else "widens")

    def takes(self, keys, known, kind):
        """Whether one service takes an item: True, False, or "left_out" for a fact that is missing."""
        named = {attribute for where in (keys.get("where"), keys.get("where_not"), self.group.get("except")) if where
                 for table in tables(where) for attribute in table}
        usual = [fits({attribute: allowed}, known) for attribute, allowed in kind["usual"].items()
                 if attribute not in named and attribute not in self.usual(kind)]  # those are asked of every item that is looked at
        theirs = [negation(fits(beyond(keys.get("where"), where), known)) for where in keys.get(SECTIONS, ())]
        asked = [*theirs, fits(keys["where"], known) if keys.get("where") else True,
                 negation(fits(keys["where_not"], known) if keys.get("where_not") else False), *usual]
        if False in asked:
            return False
        if None in asked:
            return True if self.mode(kind) == "counts" else "left_out"
        return True

    def ways_to_look(self, known, kind):
        excepted = fits(self.group["except"], known) if self.group.get("except") else False
        if excepted is True:
            return [False]
        if self.mode(kind) == "counts":
            excepted = False  # where a fact is missing the contrary is not shown
        own = super().ways_to_look(known, kind) if self.alone else [self.anybody(known, kind)]
        taken = any(self.takes(keys, known, kind) is True for keys in self.earlier)
        if own == [False]:
            return ["no_holder", "holder"] if self.has_holders and excepted is False and self.is_holder(known, kind) else [False]
        if excepted is None:
            return ["left_out" if look else False for look in own]
        return ["group" if look and taken else look for look in own]

    def anybody(self, known, kind):
        found = [self.takes(keys, known, kind) for keys in self.takers]
        return True if True in found else "left_out" if "left_out" in found else False

    def is_holder(self, known, kind):
        """Whether somebody holds a paid, assignable licence, and no service of the group takes that person."""
        paid = any(one and not self.products.has(one) for one in words(known.get("holds", "")))
        return paid and not any(self.takes(keys, known, kind) for keys in self.takers)

    def unseen(self, part):
        upper, lower = super().unseen(part)
        if not self.alone:
            said = [keys for keys in self.takers if not keys.get("may_be_empty")]
            if not said:
                upper = lower = False  # the group's own exceptions are asked below
            upper, lower = ([upper, lower][at] or any(self.never_seen(part, keys.get(key), keys) for keys in said)
                            for at, key in enumerate(("where", "where_not")))
        if not self.keys.get("may_be_empty") and self.never_seen(part, self.group.get("except"), {}):
            lower = True
        return upper, lower or any(self.never_seen(part, keys.get("where"), keys) for keys in self.earlier if not keys.get("may_be_empty"))
