"""Measures the time from a function's start until it asks for its first event, compared with a minimal function.

    start.py FOLDER     with hello, truecount-sync, truecount-reconcile and truecount-report in it

They run interleaved, so that load on the machine affects all alike. Prints the medians; exits with 1 if one takes more
than twice as long."""
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import time

ROUNDS = 25
BOUND = 2.0
NAMES = ["hello", "truecount-sync", "truecount-reconcile", "truecount-report"]


def main():
    folder = pathlib.Path(sys.argv[1])
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)
    environment = {
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:%d" % listener.getsockname()[1],
        "AWS_LAMBDA_FUNCTION_NAME": "start",
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "TRUECOUNT_TABLE": "none",
        "TRUECOUNT_BUCKET": "none",
        "TRUECOUNT_SECRETS": "/none",
        "TRUECOUNT_SENDER": "none@msp.example",
    }
    times = {name: [] for name in NAMES}
    for turn in range(ROUNDS + 2):
        for name in NAMES:
            took = start(folder / name, listener, environment)
            if turn >= 2:
                times[name].append(took)
    floor = statistics.median(times["hello"])
    worst = 0.0
    for name in NAMES:
        median = statistics.median(times[name])
        worst = max(worst, median / floor)
        size = os.path.getsize(folder / name) / 1e6
        print(f"{name:22} {size:5.1f} MB  {median * 1000:6.2f} ms to the first event  {median / floor:4.2f} x hello")
    if worst > BOUND:
        sys.exit(f"a function takes {worst:.2f} times as long to start as the minimal one; at most {BOUND}")


def start(path, listener, environment):
    begun = time.perf_counter()
    process = subprocess.Popen([path], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            connection, _ = listener.accept()
            with connection:
                if connection.recv(4096).startswith(b"GET /2018-06-01/runtime/invocation/next"):
                    return time.perf_counter() - begun
    finally:
        process.kill()
        process.wait()


main()
