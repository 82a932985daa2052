"""Packs the built binaries of the three functions as zips for Lambda.

Usage: zips.py BINARIES OUT    writes OUT/sync.zip, OUT/reconcile.zip, OUT/report.zip
"""

import pathlib
import subprocess
import sys
import zipfile


def main():
    binaries, out = map(pathlib.Path, sys.argv[1:])
    out.mkdir(parents=True, exist_ok=True)
    for function in ("sync", "reconcile", "report"):
        stripped = out / function
        subprocess.run(["strip", "-o", stripped, binaries / f"truecount-{function}"], check=True)
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        with zipfile.ZipFile(out / f"{function}.zip", "w") as archive:
            archive.writestr(entry, stripped.read_bytes(), compresslevel=1)
        stripped.unlink()


if __name__ == "__main__":
    main()
