"""Draws faults of cargo-mutants by seed, has the tests look for them, and prints how many they found.

usage: mutants.py FOLDER SEED COUNT
Exits with 1 if less than `SHARE_MIN` of those that compile are found, or if the tests do not pass without a fault.
"""
import json
import os
import pathlib
import random
import re
import subprocess
import sys

CHANGED = ("truecount-billing", "truecount-reconciliation")
JUDGES = (*CHANGED, "truecount-check", "truecount-suggestions")
OUTCOMES = ("caught", "timeout", "missed", "unviable")
SHARE_MIN = 0.9
TIMEOUT = "120"  # seconds; the limit that cargo-mutants takes from a run without a fault is too short on a busy machine
FAULTS_MISSED, FAULTS_TIMED_OUT = 2, 3  # exit codes of cargo-mutants that are results


PACKAGES = [word for package in CHANGED for word in ("--package", package)]


def draw(seed, count):
    """(names of the faults to try, how many there are), such as `shared/billing/src/day.rs:12:5: replace is_late -> bool with true`.

    Fields that are left out are always tried: cargo-mutants chooses none of them by name."""
    listed = subprocess.run(["cargo", "mutants", "--list", "--json", *PACKAGES], capture_output=True, text=True, check=True)
    fields, others = set(), set()
    for one in json.loads(listed.stdout):
        (fields if one["genre"] == "StructField" else others).add(one["name"])
    drawn = random.Random(seed).sample(sorted(others), min(max(0, count - len(fields)), len(others)))
    return sorted(fields) + drawn, len(fields) + len(others)


def settings(drawn):
    """A file of settings by which cargo-mutants tries only these."""
    patterns = ["^" + re.sub(r"([\\.+*?()|\[\]{}^$#&~-])", r"\\\1", name) + "$" for name in drawn]
    return "examine_re = [\n" + "".join(f"  {json.dumps(pattern)},\n" for pattern in patterns) + "]\n"


def run(folder, drawn):
    """The names of the faults that were caught, ran without an end (timeout), were missed, or did not compile (unviable)."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "drawn.toml").write_text(settings(drawn), encoding="utf-8")
    command = ["cargo", "mutants", "--config", folder / "drawn.toml", "--output", folder, *PACKAGES, "--test-package", ",".join(JUDGES),
               "--no-shuffle", "--timeout", TIMEOUT, "--colors", "never", "--", "--lib", "--tests", "--locked"]
    # Each fault is compiled anew: what only a debugger reads is left out.
    done = subprocess.run(command, env={**os.environ, "CARGO_PROFILE_DEV_DEBUG": "none"}, check=False)
    if done.returncode not in (0, FAULTS_MISSED, FAULTS_TIMED_OUT):
        sys.exit(f"cargo mutants ended with {done.returncode}")
    return [(folder / "mutants.out" / f"{what}.txt").read_text(encoding="utf-8").splitlines() for what in OUTCOMES]


def main():
    folder, seed, count = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    drawn, every = draw(seed, count)
    caught, endless, missed, unviable = run(folder, drawn)
    tried = len(caught) + len(endless) + len(missed)
    if tried + len(unviable) != len(drawn):
        sys.exit(f"{tried + len(unviable)} faults were tried, {len(drawn)} were drawn")
    for name in missed:
        print("missed:", name)
    share = 1 - len(missed) / tried
    print(f"seed {seed}: {len(drawn)} of {every} faults: {len(caught)} caught, {len(endless)} without an end, {len(missed)} missed, "
          f"{len(unviable)} do not compile; {share:.1%} found (bound {SHARE_MIN:.0%})")
    sys.exit(0 if share >= SHARE_MIN else 1)


if __name__ == "__main__":
    main()
