"""Runs the reading of a CSV file and the csv crate's empty loop interleaved, and prints medians of CPU time and memory.

usage: tabular.py TABULAR FILE ROWS ROUNDS
Exits with 1 if rows are lost, or a bound is exceeded.
"""
import os
import statistics
import subprocess
import sys

tabular, file, rows, rounds = sys.argv[1:]
cpu, peak = {"csv": [], "survey": [], "read": []}, {"csv": [], "survey": [], "read": []}
for _ in range(int(rounds)):
    for mode in cpu:
        child = subprocess.Popen([tabular, mode, file], stdout=subprocess.PIPE, text=True)
        said = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        if os.waitstatus_to_exitcode(status) != 0 or said != f"{rows} rows\n":
            sys.exit(f"{mode} said {said!r} and ended with {os.waitstatus_to_exitcode(status)}")
        cpu[mode].append(usage.ru_utime + usage.ru_stime)
        peak[mode].append(usage.ru_maxrss / 1024)
for mode in cpu:
    print(f"{mode:6} cpu {statistics.median(cpu[mode]):7.3f} s   peak {max(peak[mode]):5.1f} MiB")
ratio = statistics.median(read / loop for read, loop in zip(cpu["read"], cpu["csv"]))
print(f"survey and reading: {ratio:.1f} times the csv crate's empty loop (bound 6), {max(peak['read']):.1f} MiB (bound 100)")
sys.exit(ratio > 6 or max(peak["read"]) > 100)
