//! What was not read, or is older than it should be.

use truecount_reconciliation::{
    AccountReadWord, IncompleteAccount, LinesReadWord, SourceReadWord, SourceReading, SourceRecord, WideningRecord,
};

use super::{Explanation, WorkOwner, widening};
use crate::label;

/// Why nothing, or not all, of what is billed to a client is known.
pub(crate) fn unread_client(read: LinesReadWord) -> Explanation {
    let what = match read {
        LinesReadWord::Failed => "the client's billed lines were not read",
        LinesReadWord::Partial => "the client's billed lines were read in part",
        LinesReadWord::Fell => "the client suddenly has fewer billed lines",
        LinesReadWord::Complete => "the client's billed lines were read",
    };
    Explanation::new(what, "sync the PSA again and run again", WorkOwner::SyncAdmin)
}

/// Why a source could not be used.
pub(crate) fn unread_source(source: &SourceRecord) -> Explanation {
    let id = source.source.clone();
    match (source.read, source.synced_on) {
        (SourceReadWord::TooOld, Some(synced_on)) => widening(&WideningRecord::SourceTooOld { source: id, synced_on }),
        _ => widening(&WideningRecord::SourceNotRead { source: id }),
    }
}

/// Why nothing that is billed is known.
pub(crate) fn unread_bills(source: &SourceReading) -> Explanation {
    let why = source.state.reason().map(|reason| format!(" ({reason})")).unwrap_or_default();
    let what = format!("{} was not read{why}; what is billed is unknown", source.source);
    Explanation::new(what, "fix the sync and run again", WorkOwner::SyncAdmin)
}

/// Why what an account holds is not known.
pub(crate) fn incomplete_account(one: &IncompleteAccount) -> Explanation {
    let account = one.account.clone();
    widening(&match one.read {
        AccountReadWord::Partial => WideningRecord::AccountPartial { account },
        AccountReadWord::Failed => WideningRecord::AccountFailed { account },
        AccountReadWord::Doubtful => WideningRecord::AccountDoubtful { account },
        AccountReadWord::Fell => WideningRecord::AccountFell { account },
        AccountReadWord::Gone => WideningRecord::AccountGone { account },
    })
}

/// `rmm: counted on 24 November 2026, because its sync of 26 November 2026 failed`; `None`: it is as new as can be.
pub(crate) fn older_sync(source: &SourceRecord) -> Option<String> {
    let id = &source.source;
    match (source.read, source.synced_on, source.last_failure) {
        (SourceReadWord::Used, Some(day), Some(failed)) => {
            let (day, failed) = (label::day(day), label::day(failed));
            Some(format!("{id}: counted on {day}, because its sync of {failed} failed"))
        }
        (SourceReadWord::Used, ..) => None,
        (SourceReadWord::TooOld, Some(day), failed) => {
            let failed = failed.map(|day| format!("; its sync of {} failed", label::day(day))).unwrap_or_default();
            let days = label::count(source.fresh_days.into(), "day", "days");
            Some(format!("{id}: not used: its newest sync is of {}, older than {days}{failed}", label::day(day)))
        }
        (_, _, Some(failed)) => Some(format!("{id}: not read: its sync of {} failed", label::day(failed))),
        _ => Some(format!("{id}: not read")),
    }
}
