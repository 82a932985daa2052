"""Runs `check`, its competitors and a bare CSV read interleaved, and prints medians and ratios.

usage: bench.py BENCH_FOLDER CHECK DATA READLIMIT EXPECTED ROUNDS PYTHON
Exits with 1 if the result is not the expected one or memory exceeds its bound. Ratios of CPU time are printed with their
bounds; with TRUECOUNT_STRICT=1 exceeding one exits with 1, too.
"""
import os
import statistics
import subprocess
import sys

bench, check, data, readlimit, expected, rounds, python = sys.argv[1:]
out = os.path.join(data, "out")
os.makedirs(out, exist_ok=True)
files = [f"{data}/{name}.csv" for name in ("billed_lines", "usage_items", "mappings")]
commands = {
    "truecount": [check, "--billed", files[0], "--usage", files[1], "--mappings", files[2], "--rules", f"{data}/rules.csv",
                  "--as-of", "2026-06-30", "--out", f"{out}/truecount"],
    "duckdb": [python, f"{bench}/duckdb_recon.py", data, f"{out}/duckdb.csv"],
    "polars": [python, f"{bench}/polars_recon.py", data, f"{out}/polars.csv"],
    "csv loop": [readlimit, "csv", *files],
}
cpu, peak = {name: [] for name in commands}, {name: [] for name in commands}
environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS")}
for _ in range(int(rounds)):
    for name, command in commands.items():
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
        _, status, usage = os.wait4(child.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        if code not in ((1,) if name == "truecount" else (0,)):
            sys.exit(f"{name} ended with {code}")
        cpu[name].append(usage.ru_utime + usage.ru_stime)
        peak[name].append(usage.ru_maxrss / 1024)
median = {name: statistics.median(values) for name, values in cpu.items()}
for name in commands:
    print(f"{name:10} cpu {median[name]:7.3f} s   peak {statistics.median(peak[name]):7.0f} MiB")
rival = min(median["duckdb"], median["polars"])
to_rival, to_loop = median["truecount"] / rival, median["truecount"] / median["csv loop"]
print(f"cpu of truecount: {to_rival:.2f} of the better of DuckDB and Polars (bound .50), {to_loop:.1f} times the csv crate's empty loop (bound 5)")
normal = f"{out}/normal.csv"
subprocess.run([python, f"{bench}/normal.py", f"{out}/truecount/exceptions.csv", normal], check=True)
equal = subprocess.run([python, f"{bench}/compare.py", expected, normal]).returncode == 0
bounds = {"S": None, "M": 120, "L": 1024}[os.path.basename(data)]
memory = bounds is None or statistics.median(peak["truecount"]) <= bounds
print(f"result equal to the expected one: {equal}; memory within {bounds} MiB: {memory}")
quick = to_rival <= 0.5 and to_loop <= 5
print("processor time within its bounds" if quick else "processor time MISSED a bound")
sys.exit(0 if equal and memory and (quick or os.environ.get("TRUECOUNT_STRICT") != "1") else 1)
