//! The output files: written under a temporary name and then renamed, so that no half file is ever seen.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use truecount_billing::{BillingMonth, CountDay};
use truecount_reconciliation::SetupFinding;
use truecount_reports::{
    EXCEPTIONS_CSV, ExceptionRow, ExceptionsSheet, ReportError, RunHeader, SETUP_CSV, write_setup,
};

use super::{CheckError, CheckFiles, named, parse::moment_if_any};

/// Takes the next row of `exceptions.csv`.
pub(super) type TakeRow<'t> = dyn FnMut(&ExceptionRow) -> Result<(), ReportError> + 't;

/// Writes both files, and answers with their places. `rows` hands on each exception.
pub(super) fn write(
    (out, as_of): (&Path, CountDay),
    rows: impl FnOnce(&mut TakeRow<'_>) -> Result<(), ReportError>,
    setup: &[SetupFinding],
) -> Result<CheckFiles, CheckError> {
    fs::create_dir_all(out).map_err(|e| failed(out, &e))?;
    let header = RunHeader {
        run_id: format!("check-{}", as_of),
        month: BillingMonth::of(as_of.0),
        closing: None,
        count_day: as_of,
        // the same answer from the same files: no clock
        created_at: moment_if_any(&as_of.to_string()).ok().flatten().unwrap_or(Timestamp::UNIX_EPOCH),
        inputs: Vec::new(),
        archive_place: named(out),
        replaces: None,
        missed: Vec::new(),
    };
    let exceptions_file = file(EXCEPTIONS_CSV, out, |file| {
        let mut sheet = ExceptionsSheet::begin(&header, file)?;
        rows(&mut |row| sheet.row(row))?;
        sheet.finish()
    })?;
    let setup_file = file(SETUP_CSV, out, |file| write_setup(&header, setup, file))?;
    Ok(CheckFiles { exceptions_file, setup_file })
}

fn file(
    sheet: &str,
    out: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<(), ReportError>,
) -> Result<PathBuf, CheckError> {
    let place = out.join(sheet);
    let beside = out.join(format!(".{}.{}.tmp", sheet, std::process::id()));
    let written = || -> Result<(), CheckError> {
        let mut file = BufWriter::with_capacity(1 << 18, File::create(&beside).map_err(|e| failed(&beside, &e))?);
        write(&mut file).map_err(|e| failed(&place, &e))?;
        file.flush().map_err(|e| failed(&place, &e))?;
        fs::rename(&beside, &place).map_err(|e| failed(&place, &e))
    };
    written().inspect_err(|_| drop(fs::remove_file(&beside)))?;
    Ok(place)
}

fn failed(place: &Path, why: &dyn std::fmt::Display) -> CheckError {
    CheckError::Output { place: named(place), why: why.to_string() }
}
