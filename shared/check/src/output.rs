//! The output files: written under a temporary name and then renamed, so that no half file is ever seen.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use truecount_billing::{BillingMonth, CountDay};
use truecount_reconciliation::{AgreementFinding, SetupFinding};
use truecount_reports::{
    AGREEMENT_FINDINGS_CSV, EXCEPTIONS_CSV, ExceptionRow, ExceptionsSheet, Oversight, ReportError, RunHeader,
    SETUP_CSV, write_agreement_findings, write_setup,
};

use super::{CheckError, CheckFiles, named, parse::moment_if_any};

/// Takes the next row of `exceptions.csv`.
pub(super) type TakeRow<'t> = dyn FnMut(&ExceptionRow) -> Result<(), ReportError> + 't;

/// Writes exceptions and setup findings, and answers with their places. `rows` hands on each exception.
pub(super) fn write(
    (out, as_of): (&Path, CountDay),
    rows: impl FnOnce(&mut TakeRow<'_>) -> Result<(), ReportError>,
    setup: &[SetupFinding],
) -> Result<CheckFiles, CheckError> {
    create(out)?;
    let header = header(named(out), as_of);
    let exceptions_file = file(EXCEPTIONS_CSV, out, |file| {
        let mut sheet = ExceptionsSheet::begin(&header, file)?;
        rows(&mut |row| sheet.row(row))?;
        sheet.finish()
    })?;
    let exceptions_file = Some(exceptions_file);
    let setup_file = file(SETUP_CSV, out, |file| write_setup(&header, setup, file))?;
    Ok(CheckFiles { exceptions_file, setup_file, findings_file: None })
}

/// The same of a check in which nothing was compared.
pub(super) fn write_review(
    (out, as_of): (&Path, CountDay),
    findings: &[AgreementFinding],
    setup: &[SetupFinding],
) -> Result<CheckFiles, CheckError> {
    create(out)?;
    let header = header(named(out), as_of);
    let setup_file = file(SETUP_CSV, out, |file| write_setup(&header, setup, file))?;
    let findings_file = Some(write_findings((out, as_of), findings)?);
    Ok(CheckFiles { exceptions_file: None, setup_file, findings_file })
}

/// Writes what the agreements give away by themselves into a folder that is there.
pub(super) fn write_findings(
    (out, as_of): (&Path, CountDay),
    findings: &[AgreementFinding],
) -> Result<PathBuf, CheckError> {
    let header = header(named(out), as_of);
    file(AGREEMENT_FINDINGS_CSV, out, |file| write_agreement_findings(&header, findings, file))
}

fn create(out: &Path) -> Result<(), CheckError> {
    fs::create_dir_all(out).map_err(|e| failed(out, &e))
}

/// What the sheets are headed by. `place`: where they are.
pub(super) fn header(place: String, as_of: CountDay) -> RunHeader {
    RunHeader {
        run_id: format!("check-{as_of}"),
        month: BillingMonth::of(as_of.0),
        closing: None,
        count_day: as_of,
        // the same answer from the same files: no clock
        created_at: moment_if_any(&as_of.to_string()).ok().flatten().unwrap_or(Timestamp::UNIX_EPOCH),
        inputs: Vec::new(),
        archive_place: place,
        replaces: None,
        missed: Vec::new(),
        oversight: Oversight::default(),
        is_incomplete: false,
    }
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
