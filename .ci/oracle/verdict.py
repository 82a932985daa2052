"""What a comparison comes to: its rows, their value, and what is at stake where nobody knows."""
from fractions import Fraction

from counts import Candidates, SourceCount, add
from rulebook import amount, number


def stakes(part, kind, low, high):
    """(up, down): what nobody knows is worth, upwards and downwards; "none" where that is not known."""
    side, value = part.side, part.value
    if kind == "underbilled" or kind == "unbilled_usage":
        floor = low["should"]
    elif kind == "not_reconciled":
        floor = billed_when_open(side, low["should"])
    else:
        floor = None
    up = Fraction(0)
    if kind in ("underbilled", "unbilled_usage", "not_reconciled"):
        up = raised(part, floor, max(Fraction(0), high["should"] - floor)) if high is not None else "none"
    down = Fraction(0)
    if kind == "not_reconciled":
        if side.high is None:
            down = "none"
        elif side.high > low["should"]:
            down = lowered(part, low["should"], side.high - side.total(side.lines))
    elif kind in ("overbilled", "billed_without_usage"):
        one, other = value.worth(high["should"]), value.worth(low["should"])
        down = "none" if one is None or other is None else max(Fraction(0), one - other)
    return up, down


def billed_when_open(side, least):
    """What an open count is held against: what stands, and what ends with it where more than stands is surely used."""
    return side.low + side.ending_units if side.high is not None and least > side.high else side.low


def raised(part, billed, units):
    if not units:
        return Fraction(0)
    if part.side.mixed():
        return "none"
    (_, amount, _), = part.value.amounts([(part.value.newest(), units)], billed)
    return "none" if amount is None else max(Fraction(0), amount)  # by volume, more can be cheaper


def lowered(part, target, more):
    """What billed down to `target` is worth; `more`: units that may be billed on lines that were not read today."""
    worth = part.value.worth(min(target, part.side.total(part.side.lines)))
    if worth is None:
        return "none"
    extra = raised(part, part.side.total(part.side.lines), more)
    return "none" if extra == "none" else max(Fraction(0), extra - worth)


def tolerance_of(keys, billed):
    tolerance = keys.get("tolerance", 0)
    if isinstance(tolerance, dict):
        return max(number(tolerance.get("units", 0)), number(tolerance.get("percent", 0)) * billed / 100)
    return number(tolerance)


def judge(part, low, high, sibling):
    """The rows of one comparison. `sibling`: whether a linked client has a live agreement with a line of it; None: nobody knows."""
    side, keys, client = part.side, part.keys, part.client
    least, most = low["should"], None if high is None else high["should"]
    if client.read == "failed" and least <= 0:
        return []
    if side.differs and (side.high is None or side.high or least > 0):
        return [not_reconciled(part, row_of(part, low, high), low, high)]
    agrees = bool(side.lines) and most == least == side.low == side.high
    if side.low == 0 and not side.ending_units and least <= 0 and not agrees:
        return []
    if side.low == 0 and side.ending_units and least <= 0:
        return []
    rows, row = [], row_of(part, low, high)
    ending = side.ending_units
    if ending and side.high is not None and least > side.high:
        sure = min(least - side.high, ending)
        # where the lines that end do not take all of it, the row of the rest has the ledger
        told = ledger(low) if side.high + sure == least else {"counted": low["counted"]}
        rows.append({**row, "kind": "agreement_ending", "billed": side.high, "should_bill": side.high + sure, "variance": sure,
                     "to_correct": sure, "left_alone": Fraction(0), **told})
    reference = None if side.high is None else side.high + ending
    if reference is not None and least > reference and side.one_time > 0:
        # a one-off may have paid for as many
        paid = min(side.one_time, least - reference)
        low = {**low, "should": least - paid, "parts": add(low["parts"], {"one_time": -paid})}
        least = low["should"]
        row["at_least"] = least
        if least == reference:
            return rows + [not_reconciled(part, row, low, high)]
    if reference is not None and least > reference:
        rows.append(upwards(part, row, low, high, reference, sibling))
    elif most is not None and most < side.low:
        rows.append(downwards(part, row, low, high))
    elif most == least == side.low == side.high:
        rows.append({**row, "kind": "agrees", "billed": side.low, **ledger(low), "should_bill": least, "variance": Fraction(0),
                     "to_correct": Fraction(0), "left_alone": Fraction(0)})
    elif rows and most is not None and most <= reference:
        pass  # what stands and what ends take all of it
    else:
        rows.append(between(part, row, low, high, reference))
    return rows


def row_of(part, low, high):
    least, most = low["should"], None if high is None else high["should"]
    about = high if most is not None and most < part.side.low else low
    return {"client": part.client.id, "service": part.code, "agreement": part.section, "at_least": least,
            "at_most": "none" if most is None else most, "impact": None, "currency": part.value.currency(),
            "peak_on": about["peak_on"]}


def ledger(end):
    parts = dict(end["parts"])
    gross = parts.pop("gross", Fraction(0))
    return {"counted": end["counted"], "gross": None if end["counted"] is None else gross, "explained": parts}


