"""Random worlds with what is right of each, for the tests that run without the oracle.

drawn.py [--seed N] [--count K]     prints one JSON object a line: the world, and the oracle's outcome
drawn.py --again FILE               the same of the worlds of such a file: of rare_worlds.jsonl, in which each world is one of
                                    the few that notice some fault of the code
"""
import argparse
import json
import pathlib

import engine
import worlds

SEED, COUNT = 11, 250


def drawn(seed=SEED, count=COUNT):
    """The lines: the worlds of a seed in their order, but for those that the oracle leaves out."""
    return with_outcomes([worlds.world(seed, index) for index in range(count)])


def again(path):
    """The lines of a file anew: the same worlds, with what is right of them today."""
    return with_outcomes([json.loads(line)["world"] for line in path.read_text(encoding="utf-8").splitlines()])


def with_outcomes(some):
    for world, outcome in zip(some, engine.run("oracle", some)):
        if "rows" in outcome:
            kept = {key: outcome[key] for key in ("rows", "totals", "coverage")}
            yield json.dumps({"world": world, "outcome": kept}, ensure_ascii=False, separators=(",", ":"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--again", type=pathlib.Path)
    asked = parser.parse_args()
    for line in list(again(asked.again) if asked.again else drawn(asked.seed, asked.count)):
        print(line)


if __name__ == "__main__":
    main()
