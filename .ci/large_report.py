"""A month of 10,000 clients and 100 services each, of which two in a hundred differ: a million comparisons, reported in a
process of its own. At most 256 MB of memory, and a mail of at most 100 KB beside what is attached.

large_report.py TRUECOUNT [CLIENTS] [SERVICES]
"""
import csv
import email
import email.policy
import os
import pathlib
import subprocess
import sys
import tempfile

MEGABYTES_MAX, MAIL_BYTES_MAX = 256, 100_000
DAY = "2026-06-30"
SETTINGS = """\
[mail]
from = "truecount@msp.example"
[[mail.groups]]
id = "billing"
to = ["billing@msp.example"]
[[sources]]
id = "psa"
connector = "file"
side = "agreed"
[[sources]]
id = "licences"
connector = "file"
side = "used"
"""


def write(folder, clients, services):
    """Settings, rules and both exports."""
    for name in ("config", "archive/inbox/sources/psa", "archive/inbox/sources/licences"):
        (folder / name).mkdir(parents=True)
    (folder / "config/settings.toml").write_text(SETTINGS)
    rules = [f'SVC-{at} = {{ count = "licences.licence", where = {{ sku = "SKU-{at}" }} }}\n' for at in range(services)]
    (folder / "config/rules.toml").write_text('currency = "USD"\n[services]\n' + "".join(rules))
    inbox = folder / "archive/inbox/sources"
    with open(inbox / f"psa/lines-{DAY}.csv", "w", newline="") as lines, \
            open(inbox / f"licences/licences-{DAY}.csv", "w", newline="") as items:
        billed, used = csv.writer(lines), csv.writer(items)
        billed.writerow("line_id client_id client_name product_code quantity unit_price currency agreement_id agreement".split())
        used.writerow("account_id account_name psa_client_id item_id item_name kind sku quantity status".split())
        for client in range(clients):
            name = f"Client {client} Holdings"
            for service in range(services):
                units = 3 + (client + service) % 40
                differs = (client * 7919 + service * 104_729) % 53 == 0
                billed.writerow([f"{client}-{service}", client, name, f"SVC-{service}", units, "12.50", "USD", f"A{client}", "Managed services"])
                used.writerow([f"a{client}", name, client, f"{client}-{service}", f"Licence {service} of {client}", "licence", f"SKU-{service}", units + differs, "active"])


def run(truecount, folder, *args):
    """Peak of the memory in megabytes, and seconds of processor time."""
    environment = {**os.environ, "TRUECOUNT_CLOCK": f"{DAY}T20:00:00Z"}
    child = subprocess.Popen([truecount, *args, "--data", str(folder)], env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    code = os.waitstatus_to_exitcode(status)
    # Differences are no failure, nor is what is not reconciled.
    if code not in (0, 1, 2):
        sys.exit(f"truecount {' '.join(args)}: exit code {code}")
    peak, cpu = usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime
    print(f"{args[0]:<10} peak {peak:6.0f} MB, cpu {cpu:6.1f} s", flush=True)
    return peak


def main():
    truecount = sys.argv[1]
    clients, services = (int(word) for word in (sys.argv[2:4] or ("10000", "100")))
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work)
        write(folder, clients, services)
        run(truecount, folder, "sync")
        run(truecount, folder, "reconcile", "--month", DAY[:7], "--closing", "--early")
        peak = run(truecount, folder, "report", "--month", DAY[:7])
        files = sorted(path for path in (folder / "archive/reports").rglob("*") if path.is_file() and "inputs" not in path.parts)
        for path in files:
            print(f"{path.name:<26} {path.stat().st_size:>12,} bytes")
        with open(next(path for path in files if path.name == "lines.csv"), newline="", encoding="utf-8-sig") as lines:
            rows = sum(1 for _ in csv.reader(lines)) - 1
        message = email.message_from_bytes(next((folder / "outbox").iterdir()).read_bytes(), policy=email.policy.default)
        bodies = sum(len(part.as_bytes()) for part in message.walk() if part.get_content_maintype() == "text" and not part.is_attachment())
        print(f"{rows} comparisons: peak {peak:.0f} MB (bound {MEGABYTES_MAX}), mail without files {bodies} bytes (bound {MAIL_BYTES_MAX})")
        sys.exit(rows != clients * services or peak > MEGABYTES_MAX or bodies > MAIL_BYTES_MAX)


if __name__ == "__main__":
    main()