def between(part, row, low, high, reference):
    side = part.side
    allowed = tolerance_of(part.keys, side.low)
    inside = (high is not None and reference is not None and side.lines and allowed
              and high["should"] - side.low <= allowed and reference - low["should"] <= allowed)
    # what is billed is the lower end, and only what was probably replaced is above it
    alone = (high is not None and side.lines and reference == side.low == low["should"]
             and high["is_sure"] and high["factored"] == low["factored"] + low["replaced"] and high["committed"] == low["committed"])
    if inside or alone:
        return {**row, "kind": "left_alone", "billed": side.low}
    return not_reconciled(part, row, low, high)


def not_reconciled(part, row, low, high):
    up, down = stakes(part, "not_reconciled", low, high)
    when, due = part.value.when(part.value.newest())
    billed = billed_when_open(part.side, low["should"])
    return {**row, "kind": "not_reconciled", "billed": billed, "stake_up": up, "stake_down": down, "when": when, "due": due}


def upwards(part, row, low, high, reference, sibling):
    """Surely more is used than billed."""
    side, keys, client = part.side, part.keys, part.client
    least, most = low["should"], None if high is None else high["should"]
    variance = least - reference
    full = {**row, "billed": reference, **ledger(low), "should_bill": least, "variance": variance}
    alone = {**full, "kind": "left_alone", "to_correct": Fraction(0), "left_alone": variance}
    missing = not side.lines
    if missing and keys.get("not_sold") and keys["not_sold"].leaves_alone(part.client.world.count_day):
        return alone
    allowed = Fraction(0) if missing else tolerance_of(keys, side.low)
    later = [(at, billed) for at, billed in side.later() if billed >= least]
    if most is not None and most - reference <= allowed and variance <= allowed:
        return alone
    if most is not None and any(billed >= most for _, billed in later):
        return alone
    if variance <= allowed or later:
        return not_reconciled(part, row, low, high)
    lives = True if client.live() or sibling else client.may_live() if sibling is False else None
    if missing and lives is None:
        return not_reconciled(part, row, low, high)
    correct = {**full, "to_correct": variance, "left_alone": Fraction(0)}
    if missing and not lives:
        return {**correct, "kind": "ended_agreement_in_use", "clean_up": costs(part)}
    if missing and keys.get("no_line") == "list":
        return {**full, "kind": "listed"}
    kind = "unbilled_usage" if missing else "underbilled"
    return priced(part, {**correct, "kind": kind}, [(part.value.newest(), variance)], low, high, reference)


def downwards(part, row, low, high):
    """Surely less is used than billed."""
    side, keys = part.side, part.keys
    least, most = low["should"], high["should"]
    variance = most - side.low
    full = {**row, "billed": side.low, **ledger(high), "should_bill": most, "variance": variance}
    alone = {**full, "kind": "left_alone", "to_correct": Fraction(0), "left_alone": variance}
    allowed = tolerance_of(keys, side.low)
    later = [(at, billed) for at, billed in side.later() if billed <= most]
    if -variance <= allowed and side.low - least <= allowed:
        return alone
    if any(billed <= least for _, billed in later):
        return alone
    if -variance <= allowed or later:
        return not_reconciled(part, row, low, high)
    kind = "billed_without_usage" if high["raw"] <= 0 else "overbilled"
    correct = {**full, "kind": kind, "to_correct": variance, "left_alone": Fraction(0)}
    return priced(part, correct, part.value.change(most), low, high)


def priced(part, row, change, low, high, billed=None):
    amounts = part.value.amounts(change, billed)
    up, down = stakes(part, row["kind"], low, high)
    known = not part.side.mixed() and not part.side.unknown_cycle and all(amount is not None for _, amount, _ in amounts)
    whens = [part.value.when(line, units) for line, units in change]
    now = any(when == "this_run" for when, _ in whens)
    dues = [due for when, due in whens if due is not None]
    return {
        **row, "change": change, "amounts": amounts if known else [], "impact": sum((amount for _, amount, _ in amounts), Fraction(0)) if known else None,
        "basis": "estimated" if any(estimated for _, _, estimated in amounts) else "calculated",
        "stake_up": up, "stake_down": down, "when": "this_run" if now else "later", "due": min(dues) if dues else None,
    }


def costs(part):
    """(currency, cost) of the items that are surely used, where they tell it."""
    world, found = part.client.world, {}
    parts = world.rules.parts(part.keys["count"])
    for source_id in dict.fromkeys(one["source"] for one in parts):
        here = [one for one in parts if one["source"] == source_id]
        candidates = Candidates(world, part.client.id, source_id)
        counted = SourceCount(part.selections(source_id, here), candidates)
        for index, one in enumerate(counted.candidates):
            if amount(one.item) is None and one.item["quantity"] != "unknown":
                continue  # fewer than none: nobody knows what it is
            if one.item.get("cost") is not None and all(reasons.get(index) == "taken" for _, reasons, _ in counted.settlings):
                currency = one.item.get("currency") or world.rules.currency
                found[currency] = found.get(currency, Fraction(0)) + number(one.item["cost"])
    return sorted(found.items())
