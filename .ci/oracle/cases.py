"""Reads the folders of tests/fixtures/cases, and says where an outcome is not what a case says is right."""
import datetime
import pathlib
import tomllib
from fractions import Fraction

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "tests" / "fixtures" / "cases"
QUIET = {"agrees", "left_alone", "flat", "ignored", "listed", "internal"}
UNCHECKED = {"doubts", "widened_by", "items_in", "items_out", "lines"}


def plain(value):
    """TOML as it stands in JSON: days and moments are text."""
    if isinstance(value, datetime.datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


def load(folder):
    world = plain(tomllib.loads((folder / "case.toml").read_text(encoding="utf-8")))
    return {**world, "name": folder.name, "rules": (folder / "rules.toml").read_text(encoding="utf-8")}


def all_cases(folder=FOLDER):
    return [load(path.parent) for path in sorted(folder.glob("*/case.toml")) if (path.parent / "rules.toml").exists()]


def equal(expected, got):
    if isinstance(expected, dict):
        return isinstance(got, dict) and set(expected) == set(got) and all(equal(expected[key], got[key]) for key in expected)
    if expected == "" or got in (None, ""):
        return expected == "" and got in (None, "")
    try:
        return Fraction(str(expected)) == Fraction(str(got))
    except ValueError:
        return expected == got


def differences(case, found):
    """(row, field, expected, got) of everything that is not as the case says."""
    if "skipped" in found:
        return [("", "skipped", "", found["skipped"])]
    out, left = [], list(found["rows"])
    for expected in case.get("expect", []):
        keys = [key for key in ("client", "service", "source", "account", "to", "agreement", "kind") if key in expected]
        fits = [row for row in left if all(row.get(key) == expected[key] for key in keys)]
        label = " ".join(str(expected.get(key)) for key in keys)
        if not fits:
            near = [row["kind"] for row in left if row.get("client") == expected.get("client") and row.get("service") == expected.get("service")]
            out.append((label, "row", "there", f"missing; there is {near}"))
            continue
        left.remove(fits[0])
        for key in set(expected) - UNCHECKED:
            if not equal(expected[key], fits[0].get(key)):
                out.append((label, key, expected[key], fits[0].get(key)))
    for row in left:
        if row["kind"] not in QUIET:
            out.append((f"{row.get('client', row.get('source'))} {row.get('service', row.get('account'))}", "row", "none", row["kind"]))
    for name in ("totals", "coverage"):
        for currency, amounts in case.get(f"expect_{name}", {}).items():
            for key, amount in amounts.items():
                got = found[name].get(currency, {}).get(key, "0")
                if not equal(amount, got):
                    out.append((currency, f"{name}.{key}", amount, got))
    return out


def main():
    import sys
    from oracle import outcome
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    for case in all_cases(folder):
        try:
            found = differences(case, outcome(case))
        except Exception as error:  # a case that cannot be read is told with the others
            found = [("", "error", "", repr(error))]
        for difference in found:
            print(case["name"], "(waits)" if "waits_for" in case else "", *difference, sep=" | ")


if __name__ == "__main__":
    main()
