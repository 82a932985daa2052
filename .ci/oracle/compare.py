#!/usr/bin/env python3
"""Holds the product against the oracle on random worlds.

compare.py BINARY [--seed N] [--count K] [--without FIELD,…] [--keep FILE]
Every field of every row, the totals and the coverage must be the same. What differs is counted by kind and field, the first
differences are shown with seed and number of their world, the smallest world that still differs is printed, and the worlds
that differ are kept in a file. Exit code 1 if anything differs.
"""
import argparse
import collections
import json
import sys

import engine
import worlds

BATCH = 500


def arguments(text):
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", help="the truecount binary, or `oracle` for the oracle itself")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--without", default="", help="fields that are not compared, and totals, coverage; with commas")
    parser.add_argument("--keep", default="failing-worlds.jsonl")
    parser.add_argument("--show", type=int, default=20, help="how many differences are shown")
    return parser


def compare(binary, some, without):
    """(world, its differences) of all that differ, and how many the oracle skipped."""
    expected, got = engine.run("oracle", some), engine.run(binary, some)
    skipped = sum("skipped" in one for one in expected)
    found = [(world, engine.differences(one, other, without)) for world, one, other in zip(some, expected, got)]
    return [(world, differs) for world, differs in found if differs], skipped


def chunk(asked, ends):
    """`compare` of the worlds from one number to another."""
    return compare(asked.binary, [worlds.world(asked.seed, index) for index in range(*ends)], fields_without(asked))


def fields_without(asked):
    return [field for field in asked.without.split(",") if field]


def main():
    asked = arguments(__doc__).parse_args()
    without = fields_without(asked)
    by_field, failing, skipped = collections.Counter(), [], 0
    for found, more in engine.in_chunks(chunk, asked, BATCH):
        failing, skipped = failing + found, skipped + more
    for world, differs in failing:
        for what, field, expected, got in differs:
            kind = what.split()[0] if what.startswith(("totals", "coverage")) else what.split()[-1]
            by_field[kind, (f"is {got}" if expected != "no row" else "where the oracle has no row") if field == "kind" else field] += 1
    print(f"seed {asked.seed}: {asked.count} worlds, {skipped} skipped by the oracle, {len(failing)} differ")
    if not failing:
        return 0
    with open(asked.keep, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(world, ensure_ascii=False) + "\n" for world, _ in failing)
    print(f"the worlds that differ are in {asked.keep}")
    for (kind, field), times in by_field.most_common():
        print(f"{times:6} {kind} {field}")
    shown = 0
    for world, differs in failing:
        for what, field, expected, got in differs:
            if shown < asked.show:
                print(f"world {world['name']}: {what}: {field}: oracle {expected}, product {got}")
            shown += 1
    first = failing[0][0]
    field = failing[0][1][0][1]

    def still_fails(tries):
        expected, got = engine.run("oracle", tries), engine.run(asked.binary, tries)
        return [any(one[1] == field for one in engine.differences(mine, theirs, without)) for mine, theirs in zip(expected, got)]
    small = engine.shrink(first, still_fails)
    print(f"the smallest world near {first['name']} of which {field} differs:")
    print(json.dumps({key: value for key, value in small.items() if key != "rules"}, ensure_ascii=False, indent=1))
    print(small["rules"])
    for difference in compare(asked.binary, [small], without)[0][0][1]:
        print(*difference, sep=" | ")
    return 1


if __name__ == "__main__":
    sys.exit(main())
