"""What the PSA bills: which lines stand on the day looked at, which end, which begin later, and what a change is worth."""
import datetime
from fractions import Fraction

from rulebook import Refused, day, months_later, number, word

ONE_DAY = datetime.timedelta(days=1)


class Line:
    """A row of a line, cut by its agreement's dates."""

    def __init__(self, world, client, agreement, raw):
        self.raw, self.agreement, self.client = raw, agreement, client
        self.id, self.product = raw["id"], raw["product"]
        self.role = raw.get("role", "recurring")
        self.quantity = number(raw["quantity"])
        self.is_credit = self.quantity < 0 or number(raw.get("price", 0)) < 0  # whatever the PSA calls it
        self.less = number(raw.get("less_included", 0))
        self.free = raw.get("status", "billable") != "billable"
        begin = [one for one in (day(raw.get("from")), day(agreement.get("from"))) if one]
        end = [one for one in (day(raw.get("to")), day(agreement.get("to"))) if one]
        self.begin, self.end = max(begin, default=None), min(end, default=None)
        self.row_begin = day(raw.get("from"))
        self.age = self.begin or datetime.date.min
        self.currency = raw.get("currency") or agreement.get("currency") or world.rules.currency
        self.bill_to = agreement.get("bill_to")
        self.cycle = agreement.get("cycle_months", 1)
        self.key = (agreement["id"], raw["id"])

    @property
    def billed(self):
        return max(Fraction(0), self.quantity - self.less) if self.less > 0 else self.quantity

    def monthly_price(self):
        """The line's own price a month, None where it is not known."""
        if self.free:
            return Fraction(0)
        if self.raw.get("price") is None or self.cycle == "unknown":
            return None
        return number(self.raw["price"]) / self.cycle


class Client:
    """One client's side of the PSA."""

    def __init__(self, world, raw):
        self.world, self.raw, self.id, self.parts = world, raw, raw["id"], {}
        self.read = "failed" if world.psa_failed else raw.get("read", "complete")
        self.agreements = [] if self.read == "failed" else raw.get("agreements", [])
        self.lines = self.all_lines(self.agreements)
        self.known_before = raw.get("before", []) if self.read != "complete" else []
        self.agreements_before = self.known_before if self.read == "fell" else []
        self.before = self.all_lines(self.agreements_before)

    def all_lines(self, agreements):
        found = []
        for agreement in agreements:
            for raw in agreement.get("lines", []):
                line = Line(self.world, self, agreement, raw)
                if all(line.raw != other.raw or line.key != other.key for other in found):
                    found.append(line)
        return found

    def next_invoice(self, agreement):
        """The PSA's next invoice date, stepped on by the cycle until it lies after the count day; None: it told none."""
        given = day(agreement.get("next_invoice_date"))
        if given is None:
            return None
        cycle = agreement.get("cycle_months", 1)
        step, found = 0, given
        while found <= self.world.count_day:
            step += 1
            found = months_later(given, step * (1 if cycle == "unknown" else cycle))
        return found

    def days_looked_at(self, agreement):
        """The day on which the agreement's lines are looked at; two where the cycle is not known."""
        count_day, cycle = self.world.count_day, agreement.get("cycle_months", 1)
        invoice = self.next_invoice(agreement) or months_later(count_day.replace(day=1), 1)
        monthly = invoice if agreement.get("timing", "advance") == "advance" else invoice - ONE_DAY
        if cycle == "unknown":
            return sorted({monthly, count_day + ONE_DAY})
        return [monthly] if cycle <= 1 else [count_day + ONE_DAY]

    def looked_at(self, agreement):
        return self.days_looked_at(agreement)[0]

    def period(self, agreement):
        """From the invoice before the one that bills the period looked at to that period's end (its first day after).
        Where the cycle is not known it may be a year."""
        cycle = agreement.get("cycle_months", 1)
        if cycle == "unknown":
            yearly, monthly = (self.period({**agreement, "cycle_months": months}) for months in (12, 1))
            return min(yearly[0], monthly[0]), max(yearly[1], monthly[1])
        months = cycle
        if months > 1:
            end = self.next_invoice(agreement) or self.looked_at(agreement)
            return months_later(end, -months), end
        invoice = self.next_invoice(agreement) or months_later(self.world.count_day.replace(day=1), 1)
        if agreement.get("timing", "advance") == "advance":
            return months_later(invoice, -1), months_later(invoice, 1)
        return months_later(invoice, -1), invoice + ONE_DAY

    def stands(self, agreement):
        """Whether the agreement itself stands on the day on which it is looked at."""
        begin, end, at = day(agreement.get("from")), day(agreement.get("to")), self.looked_at(agreement)
        return (begin is None or begin <= at) and (end is None or end >= at)

    def is_live(self, agreement):
        begin, end = day(agreement.get("from")), day(agreement.get("to"))
        return (begin is None or begin <= self.looked_at(agreement)) and (end is None or end >= self.world.count_day)

    def live(self):
        return [agreement for agreement in self.agreements if self.is_live(agreement)]

    def may_live(self):
        """Of a client without a live agreement that was read: whether it has one; None: nobody knows."""
        unread = self.read in ("failed", "partial")
        return None if unread or any(self.is_live(agreement) for agreement in self.agreements_before) else False


