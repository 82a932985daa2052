"""The files and the mail of the sample's month as parsers read them that share nothing with this program: sums equal those of run.json,
files fit their schemas and their hashes, a workbook is the same after LibreOffice has saved it. Called by .ci/sheets: PROGRAM FOLDER."""

import csv
import datetime
import email
import email.policy
import gzip
import hashlib
import json
import subprocess
import sys
import tempfile
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import duckdb
import html5lib
import jsonschema
import openpyxl
import pandas

PROGRAM, WORK = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
DATA = WORK / "sample"
HTML_MAX = 100_000

# Of the totals of a currency in run.json: whether it is more, on later invoices, estimated.
TOTALS = {
    prefix + later + ("add" if more else "reduce"): (more, bool(later), bool(prefix))
    for prefix in ("", "estimated_") for later in ("", "later_") for more in (True, False)
}


def program(*arguments, codes=(0,)):
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode in codes, (arguments, done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout


def made():
    """The folder of the sample's run. Exit code 2: one tenant of the sample answers 403."""
    program("demo", "--data", DATA, codes=(2,))
    (folder,) = [path.parent for path in (DATA / "archive/reports").glob("*/*/manifest.json")]
    return folder


def hashes(folder):
    outputs = json.loads((folder / "manifest.json").read_text())["outputs"]
    for output in outputs:
        content = (folder / output["name"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (output["bytes"], output["sha256"]), output["name"]
    names = {output["name"] for output in outputs}
    missing = {"report.xlsx", "report.html", "exceptions.csv", "run.json", "outcomes.jsonl.gz"} - names
    assert not missing, missing
    return len(outputs)


def schemas(folder):
    """Each JSON file fits its schema, and does not when something of it is another."""
    def validator(name):
        schema = json.loads(program("runs", "schema", name))
        jsonschema.Draft202012Validator.check_schema(schema)
        return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    for name in ("run.json", "manifest.json"):
        content, of = json.loads((folder / name).read_text()), validator(name)
        of.validate(content)
        for field in list(content):
            assert not of.is_valid({**content, field: 1.5}), (name, field)
            assert not of.is_valid({key: value for key, value in content.items() if key != field}), (name, field)
        assert not of.is_valid({**content, "unknown": 1}), name
    lines, of = 0, validator("outcomes.jsonl.gz")
    with gzip.open(folder / "outcomes.jsonl.gz", "rt", encoding="utf-8") as outcomes:
        for lines, line in enumerate(outcomes, 1):
            of.validate(json.loads(line))
    return lines


def tables(folder):
    """Every CSV file is the same to Python, pandas and DuckDB."""
    rows = 0
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            heading, *of_python = list(csv.reader(file, strict=True))
        of_pandas = pandas.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        assert list(of_pandas.columns) == heading, path.name
        assert of_pandas.values.tolist() == of_python, path.name
        found = duckdb.sql(f"select * from read_csv('{path}', all_varchar=true, header=true, delim=',', quote='\"', escape='\"')")
        assert [name.lstrip("\ufeff") for name in found.columns] == heading, path.name
        of_duckdb = [[cell or "" for cell in row] for row in found.fetchall()]
        assert of_duckdb == of_python, path.name
        rows += len(of_python)
    return rows


def typed(folder):
    """The columns of each CSV file are those of its Table Schema, and every cell is of the type that stands there."""
    reads = {
        "string": str, "integer": int, "number": Decimal, "date": datetime.date.fromisoformat,
        "yearmonth": lambda cell: datetime.date.fromisoformat(f"{cell}-01"),
    }
    cells = 0
    for path in sorted(folder.glob("*.csv")):
        schema = json.loads(program("runs", "schema", path.name))
        with open(path, newline="", encoding="utf-8-sig") as opened:
            head, *rows = csv.reader(opened)
        assert head == [field["name"] for field in schema["fields"]], path.name
        for row in rows:
            for field, cell in zip(schema["fields"], row, strict=True):
                if cell not in schema["missingValues"]:
                    reads[field["type"]](cell)
                    cells += 1
    return cells


def change_sums(changes):
    """The sums of changes, as run.json has them. An exception is one of more or of less as a whole."""
    worth = {}
    for change in changes:
        if change["monthly_impact"] and change["value_basis"]:
            worth[change["exception_id"]] = worth.get(change["exception_id"], 0) + Decimal(change["monthly_impact"])
    sums = {}
    for change in changes:
        if change["monthly_impact"] and change["value_basis"]:
            more = worth[change["exception_id"]] > 0
            key = change["currency"], more, change["invoiced"] == "later", change["value_basis"] == "estimated"
            amount = Decimal(change["monthly_impact"])
            sums[key] = sums.get(key, 0) + (amount if more else -amount)
    return {key: amount for key, amount in sums.items() if amount}


def totals(folder):
    run = json.loads((folder / "run.json").read_text())
    return {
        (currency, *TOTALS[name]): Decimal(amount)
        for currency, of in run["portfolio"]["totals"].items()
        for name, amount in of.items() if name in TOTALS and Decimal(amount)
    }


def sums(folder):
    expected = totals(folder)
    assert len(expected) > 3, expected
    with (folder / "changes.csv").open(encoding="utf-8-sig", newline="") as file:
        assert change_sums(list(csv.DictReader(file))) == expected
    found = duckdb.sql(f"""
        with changes as (select * from read_csv('{folder / 'changes.csv'}', header=true,
                         types={{'monthly_impact': 'DECIMAL(28,10)'}})),
             worth as (select exception_id, sum(monthly_impact) > 0 as more from changes group by all)
        select currency, more, invoiced = 'later', value_basis is not distinct from 'estimated',
               sum(case when more then monthly_impact else -monthly_impact end) as amount
        from changes join worth using (exception_id) where monthly_impact is not null and value_basis is not null
        group by all having amount <> 0""")
    assert {tuple(row[:4]): row[4] for row in found.fetchall()} == expected
    return len(expected)


def workbook(folder):
    """No formula; the sheet of changes and its foot, and the first sheet, add up to run.json; the same after LibreOffice."""
    path = folder / "report.xlsx"
    book = openpyxl.load_workbook(path)
    cells = {}
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f", (sheet.title, cell.coordinate, cell.value)
                if cell.value is not None:
                    cells[sheet.title, cell.coordinate] = cell.value
    expected = totals(folder)
    summary = [[cell.value for cell in row] for row in book["Summary"].iter_rows()]
    shown = {(row[0], row[1]): Decimal(str(row[2])) for row in summary if isinstance(row[2], (int, float))}
    for (currency, more, later, estimated), amount in expected.items():
        name = ("To add" if more else "To reduce") + (" on later invoices" if later else " on these invoices")
        assert shown[name + (", estimated" if estimated else ""), currency] == amount, (name, currency, amount)
    changes = book["Change the agreement"]
    heading = [cell.value for cell in changes[1]]
    impact, currency = heading.index("Monthly impact"), heading.index("Currency")
    rows = [[cell.value for cell in row] for row in changes.iter_rows(min_row=2)]
    net, foot = {}, {}
    for row in rows:
        if isinstance(row[0], int) and row[impact] is not None:
            net[row[currency]] = net.get(row[currency], 0) + Decimal(str(row[impact]))
        elif row[impact] is not None and str(row[1]).startswith("To "):
            way, basis = str(row[1]).split(", ", 1)
            of = basis.removesuffix(", estimated"), way.startswith("To add"), "later" in way, basis.endswith("estimated")
            foot[of] = Decimal(str(row[impact]))
    assert foot == expected, (foot, expected)
    of_totals = {}
    for (of, more, _, _), amount in expected.items():
        of_totals[of] = of_totals.get(of, 0) + (amount if more else -amount)
    assert net == of_totals, (net, of_totals)
    with (folder / "lines.csv").open(encoding="utf-8-sig", newline="") as lines:
        assert book["All comparisons"].max_row == len(list(csv.reader(lines)))
    with tempfile.TemporaryDirectory() as to:
        command = ["soffice", "--headless", f"-env:UserInstallation=file://{to}/profile", "--convert-to", "xlsx", "--outdir", to, path]
        subprocess.run(command, check=True, capture_output=True, timeout=240)
        saved = openpyxl.load_workbook(Path(to) / "report.xlsx")
    again = {
        (sheet.title, cell.coordinate): cell.value
        for sheet in saved.worksheets for row in sheet.iter_rows() for cell in row if cell.value is not None
    }
    assert again == cells, [(key, cells.get(key), again.get(key)) for key in cells.keys() | again.keys() if cells.get(key) != again.get(key)][:5]
    return len(cells)


def mail(folder):
    """The mail is well-formed, its text and its HTML say the same sums, its attachments are the files."""
    found = sorted((DATA / "outbox").glob("*.eml"))
    assert found, "no mail"
    (message,) = [one for one in map(read, found) if any(part.get_filename() == "report.xlsx" for part in one.walk())]
    assert not message.defects, message.defects
    text, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert len(html.encode()) < HTML_MAX, len(html)
    document = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(html)
    assert not [one.tag for one in document.iter() if one.tag in ("script", "img", "link", "iframe", "form")]
    shown = " ".join("".join(document.itertext()).split())
    for (currency, *_), amount in totals(folder).items():
        money = f"{currency} {amount.quantize(Decimal('0.01'), ROUND_HALF_UP):,}"
        assert money in " ".join(text.split()) and money in shown, money
    for part in message.iter_attachments():
        assert part.get_payload(decode=True) == (folder / part.get_filename()).read_bytes(), part.get_filename()
        assert not part.defects, part.defects
    return [part.get_filename() for part in message.iter_attachments()]


def read(path):
    return email.message_from_bytes(path.read_bytes(), policy=email.policy.default)


def main():
    folder = made()
    print(f"{hashes(folder)} files have the hashes of their manifest")
    print(f"{typed(folder)} cells of the CSV files are of the type of their column")
    print(f"run.json, manifest.json and {schemas(folder)} lines of the outcome fit their schemas")
    print(f"{tables(folder)} rows of CSV are the same to Python, pandas and DuckDB")
    print(f"{sums(folder)} totals are the sums of changes.csv, by Python and by DuckDB")
    print(f"{workbook(folder)} cells of the workbook: no formula, the same totals, the same after LibreOffice")
    print(f"the mail is well-formed, with the same totals and {mail(folder)}")


main()
