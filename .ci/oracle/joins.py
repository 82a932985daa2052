"""How the counts of several sources come to one: the largest of them, or each machine once."""
import itertools
import math
from fractions import Fraction

from counts import TooMany, add, identities
from rulebook import day

SAME_BY = ["serial", "mac", "name"]
SETTLINGS_MAX = 20_000


def read(rules, count):
    """(join, the lists of parts that are joined, what machines are joined by) of a count."""
    if isinstance(count, str) and count in rules.file.get("counts", {}):
        count = rules.file["counts"][count]
    if isinstance(count, dict) and "max" in count:
        return "max", [rules.parts(one) for one in count["max"]], None
    if isinstance(count, dict) and "union" in count:
        same_by = count.get("same_by", SAME_BY)
        return "union", [rules.parts(count["union"])], [same_by] if isinstance(same_by, str) else same_by
    return "sum", [rules.parts(count)], None


def largest(ends):
    """The largest of several ends, ((factored, raw), parts) each; what the others count is told as left out."""
    best = max(range(len(ends)), key=lambda at: (ends[at][0][0], -at))
    parts = {}
    for at, ((_, raw), explained) in enumerate(ends):
        explained = {key: value for key, value in explained.items() if at == best or key != "~replaced"}
        parts = add(parts, explained)
        if at != best:
            parts = add(parts, {"smaller": -raw})
    return ends[best][0], parts


def bought_twice(low, high, counted, decided, count_day):
    """The ends of a sum, again with what another source has of the same product left out."""
    if decided == "both" or any(part["times"] != 1 for one in counted for part in one.selection.parts):
        return low, high
    held = {one.selection.source_id: one.bought() for one in counted}
    if math.prod(map(len, held.values())) > SETTLINGS_MAX:
        raise TooMany
    least = sum(min(sum(told.values(), beside) + sum(untold) for told, beside, untold in one) for one in held.values())
    fewest = min(each_product_once(drawn) for drawn in itertools.product(*held.values()))
    moved = Fraction(0)
    if decided is not None and day(decided["on"]) <= count_day and {decided["from"], decided["to"]} <= set(held):
        pair = [held[decided["from"]], held[decided["to"]]]
        for sku in {sku for one in pair for told, _, _ in one for sku in told}:
            moved += min(told.get(sku, Fraction(0)) for one in pair for told, _, _ in one)
    twice = least - fewest - moved

    def less(end, **parts):
        (factored, raw), explained = end
        return (factored - sum(parts.values()), raw - sum(parts.values())), add(explained, {key: -value for key, value in parts.items()})
    return less(low, bought_twice=twice, moved=moved), less(high, moved=moved)


def each_product_once(drawn):
    """The units of a world, (units of each product, those beside, those of products not told) of each source, where each has a
    product if any has it: the fewest, whichever product each is that was not told."""
    products = sorted({sku for told, _, _ in drawn for sku in told})
    nameless = [(at, units) for at, (_, _, untold) in enumerate(drawn) for units in untold]
    if (len(products) + 1) ** len(nameless) > SETTLINGS_MAX:
        raise TooMany
    ways = []
    for named in itertools.product([*products, None], repeat=len(nameless)):
        have = [dict(told) for told, _, _ in drawn]
        for (at, units), sku in zip(nameless, named):
            have[at][sku] = have[at].get(sku, Fraction(0)) + units
        ways.append(sum(max(one.get(sku, Fraction(0)) for one in have) for sku in [*products, None]))
    return sum(beside for _, beside, _ in drawn) + min(ways)


def each_once(low, high, counted, same_by):
    """The ends of a sum, again with each machine once. `counted`: the count of each source."""
    ways = [machines(taken, same_by) for taken in together(counted, lambda one: ())]
    least = min(ways)
    if any(one.free for one in counted):
        least = min([least, *(machines(taken, same_by) for taken in together(counted, lambda one: one.free))])
    return with_same(low, least), with_same(high, max(ways))


def with_same(end, units):
    (_, raw), parts = end
    return (units, units), add(parts, {"same": units - raw})


def together(counted, free_of):
    """Every way of what all sources take together: lists of (identities by name, units)."""
    each = [list(takings(one, free_of(one))) for one in counted]
    size = 1
    for one in each:
        size *= len(one)
    if size > SETTLINGS_MAX:
        raise TooMany
    for drawn in itertools.product(*each):
        yield [taken for one in drawn for taken in one]


def takings(one, free):
    """The different things that one source may take."""
    told = set()
    for ways, reasons, _ in one.settlings:
        taken = []
        for index, reason in reasons.items():
            kind = ways[index]["kind"]
            parts = [at for at, part in enumerate(one.selection.parts) if kind and part["kind"] == kind["name"] and at not in free]
            if reason == "taken" and parts:
                units = ways[index]["quantity"] or Fraction(0)
                taken.append((index, tuple(kind["identity"]), units))
        key = tuple(sorted(taken))
        if key not in told:
            told.add(key)
            yield [(identities(one.candidates[index].item, names), units) for index, names, units in key]


def machines(taken, same_by):
    """How many units items are, each machine once.

    The items whose surest identity is the serial number are put together first, then those that have none and go by the
    next, and so on: such a lot is one of the machines before it where any of its items is."""
    names = [{key: found[key] for key in same_by if key in found} for found, _ in taken]
    total = sum((units for found, (_, units) in zip(names, taken) if not found), Fraction(0))
    surer = []
    for key in same_by:
        here = [at for at, found in enumerate(names) if found and next(iter(found)) == key]
        for lot in lots(here, lambda at: names[at][key]):
            if not any(is_one(names[at], names[other], same_by) for at in lot for other in surer):
                total += max(taken[at][1] for at in lot)
        surer += here
    return total


def lots(places, values_of):
    """Items that share a value, be it by way of others."""
    left = list(places)
    while left:
        lot, values, grown = [], set(values_of(left[0])), True
        while grown:
            more = [at for at in left if values & values_of(at)]
            left = [at for at in left if at not in more]
            grown = bool(more)
            lot += more
            for at in more:
                values |= values_of(at)
        yield lot


def is_one(one, other, same_by):
    """Whether two items share the first identity that both have."""
    both = [key for key in same_by if key in one and key in other]
    return bool(both) and bool(one[both[0]] & other[both[0]])
