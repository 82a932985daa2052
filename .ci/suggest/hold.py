#!/usr/bin/env python3
"""Holds `rules suggest` against MSPs of which the rules are known.

hold.py CHECK COUNT: so many MSPs; CHECK is the example `check` of truecount-check.

Right is a rule that counts what the true one counts at every client whose accounts were read. The right one must stand first for at least 95 % of the
products that can be counted, and no wrong one may be written.
"""
import collections
import json
import subprocess
import sys
import tempfile
import time
import tomllib

from msps import Msp, count, rule_of

RIGHT_MIN = 0.95
WRITTEN_MIN = 0.6


def table(rule):
    return tomllib.loads(f"rule = {rule}")["rule"]


def is_right(msp, product, suggestion):
    """Whether what is suggested is what the product is."""
    if suggestion is None or suggestion["basis"] == "nothing":
        return "hours" in product
    if suggestion["basis"] == "flat":
        return "fee" in product
    if "truth" not in product:
        return False
    rule = rule_of(table(suggestion["rule"]))
    sources = {source for one in (rule, product["truth"]) for source, _ in one["kinds"]}
    read = [client["items"] for client in msp.clients if not sources & client["unread"]]
    return all(count(rule, items) == count(product["truth"], items) for items in read)


def main():
    check, number = sys.argv[1], int(sys.argv[2])
    msps = [Msp(seed) for seed in range(number)]
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        for msp in msps:
            print(json.dumps(msp.world()), file=file)
        file.flush()
        begun = time.monotonic()
        ended = subprocess.run([check, "suggest", "--cases", file.name], stdout=subprocess.PIPE, check=False)
        seconds = time.monotonic() - begun
    answers = [json.loads(line) for line in ended.stdout.splitlines()]
    assert ended.returncode == 0 and len(answers) == number, ended.returncode
    seen, faults = collections.Counter(), []
    for msp, answer in zip(msps, answers):
        assert answer["name"] == str(msp.seed)
        found = {one["product"]: one for one in answer["products"] + answer["unfitted"]}
        for product in msp.products:
            suggestion = found.get(product["code"])
            right = is_right(msp, product, suggestion)
            kind = "counted" if "truth" in product else "fee" if "fee" in product else "hours"
            seen[kind, right] += 1
            is_written = bool(suggestion) and suggestion["basis"] != "nothing" and suggestion.get("caution") is None
            seen["written", kind, right] += is_written
            if not right:
                told = {key: suggestion[key] for key in ("rule", "fit", "caution", "others")} if suggestion else None
                faults.append((is_written, msp.seed, product, told))
    for is_written, seed, product, told in sorted(faults, key=lambda fault: not fault[0])[:int(sys.argv[3]) if len(sys.argv) > 3 else 10]:
        print("WRITTEN" if is_written else "not first", seed, product, told, sep="\n  ")
    counted = seen["counted", True] + seen["counted", False]
    share = seen["counted", True] / counted
    wrong = sum(times for key, times in seen.items() if key[0] == "written" and not key[2])
    written = seen["written", "counted", True]
    print(f"{number} MSPs in {seconds:.1f} s; the right rule first for {seen['counted', True]} of {counted} products ({share:.1%}), "
          f"written {written} ({written / counted:.1%}); fees: {seen['fee', True]} right, {seen['fee', False]} wrong, "
          f"{seen['written', 'fee', True]} written; hours: {seen['hours', True]} without a rule, {seen['hours', False]} with one; "
          f"wrong ones written: {wrong}")
    bounds = [(share >= RIGHT_MIN, f"the right rule first for less than {RIGHT_MIN:.0%}"), (wrong == 0, "a wrong rule was written"),
              (written / counted >= WRITTEN_MIN, f"less than {WRITTEN_MIN:.0%} of the rules written")]
    broken = [text for holds, text in bounds if not holds]
    print(*(f"failed: {text}" for text in broken), sep="\n", end="\n" if broken else "")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
