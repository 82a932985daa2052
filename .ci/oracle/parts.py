"""One comparison: a service at a client, whole or one agreement's section of it, and how many units it should bill."""
import functools
from fractions import Fraction

import joins
import peak
import seats
from counts import Candidates, SourceCount, add
from lines import Side, Value
from rulebook import BYTES, Refused, day, half_up, months_later, number
from selection import Selection


class Part:
    """One comparison: a service at a client, whole or one agreement's section of it."""

    def __init__(self, client, code, keys, section, chosen, sections, looked_at, service_where=None, shares_commitment=False, at=None,
                 is_about=lambda agreement: True):
        self.at, self.is_about, self.ends = at, is_about, {}  # the agreement of a section; whether the part is about an agreement
        self.client, self.code, self.keys, self.section, self.looked_at = client, code, keys, section, looked_at
        self.codes = {code}
        self.side = Side(client, chosen, keys.get("one_time") == "counts")
        self.value = Value(self.side, keys, client.world.rules, client, code, looked_at)
        self.sections, self.service_where, self.shares_commitment = sections, service_where, shares_commitment
        self.agreements = []  # by which its month runs

    def of(self, code):
        """The parts of another service at the client."""
        return parts_of(self.client, code)

    @functools.cached_property
    def holds(self):
        return seats.holds(self)

    def selections(self, source_id, parts):
        """What is looked at, in each way of which other services hold."""
        return [seats.selection(self, source_id, parts, holding) for holding in seats.ways(self)]

    def count(self, undecided_allowed=None):
        """(low end, high end) of should bill, each {should, raw, parts}; high is None where nobody knows an upper end."""
        key = None if undecided_allowed is None else frozenset(undecided_allowed)
        if key not in self.ends:
            low, high = self.count_all(undecided_allowed)
            if seats.may_be_gone(self):  # then nothing is said of what is used
                low = {**low, "should": Fraction(0)}
            self.ends[key] = low, high
        return self.ends[key]

    def count_all(self, undecided_allowed):
        """The same where the part holds."""
        reached = peak.reach if self.keys.get("at") == "peak" else Part.reached_now
        low, high, inside, no_upper, read, on = reached(self, undecided_allowed)
        state = seats.covered(self)
        is_inside = [state is not False, bool(state)]
        counted = [-inside[at][1].get("covered", Fraction(0)) if is_inside[at] else reached[0][1] for at, reached in enumerate((low, high))]
        low, high = (inside[at] if is_inside[at] else reached for at, reached in enumerate((low, high)))
        least, most, open_end = self.committed(undecided_allowed)
        few, many = seats.granted(self, undecided_allowed) or (Fraction(0), Fraction(0))
        no_upper = open_end or (no_upper and not state)
        is_sure = state is not None and few == many  # what other services take off
        ends = self.end(low, read, least, many, counted[0]), None if no_upper else self.end(high, read, most, few, counted[1])
        return [end and {**end, "is_sure": is_sure, "peak_on": one} for end, one in zip(ends, on)]

    def reached_now(self, undecided_allowed):
        return *self.reach(self.client.world, undecided_allowed), (None, None)

    def reach(self, world, undecided_allowed):
        """(low end, high end, both with everything inside another service, has no upper end, was any source read) in a world."""
        join, terms, same_by = joins.read(world.rules, self.keys["count"])
        found = [self.term(world, parts, undecided_allowed, join) for parts in terms]
        no_upper, read = any(one[3] for one in found), any(one[4] for one in found)
        low, high, counted = found[0][:3]
        if join == "max":
            low, high = joins.largest([one[0] for one in found]), joins.largest([one[1] for one in found])
        if join == "sum":
            decided = self.client.world.rules.client_table(self.client.raw, self.client.world.clients)
            decided = "both" if decided.get("both") else decided.get("moved")
            low, high = joins.bought_twice(low, high, counted, decided, self.client.world.count_day)
        each = [(low, high)] if join == "sum" else [one[:2] for one in found]
        inside = [covered([one[at] for one in each]) for at in (0, 1)]
        if join == "union":
            low, high = joins.each_once(low, high, counted, same_by)
        return low, high, inside, no_upper, read

    def term(self, world, parts, undecided_allowed, join):
        """(low end, high end, the count of each source, has no upper end, was any source read) of parts that are added up."""
        low, high, no_upper, read, all_counted = None, None, False, False, []
        for source_id in dict.fromkeys(part["source"] for part in parts):
            if source_id not in world.sources:
                raise Refused(f"source {source_id}")
            here = [part for part in parts if part["source"] == source_id]
            found = Candidates(world, self.client.id, source_id, undecided_allowed)
            counted = SourceCount(self.selections(source_id, here), found)
            no_upper = no_upper or counted.no_upper
            read = read or world.source_is_read(source_id)
            # a device that another tool has seen since was not replaced: a union does not look at that
            low = both(low, counted.low() if join == "union" else counted.low_without_replaced())
            high = both(high, counted.high())
            all_counted.append(counted)
        return low, high, all_counted, no_upper, read

    def committed(self, undecided_allowed):
        """(least, most, has no upper end) of what is committed at a vendor, in the unit that is billed."""
        world, spec = self.client.world, self.keys.get("commitment")
        if spec is None:
            return None, None, False
        # what the counted items say of themselves is theirs, on whichever agreement; what was bought beside them is the client's
        carried = spec == "binds"
        parts = world.rules.parts(self.keys["count"] if carried else spec["of"])
        keys, sections, service_where = commitment_keys(self.keys), [], None
        if carried:
            keys, sections, service_where = self.keys, self.sections, self.service_where
        binding = (world.count_day, self.looked_at, not carried)
        low, high, open_end = Fraction(0), Fraction(0), False
        for source_id in dict.fromkeys(part["source"] for part in parts):
            here = [part for part in parts if part["source"] == source_id]
            found = Candidates(world, self.client.id, source_id, undecided_allowed)
            counted = SourceCount([Selection(world, source_id, here, keys, sections, service_where, binding)], found)
            open_end = open_end or counted.no_upper
            low, high = low + counted.low_without_replaced()[0][0], high + counted.high()[0][0]
        unit, kinds = self.unit(parts)
        if unit is not None:
            low, high = (half_up(value * BYTES[kinds] / BYTES[unit]) for value in (low, high))
        return Fraction(0) if self.shares_commitment and not carried else low, high, open_end

    def unit(self, parts):
        """(the unit that is billed or None, the one in which the kinds are counted)"""
        part = parts[0]
        counted = self.client.world.kinds(part["source"])[part["kind"]].get("unit")
        return (self.keys.get("unit"), counted) if counted in BYTES else (None, counted)

    def floor(self, committed):
        """The most that somebody is committed to, or None."""
        until, own = day(self.keys.get("client_committed_until")), self.keys.get("client_committed")
        if (own is not None or until is not None) and (until is None or until >= self.looked_at):
            own = self.side.total(self.side.lines) if own is None else number(own)
            return own if committed is None else max(own, committed)
        return committed

    def end(self, reached, read, committed, granted, counted):
        """An end of should bill; `granted`: how many units others grant, None: any number."""
        (factored, raw), parts = reached
        parts = dict(parts)
        replaced = parts.pop("~replaced", Fraction(0))
        bound = committed
        unit, kinds = self.unit(self.client.world.rules.parts(self.keys["count"]))
        if unit is None:
            units = factored if all(part["times"] == 1 for part in self.client.world.rules.parts(self.keys["count"])) else half_up(factored)
            parts = add(parts, {"factor": units - raw})
        else:
            units = half_up(factored * BYTES[kinds] / BYTES[unit])
            parts = add(parts, {"factor": factored - raw, "unit": units - factored})
        if "pack" in self.keys:
            size = number(self.keys["pack"])
            parts = {reason: half_up(value / size) for reason, value in parts.items()}
            counted, packs = half_up(counted / size), Fraction(-(-units * 10 ** 6 // size), 10 ** 6)
            parts = add(parts, {"pack": packs - sum(parts.values())})
            units = packs
            committed = None if committed is None else Fraction(-(-committed * 10 ** 6 // size), 10 ** 6)
        given = max(Fraction(0), units) if granted is None else min(max(Fraction(0), units), granted)
        parts, units = add(parts, {"granted": -given}), units - given
        should, more = self.side.should_bill(units, self.keys, self.floor(committed))
        # where no source could be read nothing was counted, which is not zero
        return {"should": should, "raw": counted, "counted": counted if read else None, "parts": add(parts, more),
                "factored": factored, "replaced": replaced, "committed": bound}


def commitment_keys(keys):
    """The keys by which what is committed is counted: the service's own `where` says nothing of it."""
    spec = keys["commitment"] if isinstance(keys["commitment"], dict) else {}
    own = {key: spec[key] for key in ("where", "where_not") if key in spec}
    return {**own, "may_be_empty": keys.get("may_be_empty", False)}


class Whole(Part):
    """What a group's services take together, where a line of none stands."""

    def __init__(self, client, group, takers):
        keys = {"count": client.world.rules.groups[group]["once_per"]}
        if all(taker.get("no_line") == "list" for taker in takers):
            keys["no_line"] = "list"
        super().__init__(client, group, keys, None, lambda line: False, [], client.world.count_day)
        self.takers, self.holds, self.codes = takers, True, set(client.world.rules.groups[group]["order"])

    def selections(self, source_id, parts):
        rules = self.client.world.rules
        return [seats.Grouped(self.client.world, source_id, parts, self.keys, [], None, rules.groups[self.code], [], self.takers, alone=False)]


def parts_of(client, code):
    """The comparisons of a service at a client: one of each agreement that is compared by itself, and one of all others."""
    if code not in client.parts:
        client.parts[code] = made(client, code)
    return client.parts[code]


def made(client, code):
    world, rules = client.world, client.world.rules

    def named(line):
        return rules.service_of(line.product) == code
    side = Side(client, named, False)
    agreements = unique([line.agreement for line in side.lines + side.flat]) or client.live()
    looked_at = min((client.looked_at(agreement) for agreement in agreements), default=months_later(world.count_day.replace(day=1), 1))
    sections = rules.sections(code, client.raw, world.clients, client.agreements, client.looked_at)
    found = []
    for agreement_id, name, keys in sections:
        own = [agreement for agreement in client.agreements if agreement["id"] == agreement_id]
        merged = rules.holding(code, client.raw, world.clients, own, client.looked_at(own[0]), keys)
        whole = rules.holding(code, client.raw, world.clients, own, client.looked_at(own[0])).get("where", {})

        def on_it(line, at=agreement_id):
            return named(line) and line.agreement["id"] == at
        found.append(Part(client, code, merged, name, on_it, [], client.looked_at(own[0]), whole, "commitment" not in keys, agreement_id,
                          lambda agreement, at=agreement_id: agreement["id"] == at))
        found[-1].agreements = own
    apart = {agreement_id for agreement_id, _, _ in sections}
    rest = [agreement for agreement in agreements if agreement["id"] not in apart]
    if apart:
        rest = unique([line.agreement for line in side.lines + side.flat if line.agreement["id"] not in apart]) or [
            agreement for agreement in client.live() if agreement["id"] not in apart]
    merged = rules.holding(code, client.raw, world.clients, rest, looked_at)
    taken = [rules.holding(code, client.raw, world.clients, [], looked_at, keys)["where"] for _, _, keys in sections]
    found.append(Part(client, code, merged, None, lambda line: named(line) and line.agreement["id"] not in apart, taken, looked_at, None,
                      bool(apart), None, lambda agreement: agreement["id"] not in apart))
    found[-1].agreements = rest
    return found


def unique(agreements):
    out = []
    for agreement in agreements:
        if all(agreement is not other for other in out):
            out.append(agreement)
    return out


def covered(ends):
    """An end of which everything is inside another service."""
    parts = {}
    for (_, raw), explained in ends:
        parts = add(parts, {**{key: value for key, value in explained.items() if key != "~replaced"}, "covered": -raw})
    return (Fraction(0), Fraction(0)), parts


def both(one, other):
    if one is None:
        return other
    return (one[0][0] + other[0][0], one[0][1] + other[0][1]), add(one[1], other[1])
