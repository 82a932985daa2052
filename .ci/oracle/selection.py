"""What a service looks at: whether an item fits `where` and `where_not`, and what holds for it there."""
from rulebook import Refused, day, facts, fits_word, word, words

NOT_SEEN = "not_seen_for_days"


def tables(where):
    return where if isinstance(where, list) else [where]


def real(attribute):
    """`holds_all` asks for the words of `holds`."""
    return "holds" if attribute == "holds_all" else attribute


def fits(where, known):
    """Whether an item fits, None where that hangs on a fact that is missing."""
    best = False
    for table in tables(where):
        fit = True
        for attribute, wanted in table.items():
            every = all if attribute == "holds_all" else any
            attribute = real(attribute)
            if attribute not in known:
                fit = None if fit is not False else False
            elif attribute == NOT_SEEN:
                fit = fit if known[attribute] > wanted else False
            elif not every(any(fits_word(pattern, one) for one in words(known[attribute])) for pattern in words(wanted)):
                fit = False
        if fit:
            return True
        best = None if fit is None else best
    return best


class Selection:
    """What a service looks at in one source: its parts there, and what holds for their items."""

    def __init__(self, world, source_id, parts, keys, taken_by_sections, service_where=None, binding=None):
        self.world, self.source_id, self.keys, self.binding = world, source_id, keys, binding
        self.kinds = world.kinds(source_id)
        for part in parts:
            if part["kind"] not in self.kinds:
                raise Refused(f"kind {part['kind']}")
        self.parts = parts
        self.where, self.where_not = keys.get("where"), keys.get("where_not")
        self.sections = taken_by_sections  # the `where` of each section that takes its items first
        self.service_where = service_where  # of a section: what the service asks without it
        self.asked = set()
        for where in self.conditions():
            for table in tables(where):
                self.asked |= set(map(real, table))
        self.products = LeftOutProducts(world, source_id, self.where)

    def binds(self, item):
        """Whether an item is looked at where what binds is counted: of all others, whether it is looked at at all."""
        if self.binding is None:
            return True
        count_day, looked_at, without_term = self.binding
        until, cancellable = item.get("committed_until"), item.get("cancellable_until")
        if until is None and cancellable is None:
            return without_term
        return (until is None or day(until) >= looked_at) and (cancellable is None or day(cancellable) < count_day)

    def facts(self, candidate):
        """What is known of an item."""
        return facts(candidate.item)

    def conditions(self):
        """Every `where` and `where_not` that says whether an item is looked at."""
        return [where for where in [self.where, self.where_not, *self.sections] if where]

    def mode(self, kind):
        return self.keys.get("unknown", "counts" if kind["person"] else "widens")

    def limit(self, kind):
        own = self.keys.get("seen_within_days")
        return None if own is False else kind["stale_days"] if own is None else int(own)

    def names_states(self):
        """The conditions that stand in the place of the usual states that they name."""
        return self.where, self.where_not

    def usual(self, kind):
        named = set()
        for where in self.names_states():
            for table in tables(where) if where else []:
                named |= set(table)
        return {attribute: allowed for attribute, allowed in kind["usual"].items() if attribute not in named}

    def step(self, known, kind, stale, counts):
        """Why an item does not count by state, usual words and age: a reason, or None."""
        if counts is not True:
            return counts
        for attribute, allowed in self.usual(kind).items():
            fit = fits({attribute: allowed}, known)
            if fit is False:
                return "usual"
            if fit is None and self.mode(kind) == "left_out":
                return "unknown"
        if self.products.are_asked_of(kind):
            if "sku" not in known and self.mode(kind) == "left_out":
                return "unknown"
            if "sku" in known and self.products.has(known["sku"]):
                return "product"
        if stale is None and self.limit(kind) is not None and self.mode(kind) == "left_out":
            return "unknown"
        return "stale" if stale else None

    def looks_at(self, known, kind):
        """True, False, "left_out": looked at, and left out for a fact that is missing; None: nobody knows on which of the
        client's agreements it is, which no rule says."""
        unwanted = negation(fits(self.where_not, known)) if self.where_not else True
        own = fits(self.where, known) if self.where else True
        theirs = [fits(beyond(self.where, where), known) for where in self.sections]
        if False in (own, unwanted) or True in theirs:
            return False
        if None not in (own, unwanted, *theirs):
            return True
        agreement, service = theirs, [own, unwanted]
        if self.service_where is not None:
            agreement = [fits(beyond(self.service_where, self.where), known)]
            service = [fits(self.service_where, known), unwanted]
        if self.mode(kind) == "left_out" and None in service and False not in service:
            return "left_out"
        if None in agreement:
            return None
        return True if self.mode(kind) == "counts" else "left_out"

    def ways_to_look(self, known, kind):
        """Every way of looking at an item: that of `looks_at`, or where nobody knows, both."""
        looks = self.looks_at(known, kind)
        return [looks] if looks is not None else [False, True]

    def unseen(self, part):
        """(a word of `where` or the kind was never seen, a word of `where_not` was never seen)"""
        if self.keys.get("may_be_empty"):
            return False, False
        def never(where):
            return self.never_seen(part, where, self.keys)
        kind_never = not self.world.is_seen(self.source_id, part["kind"], "", word(part["kind"]))
        # a section whose word was never seen may be meant to take what this one counts
        no_low = never(self.where_not) or any(never(where) for where in self.sections) or self.products.never("leave_out")
        return kind_never or never(self.where) or self.products.never("count_too"), no_low


    def never_seen(self, part, where, keys):
        """Whether a word of a condition was never seen; SKUs that another one replaced may be gone."""
        return any(
            pattern not in keys.get("superseded", ()) and not self.world.is_seen(self.source_id, part["kind"], real(attribute), pattern)
            for table in (tables(where) if where else []) for attribute, wanted in table.items() if attribute != NOT_SEEN
            for pattern in words(wanted))


class LeftOutProducts:
    """The products of a source that no service counts, unless it says itself which it takes."""

    def __init__(self, world, source_id, where):
        self.world, self.source_id = world, source_id
        self.listed = words(world.sources[source_id].get("skus_left_out", []))
        self.said = world.rules.file.get("sources", {}).get(source_id, {})
        leaves_any = self.words_of("leave_out") or any(map(self.has, self.listed))
        self.on = bool(leaves_any) and not any("sku" in table for table in (tables(where) if where else []))

    def words_of(self, key):
        return words(self.said.get(key, []))

    def all(self):
        return self.listed + self.words_of("leave_out") + self.words_of("count_too")

    def are_asked_of(self, kind):
        """A source that never tells the products of a kind leaves none of it out."""
        return self.on and bool(self.world.seen.get((self.source_id, word(kind["name"]), "sku")))

    def has(self, sku):
        def named(patterns):
            return any(fits_word(pattern, one) for pattern in patterns for one in words(sku))
        return named(self.listed + self.words_of("leave_out")) and not named(self.words_of("count_too"))

    def never(self, key):
        """Whether one of these words is no product that the source ever had, or has on its own list."""
        had = {one for (source, _, attribute), found in self.world.seen.items() if source == self.source_id and attribute in ("sku", "holds")
               for one in found} | set(self.listed)
        return self.on and not all(any(fits_word(pattern, one) for one in had) for pattern in self.words_of(key))


def beyond(service, where):
    """What a section asks of items that fit the service's own `where` already."""
    own = tables(service) if service else [{}]
    return [{key: wanted for key, wanted in table.items() if any(one.get(key) != wanted for one in own) or key == "holds_all"}
            for table in tables(where)]


def negation(value):
    return None if value is None else not value
