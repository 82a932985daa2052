"""Runs worlds through the product's binary, or through the oracle itself (`oracle` instead of a binary), and compares outcomes."""
import copy
import functools
import json
import multiprocessing
import pathlib
import subprocess
import tempfile
import tomllib
from fractions import Fraction

import oracle
import worlds

QUIET = {"agrees", "left_alone", "flat", "ignored", "listed", "internal", "uncounted_line", "unmapped_account", "agreement_ending",
         "moved"}
NAMES = ("client", "service", "agreement", "source", "account", "to", "kind")
TOTALS = {"add", "reduce", "clean_up", "not_reconciled_up", "not_reconciled_down", "later_add", "later_reduce"}


class EngineFailed(Exception):
    """The binary did not give one outcome for each world."""


def run(binary, worlds):
    """One outcome for each world, in their order."""
    lines = [json.dumps(world, ensure_ascii=False) for world in worlds]
    if binary == "oracle":
        return [json.loads(oracle.from_line(line)) for line in lines]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "worlds.jsonl"
        path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        done = subprocess.run([binary, "check", "--cases", str(path)], capture_output=True, text=True, check=False)
    found = [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
    if len(found) != len(lines):
        raise EngineFailed(f"exit code {done.returncode}, {len(found)} outcomes of {len(lines)} worlds: {done.stderr.strip()[-2000:]}")
    return found


def in_chunks(work, asked, size):
    """What `work(asked, (begin, end))` says of each chunk of the worlds, in their order, with all cores."""
    chunks = [(begin, min(asked.count, begin + size)) for begin in range(0, asked.count, size)]
    with multiprocessing.Pool() as pool:
        yield from pool.imap(functools.partial(work, asked), chunks)


def empty(value):
    return value is None or value == "" or value == {}


def equal(one, other):
    """Whether two fields say the same: numbers as numbers (to 9 places), texts as they stand, nothing as an empty text."""
    if one == other:
        return True
    if empty(one) or empty(other):
        return empty(one) and empty(other)
    if isinstance(one, dict) and isinstance(other, dict):
        return all(equal(one.get(key, "0"), other.get(key, "0")) for key in {*one, *other})
    try:
        return abs(Fraction(str(one)) - Fraction(str(other))) < Fraction(1, 10 ** 9)
    except ValueError:
        return str(one) == str(other)


def label(row):
    return " ".join(str(row.get(name)) for name in NAMES if row.get(name))


def differences(expected, got, without=()):
    """(what, field, expected, got) of all that differs between two outcomes of one world."""
    if "skipped" in expected:
        return []
    for outcome in (expected, got):
        if "rows" not in outcome:
            return [("world", "error", "an outcome", outcome.get("error", outcome.get("skipped")))]
    out, lost, left = [], [], list(got["rows"])
    for row in expected["rows"]:
        match = next((other for other in left if label(other) == label(row)), None)
        if match is None:
            lost.append(row)
            continue
        left.remove(match)
        fields = [field for field in oracle.FIELDS if field in row or row["kind"] not in QUIET]
        for field in fields:
            if field not in NAMES and field not in without and not equal(row.get(field), match.get(field)):
                out.append((label(row), field, row.get(field), match.get(field)))
    for row in lost:
        other = next((other for other in left if [other.get(name) for name in NAMES[:-1]] == [row.get(name) for name in NAMES[:-1]]), None)
        if other is not None:
            left.remove(other)
        out.append((label(row), "kind", row["kind"], other["kind"] if other else "no row"))
    out += [(label(row), "kind", "no row", row["kind"]) for row in left]
    for name in ("totals", "coverage"):
        if name in without:
            continue
        one, other = expected.get(name, {}), got.get(name, {})
        for currency in sorted({*one, *other}):
            mine, theirs = one.get(currency, {}), other.get(currency, {})
            for key in sorted(TOTALS & {*mine, *theirs} if name == "totals" else {*mine, *theirs}):
                if not equal(mine.get(key, "0"), theirs.get(key, "0")):
                    out.append((f"{name} {currency}", key, mine.get(key, "0"), theirs.get(key, "0")))
    return out


def smaller(world):
    """Every world that is this one with one thing taken away."""
    def without(path):
        copy = json.loads(json.dumps(world))
        inner = copy
        for step in path[:-1]:
            inner = inner[step]
        del inner[path[-1]]
        return copy
    paths = []
    for index, account in enumerate(world.get("accounts", [])):
        paths.append(["accounts", index])
        for held in ("items", "before"):
            paths += [["accounts", index, held, item] for item in range(len(account.get(held, [])))]
            for item, one in enumerate(account.get(held, [])):
                paths += [["accounts", index, held, item, key] for key in one if key not in ("id", "kind")]
        for number, days in enumerate(account.get("days", [])):
            paths.append(["accounts", index, "days", number])
            paths += [["accounts", index, "days", number, "items", item] for item in range(len(days.get("items", [])))]
        paths += [["accounts", index, "earlier", "items", item] for item in range(len(account.get("earlier", {}).get("items", [])))]
    for index, client in enumerate(world.get("clients", [])):
        paths.append(["clients", index])
        for held, number, agreement in [(held, *one) for held in ("agreements", "before") for one in enumerate(client.get(held, []))]:
            path = ["clients", index, held, number]
            paths += [path, *([*path, key] for key in agreement if key not in ("id", "lines"))]
            for position, line in enumerate(agreement.get("lines", [])):
                paths.append([*path, "lines", position])
                paths += [[*path, "lines", position, key] for key in line if key not in ("id", "product", "quantity")]
    for index, source in enumerate(world.get("sources", [])):
        paths += [["sources", index, key] for key in source if key not in ("id", "like", "kinds")]
    found = [without(path) for path in paths]
    rules = tomllib.loads(world["rules"], parse_float=worlds.Price)
    for path in tables_within(rules):
        fewer = copy.deepcopy(rules)
        inner = fewer
        for step in path[:-1]:
            inner = inner[step]
        del inner[path[-1]]
        found.append({**world, "rules": worlds.toml_file(fewer)})
    return found


def tables_within(table, path=()):
    """The path of each key of a table and of the tables in it, but for what no rules file can do without."""
    for key, value in table.items():
        is_last_service = path == ("services",) and len(table) == 1
        if (*path, key) != ("services",) and not is_last_service and not (len(path) == 2 and key == "count"):
            yield (*path, key)
        if isinstance(value, dict):
            yield from tables_within(value, (*path, key))


def shrink(world, still_fails, rounds_max=80):
    """The smallest world near this one that still fails; `still_fails` tells it of a list of worlds."""
    for _ in range(rounds_max):
        tries = smaller(world)
        try:
            fails = still_fails(tries)
        except EngineFailed:
            return world
        next_one = next((one for one, fail in zip(tries, fails) if fail), None)
        if next_one is None:
            return world
        world = next_one
    return world
