"""The round trip of 1,000 vendor accounts through a spreadsheet, and a clerk's exceptions. Called by .ci/sheets: PROGRAM FOLDER."""

import csv
import datetime
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import openpyxl

PROGRAM, WORK = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
ACCOUNTS, CLIENTS = 1000, 300
DATA = WORK / "data"

SETTINGS = """
[mail]
from = "a@msp.example"
[[sources]]
id = "psa"
connector = "file"
side = "agreed"
[[sources]]
id = "rmm"
connector = "file"
side = "used"
"""

RULES = """
currency = "GBP"
[services]
SRV = { count = "rmm.server", price = 45.5 }
"""

# Texts that spreadsheets tend to alter: numbers, dates, formulas, leading zeros, long numbers, quotes, other scripts.
ODD = ["0017", "1E5", "2026-07", "12345678901234567890", "=1+1", "+44 20", "-3", "@home", "TRUE", "1/2", "a;b", 'say "x"',
       "Ünï©ode", "日本", "Жук", "a, b", "  blank", "'quoted", "#N/A", "a\u200cb"]


def run(*arguments, code=0):
    done = subprocess.run([PROGRAM, *arguments, "--data", DATA], capture_output=True, text=True, timeout=300,
                          env={**os.environ, "TRUECOUNT_CLOCK": "2026-06-30T12:00:00Z"})
    assert done.returncode == code, (arguments, done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return done


def account_id(n):
    return f"{ODD[n]}" if n < len(ODD) else f"{n:05}"


def account_name(n):
    return f"{ODD[n % len(ODD)].strip()} Organization {n}" if n < 2 * len(ODD) and n % 2 else f"Vendor Organization {n:04}"


def make_data():
    for folder in ("config", "archive/inbox/sources/psa", "archive/inbox/sources/rmm"):
        (DATA / folder).mkdir(parents=True, exist_ok=True)
    (DATA / "config/settings.toml").write_text(SETTINGS)
    (DATA / "config/rules.toml").write_text(RULES)
    with open(DATA / "archive/inbox/sources/psa/billed-2026-06-30.csv", "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["line_id", "client_id", "client_name", "product_code", "quantity", "unit_price", "currency"])
        out.writerows([n, n + 1, f"Client {n:03}, Ltd", "SRV", 2, "45.50", "GBP"] for n in range(CLIENTS))
    with open(DATA / "archive/inbox/sources/rmm/usage-2026-06-30.csv", "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["account_id", "account_name", "item_id", "kind", "status", "site"])
        for n in range(ACCOUNTS):
            out.writerows([account_id(n).strip(), account_name(n), f"{n}-{i}", "server", "active", f"s{i}"]
                          for i in range(1 + n % 3))
    run("sync")


def decided():
    """Every account's newest decision as (verdict, number)."""
    found = {}
    for row in json.loads(run("mappings", "list", "--json").stdout):
        found[(row["source"], row["account_id"])] = (row["state"], row["client_id"] if row["state"] == "confirmed" else None,
                                                     row["last_decision"])
    return found


def changes(header, rows, every, offset):
    """Fills in some rows, each of them in one way; answers what must then be decided, by (source, id) as exported."""
    at = {name: header.index(name) for name in header}
    wanted = {}
    for n, row in enumerate(rows):
        if n % every != offset or row[at["state"]] != "undecided":
            continue
        key = row[at["key"]]
        kind = (n // every) % 4
        client = 1 + n % CLIENTS
        if kind == 0:
            row[at["client"]] = f"Client {client - 1:03}, Ltd [{client}]"
            wanted[key] = ("confirmed", str(client))
        elif kind == 1:
            row[at["decision"]], row[at["client"]] = "confirm", client
            wanted[key] = ("confirmed", str(client))
        elif kind == 2:
            row[at["decision"]], row[at["note"]] = "ignore not_for_resale", "a lab, =not a formula"
            wanted[key] = ("ignored", None)
        else:
            row[at["decision"]], row[at["split"]] = "split", f"site: s0={client}"
            wanted[key] = ("split", None)
    return wanted


def key_of(source, account):
    text = f"{source}#{account}"
    return text


def check(before, after, wanted, what):
    keys = {key_of(*place): place for place in before}
    assert set(wanted) <= set(keys), sorted(set(wanted) - set(keys))[:5]
    changed = {place for place in before if before[place][2] != after[place][2]}
    expected = {keys[key] for key in wanted}
    assert changed == expected, (what, len(changed), len(expected), sorted(changed ^ expected)[:5])
    for key, (state, client) in wanted.items():
        now = after[keys[key]]
        assert now[0] == state and now[1] == client, (what, key, now, state, client)
    print(f"{what}: {len(wanted)} changed, {len(before) - len(wanted)} as they were")


def through_openpyxl(path):
    run("mappings", "export", path)
    before = decided()
    book = openpyxl.load_workbook(path)
    sheet = book["mappings"]
    assert book["clients"].sheet_state == "hidden" and book["clients"].max_row == CLIENTS
    lists = [v.formula1 for v in sheet.data_validations.dataValidation]
    assert len(lists) == 2 and any("clients!" in formula for formula in lists), lists
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert len(rows) == ACCOUNTS + 1, len(rows)
    header, rows = rows[0], rows[1:]
    wanted = changes(header, rows, 7, 3)
    for n, row in enumerate(rows):
        for column, value in enumerate(row):
            if value != sheet.cell(n + 2, column + 1).value:
                sheet.cell(n + 2, column + 1).value = value
    book.save(path)
    run("mappings", "import", path, "--actor", "openpyxl")
    check(before, decided(), wanted, "XLSX by openpyxl")
    again = run("mappings", "import", path, "--actor", "openpyxl")
    assert "0 recorded" in again.stderr, again.stderr


def office(path, to, *options):
    out = WORK / f"office-{to}"
    out.mkdir(exist_ok=True)
    subprocess.run(["soffice", f"-env:UserInstallation=file://{WORK}/profile", "--headless", *options, "--convert-to",
                    to, "--outdir", out, path], check=True, capture_output=True, timeout=240)
    return out / f"{Path(path).stem}.{to}"


def through_libreoffice():
    # CSV, opened and saved as CSV, then filled in
    run("mappings", "export", WORK / "sheet.csv")
    before = decided()
    saved = office(WORK / "sheet.csv", "csv")
    with open(saved, newline="", encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))
    header, rows = rows[0], rows[1:]
    assert len(rows) == ACCOUNTS, len(rows)
    wanted = changes(header, rows, 7, 4)
    with open(saved, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=";").writerows([header, *rows])
    run("mappings", "import", saved, "--strict", "--actor", "libreoffice")
    check(before, decided(), wanted, "CSV saved by LibreOffice")
    # filled in, then opened and saved as a workbook
    run("mappings", "export", WORK / "filled.csv")
    before = decided()
    with open(WORK / "filled.csv", newline="", encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))
    header, rows = rows[0], rows[1:]
    wanted = changes(header, rows, 7, 5)
    with open(WORK / "filled.csv", "w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows([header, *rows])
    run("mappings", "import", office(WORK / "filled.csv", "xlsx", "--infilter=CSV:44,34,76,1"), "--strict", "--actor", "libreoffice")
    check(before, decided(), wanted, "filled CSV saved by LibreOffice as XLSX")


CLERK = WORK / "clerk"


def clerk(*arguments, clock="2026-07-02T09:00:00Z", code=0):
    done = subprocess.run([PROGRAM, *arguments, "--data", CLERK], capture_output=True, text=True, timeout=300,
                          env={**os.environ, "TRUECOUNT_CLOCK": clock})
    assert done.returncode == code, (arguments, done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return done


def clerk_name(n):
    syllables = ["ba", "ke", "di", "fu", "go", "ha", "me", "ni", "pu", "ra"]
    return f"Firm {syllables[n // 10]}{syllables[n % 10]}, Ltd"


def clerk_files(day, billed):
    """Twenty clients that use five servers each, billed so."""
    for source, name, header, rows in (
        ("psa", "billed", ["line_id", "client_id", "client_name", "product_code", "quantity", "unit_price", "currency"],
         [[f"L{n}", n, clerk_name(n), "SRV", quantity, "45.50", "GBP"] for n, quantity in billed.items()]),
        ("rmm", "usage", ["account_id", "account_name", "item_id", "kind", "status"],
         [[n, clerk_name(n), f"{n}-{i}", "server", "active"] for n in billed for i in range(5)])):
        folder = CLERK / "archive/inbox/sources" / source
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / f"{name}-{day}.csv", "w", newline="") as file:
            csv.writer(file).writerows([header, *rows])


def a_clerks_task():
    """14 of 20 exceptions are worked in a workbook and imported; the next sync ticks off those that were changed."""
    (CLERK / "config").mkdir(parents=True)
    (CLERK / "config/settings.toml").write_text(SETTINGS)
    (CLERK / "config/rules.toml").write_text(RULES)
    billed = {n: 3 for n in range(1, 21)}
    # Of a first comparison nothing is to be changed yet: the list of the month before is accepted as it stands.
    clerk_files("2026-05-31", billed)
    clerk("run", "--closing", clock="2026-05-31T12:00:00Z", code=1)
    clerk("baseline", "accept", clock="2026-05-31T13:00:00Z")
    clerk_files("2026-06-30", billed)
    clerk("run", "--closing", clock="2026-06-30T12:00:00Z", code=1)
    [mailed] = (CLERK / "archive/reports/2026-06").glob("*/report.xlsx")
    book = openpyxl.load_workbook(mailed)
    sheet = book["Change the agreement"]
    at = {cell.value: cell.column for cell in sheet[1]}
    worked = [("approved", {})] * 9 + [("adjusted", {"quantity": 4})] * 2 + [
        ("accepted", {"quantity": 2, "note": "agreed by phone"}), ("snoozed", {"until": datetime.date(2026, 12, 31)}),
        ("asked", {"whom": "the client", "until": datetime.date(2026, 7, 9)})]
    clients = {}
    for row, (action, filled) in enumerate(worked, 2):
        for column, value in {"action": action, **filled}.items():
            sheet.cell(row, at[column.capitalize()]).value = value
        clients[int(sheet.cell(row, at["Client id"]).value)] = action
    path = WORK / "worked.xlsx"
    book.save(path)
    assert "14 recorded, 7 not filled in." in clerk("actions", "import", path, "--by", "anna").stderr
    assert "0 recorded, 14 recorded before, 7 not filled in." in clerk("actions", "import", path, "--by", "anna").stderr
    standing = lambda: {one["action"]["client_id"]: one["decided"]["standing"]
                        for one in json.loads(clerk("actions", "list", "--json").stdout)}
    expected = {"approved": "not_changed", "adjusted": "not_changed", "accepted": "set_aside", "snoozed": "set_aside", "asked": "waits"}
    assert standing() == {str(client): expected[action] for client, action in clients.items()}, standing()
    # Seven of the approved are changed in the PSA, one to another number; of the adjusted the first.
    approved = [client for client, action in clients.items() if action == "approved"]
    adjusted = [client for client, action in clients.items() if action == "adjusted"]
    billed |= {client: 5 for client in approved[:6]} | {approved[6]: 4, adjusted[0]: 4}
    clerk_files("2026-07-02", billed)
    clerk("sync")
    ticked = {client: expected[action] for client, action in clients.items()}
    ticked |= {client: "resolved" for client in [*approved[:6], adjusted[0]]} | {approved[6]: "changed_otherwise"}
    assert standing() == {str(client): state for client, state in ticked.items()}, standing()
    print("a clerk's 14 rows: recorded once, 7 ticked off by the next sync, 1 changed otherwise")


begun = time.monotonic()
make_data()
a_clerks_task()
through_openpyxl(WORK / "sheet.xlsx")
if os.environ.get("SHEETS_WITHOUT_LIBREOFFICE") != "1":
    through_libreoffice()
print(f"the round trips took {time.monotonic() - begun:.0f} s")