def standing(lines, at):
    """Of each line the row that stands on `at(line)` and is no credit: the newest that has begun, if it has not ended."""
    found = []
    for key in sorted({line.key for line in lines}):
        rows = [line for line in lines if line.key == key and (line.begin is None or line.begin <= at(line))]
        if not rows:
            continue
        newest = max(line.row_begin or datetime.date.min for line in rows)
        newest = [line for line in rows if (line.row_begin or datetime.date.min) == newest]
        if len(newest) > 1:
            raise Refused(f"two rows of line {key} begin on one day")
        if not newest[0].is_credit and (newest[0].end is None or newest[0].end >= at(newest[0])):
            found.append(newest[0])
    return found


class Side:
    """What is billed at one client for one service (or for one agreement's section of it)."""

    def __init__(self, client, chosen, counts_one_time):
        self.client, world, self.chosen = client, client.world, chosen
        self.all = [line for line in client.lines if chosen(line)]
        self.counts_one_time = counts_one_time
        recurring = [line for line in self.all if line.role == "recurring"]
        self.recurring = recurring
        self.flat = standing([line for line in self.all if line.role == "flat"], lambda line: client.looked_at(line.agreement))
        first = standing(recurring, lambda line: client.days_looked_at(line.agreement)[0])
        last = standing(recurring, lambda line: client.days_looked_at(line.agreement)[-1])
        self.lines = first
        self.extra = Fraction(0)
        self.one_time = Fraction(0)
        for line in self.all:
            if line.role == "one_time" and not line.is_credit:
                begin, end = client.period(line.agreement)
                if line.row_begin is None or begin <= line.row_begin < end:
                    self.one_time += line.quantity
        if counts_one_time:
            self.extra, self.one_time = self.one_time, Fraction(0)
        sums = [self.total(first), self.total(last)]
        self.low, self.high = min(sums), max(sums)
        last_flat = standing([line for line in self.all if line.role == "flat"], lambda line: client.days_looked_at(line.agreement)[-1])
        perhaps_flat = bool(last_flat) and not (first or self.flat)
        self.differs = perhaps_flat or self.as_billed(first) != self.as_billed(last)  # on the days that could be looked at
        self.unknown_cycle = any(line.cycle == "unknown" for line in first + last)
        if client.read == "fell":
            gone = [line for line in client.before if chosen(line) and line.role == "recurring"]
            still = {line.key for line in self.recurring}
            gone = [line for line in standing(gone, lambda line: client.looked_at(line.agreement)) if line.key not in still]
            self.high += sum((line.billed for line in gone), Fraction(0))
            self.maybe = bool(gone)
        if client.read in ("failed", "partial"):
            self.high = None
        if client.read not in ("complete", "partial", "failed", "fell"):
            raise Refused(f"client read {client.read}")
        here = {line.key for line in first}
        self.ending = []
        for line in standing(recurring, lambda line: world.count_day):
            at = client.looked_at(line.agreement)
            if line.key not in here and line.end is not None and world.count_day <= line.end < min(at, world.next_closing):
                self.ending.append(line)
        self.ending_units = sum((line.billed for line in self.ending), Fraction(0))

    @staticmethod
    def as_billed(lines):
        """What should be billed, and what is, hangs on of lines."""
        return bool(lines), sum((line.billed for line in lines), Fraction(0)), sorted((line.quantity, line.less) for line in lines if line.less)

    def total(self, lines):
        return sum((line.billed for line in lines), Fraction(0)) + self.extra

    def later(self):
        """(day, billed from then on) of each day after the one looked at on which a row or a line begins."""
        found = []
        for line in self.recurring:
            if line.begin is not None and line.begin > self.client.looked_at(line.agreement):
                at = line.begin
                then = standing(self.recurring, lambda one: max(at, self.client.looked_at(one.agreement)))
                found.append((at, self.total(then)))
        return sorted(found)

    def mixed(self):
        return len({line.currency for line in self.lines}) > 1 or len({line.bill_to for line in self.lines}) > 1

    def less_included(self):
        return any(line.less > 0 for line in self.lines)

    def should_bill(self, counted, keys, floor=None):
        """(should bill, the ledger's parts) of a number of units."""
        parts = {}
        if self.less_included():
            rest, after = counted, Fraction(0)
            ordered = sorted(self.lines, key=lambda line: (line.age, line.id))
            for position, line in enumerate(ordered):
                share = rest if position == len(ordered) - 1 else min(rest, max(Fraction(0), line.quantity))
                rest -= share
                after += max(Fraction(0), share - line.less) if line.less > 0 else share
        else:
            after = counted - min(max(counted, Fraction(0)), number(keys.get("included", 0)))
        if after != counted:
            parts["included"] = after - counted
        least = number(keys.get("minimum", 0))
        if self.lines and "minimum" in keys and after < least:
            parts["minimum"] = least - after
            after = least
        if floor is not None and after < floor:
            parts["commitment"] = floor - after
            after = floor
        size, reason = (1, "pack") if "pack" in keys else (number(keys.get("round_up", 0)), "round_up")
        if size:
            whole = -(-after // size) * size
            parts[reason] = whole - after
            after = whole
        return after, parts


class Value:
    """What a change of billed units is worth a month, allocated to named lines."""

    def __init__(self, side, keys, rules, client, code, looked_at):
        self.looked_at = looked_at
        self.side, self.keys, self.rules, self.client, self.code = side, keys, rules, client, code
        self.lines = side.lines or side.ending

    def newest(self):
        return max(self.lines, key=lambda line: (line.age, line.id), default=None)

    def source(self, line):
        """(a unit's price a month, or "scale" for the rule's, or None; is it estimated) of a line, or of none."""
        own = line.monthly_price() if line else None
        if own is not None:
            return own, False
        if line is not None and line.cycle == "unknown":
            return None, False
        currency = line.currency if line else self.client_currency()
        if currency is None:
            return None, False
        ended = self.ended()
        if ended is not None and ended.currency == currency:
            return ended.monthly_price(), False
        price = self.keys.get("price") if self.price_currency() == currency else None
        if price is not None and self.keys.get("price_of_client"):
            return "scale", False
        catalogue = self.catalogue(line) if currency == self.rules.currency else None
        if catalogue is not None:
            return catalogue, False
        if price is not None:
            return "scale", False
        usual = prices_of_all(self.client.world)["usual"].get((self.code, currency))
        return usual, usual is not None

    def ended(self):
        """The line that ended last before the day looked at, within a year, and was neither free nor a credit."""
        client, found = self.client, []
        since = months_later(client.world.count_day, -12)
        for key in {line.key for line in self.side.recurring}:
            at = client.looked_at
            rows = [line for line in self.side.recurring if line.key == key and (line.begin is None or line.begin <= at(line.agreement))]
            if rows:
                last = max(rows, key=lambda line: line.row_begin or datetime.date.min)
                if last.end is not None and since <= last.end < at(last.agreement) and not last.is_credit and not last.free:
                    if last.monthly_price() is not None:
                        found.append(last)
        return max(found, key=lambda line: (line.end, line.id, line.agreement["id"]), default=None)

    def catalogue(self, line):
        known = prices_of_all(self.client.world)["catalogue"]
        named = [line.product] if line else [self.code] + [one for one in self.keys.get("products", []) if one != self.code]
        asked = [known[word(one)] for one in named if len(known.get(word(one), ())) == 1]
        return next(iter(asked[0])) if asked else None

    def scale(self, units):
        """A month's price of so many units by the rule."""
        price = self.keys["price"]
        if not isinstance(price, dict):
            return number(price) * units
        if "each" in price:
            return number(price["each"]) * units
        if "volume" in price:
            return units * next(number(tier["each"]) for tier in price["volume"] if "up_to" not in tier or units <= number(tier["up_to"]))
        found, begin = Fraction(0), None
        for tier in price["graduated"]:
            end = number(tier["up_to"]) if "up_to" in tier else max(units, begin or units)
            inside = min(units, end) if begin is None else max(Fraction(0), min(units, end) - begin)
            found, begin = found + number(tier["each"]) * inside, end
        return found

    def scaled_before(self, billed):
        """Of so many units that are billed those at the rule's price."""
        other = sum((line.billed for line in self.lines if self.source(line)[0] != "scale"), Fraction(0))
        return max(Fraction(0), billed - other)

    def revenue(self, lines):
        """[(line, what it is worth a month or None)] of some lines, the oldest first."""
        ordered = sorted(lines, key=lambda line: (line.age, line.id))
        found, at = [], self.side.extra
        for line in ordered:
            price, _ = self.source(line)
            if price == "scale":
                found.append((line, self.scale(at + line.billed) - self.scale(at)))
                at += line.billed
            else:
                found.append((line, None if price is None else price * line.billed))
        return found

    def price_currency(self):
        price = self.keys.get("price")
        inside = price.get("currency") if isinstance(price, dict) else None
        return inside or self.keys.get("currency", self.rules.currency)

    def client_currency(self):
        found = set()
        for agreement in self.client.live():
            lines = [line for line in self.client.lines if line.agreement is agreement and line.role in ("recurring", "flat")]
            found |= {line.currency for line in lines} or {agreement.get("currency") or self.rules.currency}
        if not found:
            return self.rules.currency
        return found.pop() if len(found) == 1 else None

    def change(self, target):
        """(line, units) of the change from what is billed to `target`."""
        difference = target - self.side.total(self.lines)
        if difference >= 0 or not self.lines:
            return [(self.newest(), difference)] if difference else []
        cut = -difference
        begins = [line.agreement.get("from") for line in self.lines]
        alone = []
        for line in self.lines:
            older = (day(line.agreement.get("from")) or datetime.date.min)
            if line.billed == cut and any(older < (day(begin) or datetime.date.min) for begin in begins):
                alone.append((older, line.age, line.id, line))
        if alone:
            return [(min(alone, key=lambda one: one[:3])[3], difference)]
        out = []
        for line in sorted(self.lines, key=lambda line: (line.age, line.id), reverse=True):
            share = min(cut, max(Fraction(0), line.billed))
            if share:
                out.append((line, -share))
                cut -= share
        if cut:
            out.append((self.newest(), -cut))
        return out

    def amounts(self, change, billed=None):
        """[(line, amount or None, estimated)] of a change, one after the other, where so many units are billed before."""
        billed = self.side.total(self.lines) if billed is None else billed
        at, out = self.scaled_before(billed), []
        for line, units in change:
            price, estimated = self.source(line)
            if price == "scale":
                out.append((line, self.scale(at + units) - self.scale(at), estimated))
                at += units
            else:
                out.append((line, None if price is None else price * units, estimated))
        return out

    def worth(self, target):
        """The value of going from what is billed to `target`; None where it is not known or is a range."""
        if self.side.mixed():
            return None
        amounts = self.amounts(self.change(target))
        return None if any(amount is None for _, amount, _ in amounts) else sum((amount for _, amount, _ in amounts), Fraction(0))

    def currency(self):
        if self.side.mixed():
            return None
        return self.newest().currency if self.lines else self.client_currency()

    def when(self, line, units=0):
        """("this_run" or "later", day due or None) of a change of so many units of a line."""
        usual, due = self.usual_when(line)
        cut = self.keys.get("cut", "at_once")
        if units >= 0 or cut == "at_once":
            return usual, due
        world, allowed = self.client.world, None
        if cut == "at_renewal":
            ends = [self.committed_until(), day(line.agreement.get("to")) if line else None]
            ends = [end for end in ends if end is not None]
            allowed = ends[0] + ONE_DAY if ends else None
        else:
            allowed = world.count_day + datetime.timedelta(days=cut["notice_days"])
        if allowed is None:
            return "later", due
        return "later" if allowed >= world.next_closing else usual, max(one for one in (due, allowed) if one is not None)

    def committed_until(self):
        """The last day of what the client is committed to, where that holds still."""
        until = day(self.keys.get("client_committed_until"))
        return until if until is not None and until >= self.looked_at else None

    def usual_when(self, line):
        """The same without regard to when fewer may be billed."""
        if line is None:
            return "this_run", None
        invoice = self.client.next_invoice(line.agreement)
        closing = self.client.world.next_closing
        if line.cycle != "unknown" and line.cycle > 1:
            return ("this_run" if invoice is not None and invoice < closing else "later"), invoice
        return ("later" if invoice is not None and invoice >= closing else "this_run"), None


def prices_of_all(world):
    """What the lines of all clients say: `usual` by service and currency, `catalogue` by product."""
    if getattr(world, "prices", None) is None:
        usual, catalogue = {}, {}
        for raw in world.clients:
            client = Client(world, raw)
            for line in client.lines:
                if number(line.raw.get("catalogue_price", 0)) > 0:
                    catalogue.setdefault(word(line.product), set()).add(number(line.raw["catalogue_price"]))
            recurring = [line for line in client.lines if line.role == "recurring"]
            for line in standing(recurring, lambda line: client.looked_at(line.agreement)):
                code, price = world.rules.service_of(line.product), line.monthly_price()
                if code is not None and price:
                    usual.setdefault((code, line.currency), {}).setdefault(at_twelve(price), set()).add(client.id)
        world.prices = {"usual": {}, "catalogue": catalogue}
        for key, prices in usual.items():
            most = max(len(clients) for clients in prices.values())
            if most >= 3:
                world.prices["usual"][key] = min(price for price, clients in prices.items() if len(clients) == most)
    return world.prices


def at_twelve(price):
    return Fraction((price * 2 * 10 ** 12 + 1) // 2, 10 ** 12)
