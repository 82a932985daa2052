//! The output files: written under a temporary name and then renamed, so that no half file is ever seen.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use truecount_reconciliation::Reconciliation;
use truecount_reports::{ReportInput, RunHeader, Sheet};

use super::{CheckArgs, CheckError, CheckOutcome, named, parse::moment_if_any};

pub(super) fn write(args: &CheckArgs, reconciliation: Reconciliation) -> Result<CheckOutcome, CheckError> {
    let out = &args.out;
    fs::create_dir_all(out).map_err(|e| failed(out, &e))?;
    let header = RunHeader {
        run_id: format!("check-{}", args.as_of),
        month: reconciliation.month,
        closing: None,
        count_day: args.as_of,
        // the same answer from the same files: no clock
        created_at: moment_if_any(&args.as_of.to_string()).ok().flatten().unwrap_or(Timestamp::UNIX_EPOCH),
        inputs: Vec::new(),
        archive_place: named(out),
        replaces: None,
        missed: Vec::new(),
    };
    let input = ReportInput { header: &header, reconciliation: &reconciliation };
    let exceptions = sheet(Sheet::Exceptions, &input, out)?;
    let setup = sheet(Sheet::Setup, &input, out)?;
    Ok(CheckOutcome { reconciliation, exceptions, setup })
}

fn sheet(sheet: Sheet, input: &ReportInput<'_>, out: &Path) -> Result<PathBuf, CheckError> {
    let place = out.join(sheet.file_name());
    let beside = out.join(format!(".{}.{}.tmp", sheet.file_name(), std::process::id()));
    let written = || -> Result<(), CheckError> {
        let mut file = BufWriter::with_capacity(1 << 18, File::create(&beside).map_err(|e| failed(&beside, &e))?);
        sheet.write(input, &mut file).map_err(|e| failed(&place, &e))?;
        file.flush().map_err(|e| failed(&place, &e))?;
        fs::rename(&beside, &place).map_err(|e| failed(&place, &e))
    };
    written().inspect_err(|_| drop(fs::remove_file(&beside)))?;
    Ok(place)
}

fn failed(place: &Path, why: &dyn std::fmt::Display) -> CheckError {
    CheckError::Output { place: named(place), why: why.to_string() }
}
