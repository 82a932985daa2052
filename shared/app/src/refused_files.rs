//! Dropped files that the last sync of a source refused: named in each report until they are corrected or taken away.

use truecount_billing::{ReadReason, RefusedFile, SourceId};
use truecount_reconciliation::SetupFinding;
use truecount_reports::{REFUSED_FILE, sanitize};
use truecount_store::{StoreError, SyncStatus};

use crate::{Environment, Settings};

/// Obstacles that are told of a file.
const TOLD_MAX: usize = 2;
/// Characters of an obstacle.
const OBSTACLE_CHARS: usize = 100;

/// What to do about a refused file.
pub const REFUSED_FILE_FIX: &str = "put a corrected export in its place, or take it away";

/// The files that the last sync of a source refused; none if it was read.
#[must_use]
pub fn refused_files(failure: Option<&ReadReason>) -> &[RefusedFile] {
    match failure {
        Some(ReadReason::FilesRefused { files }) => files,
        _ => &[],
    }
}

/// Which file, since when, and the first of what stands in the way: one line.
#[must_use]
pub fn refused_file_line(file: &RefusedFile) -> String {
    let since = file.since.map(|day| format!(" since {day}")).unwrap_or_default();
    let told: Vec<String> =
        file.obstacles.iter().take(TOLD_MAX).map(|one| sanitize::shortened(one, OBSTACLE_CHARS).into_owned()).collect();
    let more = file.obstacles.len().saturating_sub(TOLD_MAX) as u64 + file.more;
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    format!("{} is refused{since}: {}{more}", file.name, told.join("; "))
}

/// A finding for each file that a source in use refuses now.
pub(crate) async fn refused_file_findings(
    env: &Environment,
    settings: &Settings,
) -> Result<Vec<SetupFinding>, StoreError> {
    let mut findings = Vec::new();
    for source in settings.enabled() {
        let status = SyncStatus::last(&env.store, &source.id).await?;
        let failure = status.and_then(|status| status.failure);
        findings.extend(refused_files(failure.as_ref()).iter().map(|file| finding(&source.id, file)));
    }
    Ok(findings)
}

fn finding(source: &SourceId, file: &RefusedFile) -> SetupFinding {
    SetupFinding {
        code: REFUSED_FILE.to_owned(),
        subject: file.name.clone(),
        message: format!("{source}: {}: {REFUSED_FILE_FIX}", refused_file_line(file)),
        count: file.obstacles.len() as u64 + file.more,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_file_day_and_the_first_obstacles() {
        let obstacles = ["line 3: no number", "line 4: no day", "line 5: no id"].map(str::to_owned).to_vec();
        let since = Some(jiff::civil::date(2026, 6, 28));
        let file = RefusedFile { since, more: 2, ..RefusedFile::of("usage-2026-06-30.csv", obstacles) };
        assert_eq!(
            refused_file_line(&file),
            "usage-2026-06-30.csv is refused since 2026-06-28: line 3: no number; line 4: no day; and 3 more"
        );
        let found = finding(&"rmm".parse().unwrap(), &RefusedFile { more: 0, ..file });
        assert_eq!((found.subject.as_str(), found.count), ("usage-2026-06-30.csv", 3));
        assert!(found.message.starts_with("rmm: usage-2026-06-30.csv is refused"), "{found:?}");
        assert!(found.message.ends_with("; and 1 more: put a corrected export in its place, or take it away"));
    }
}
