"""Random worlds with what is right of each, for the tests that run without the oracle.

drawn.py [--seed N] [--count K]     prints one JSON object a line: the world, and the oracle's outcome
"""
import argparse
import json

import engine
import worlds

SEED, COUNT = 11, 250


def drawn(seed=SEED, count=COUNT):
    """The lines: the worlds of a seed in their order, but for those that the oracle leaves out."""
    some = [worlds.world(seed, index) for index in range(count)]
    for world, outcome in zip(some, engine.run("oracle", some)):
        if "rows" in outcome:
            kept = {key: outcome[key] for key in ("rows", "totals", "coverage")}
            yield json.dumps({"world": world, "outcome": kept}, ensure_ascii=False, separators=(",", ":"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--count", type=int, default=COUNT)
    asked = parser.parse_args()
    for line in drawn(asked.seed, asked.count):
        print(line)


if __name__ == "__main__":
    main()
