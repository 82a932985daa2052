//! What to do next about a row, and who does it.

use truecount_reconciliation::{DoubtRecord, LinesReadWord, RowFault, RowKind, RowRecord, WideningRecord};

use super::{WorkOwner, WorkStep, doubt, is_slight, widening};

/// The next step; `None`: there is nothing to do.
pub(crate) fn step(read: LinesReadWord, row: &RowRecord) -> Option<WorkStep> {
    if row.fault == Some(RowFault::BrokenLedger) {
        return Some(WorkStep::ReportFault);
    }
    match row.kind {
        RowKind::Underbilled | RowKind::UnbilledUsage | RowKind::Overbilled | RowKind::BilledWithoutUsage => {
            Some(if first_count_doubt(row).is_some() { WorkStep::Check } else { WorkStep::ChangePsa })
        }
        RowKind::EndedAgreementInUse => Some(WorkStep::CleanUpAtVendor),
        RowKind::AgreementEnding => Some(WorkStep::RenewOrRemove),
        RowKind::UncountedLine => Some(WorkStep::FixRule),
        RowKind::NotReconciled => Some(step_of_unknown(read, row)),
        RowKind::Agrees
        | RowKind::LeftAlone
        | RowKind::Flat
        | RowKind::Ignored
        | RowKind::Listed
        | RowKind::Internal => None,
    }
}

/// Who does it; `None`: there is nothing to do.
pub(crate) fn owner(read: LinesReadWord, row: &RowRecord) -> Option<WorkOwner> {
    let step = step(read, row)?;
    if let (RowKind::NotReconciled, Some(first)) = (row.kind, WideningRecord::first_to_settle(&row.widenings)) {
        return Some(widening(first).owner);
    }
    Some(match step {
        WorkStep::ChangePsa | WorkStep::ConfirmMapping | WorkStep::MoveAccounts => WorkOwner::BillingClerk,
        WorkStep::RenewOrRemove => WorkOwner::AccountManager,
        WorkStep::CleanUpAtVendor => WorkOwner::Technician,
        WorkStep::FixSource | WorkStep::FixRule | WorkStep::ReportFault => WorkOwner::SyncAdmin,
        WorkStep::Ask | WorkStep::Check => {
            first_count_doubt(row).map_or(WorkOwner::BillingClerk, |first| doubt(first).owner)
        }
    })
}

/// The first doubt about how many there are.
fn first_count_doubt(row: &RowRecord) -> Option<&DoubtRecord> {
    row.doubts.iter().find(|doubt| !is_slight(doubt))
}

fn step_of_unknown(read: LinesReadWord, row: &RowRecord) -> WorkStep {
    match WideningRecord::first_to_settle(&row.widenings) {
        Some(first) => step_of_widening(first),
        None if !read.is_complete() => WorkStep::FixSource,
        None if row.fault.is_some() || (row.at_most.is_none() && row.at_least.is_some()) => WorkStep::FixRule,
        None => WorkStep::Check,
    }
}

const fn step_of_widening(widening: &WideningRecord) -> WorkStep {
    match widening {
        WideningRecord::SourceNotRead { .. }
        | WideningRecord::SourceTooOld { .. }
        | WideningRecord::AccountFailed { .. }
        | WideningRecord::AccountPartial { .. }
        | WideningRecord::AccountDoubtful { .. } => WorkStep::FixSource,
        WideningRecord::NoAccountByGrant { .. }
        | WideningRecord::NoAccountInFile { .. }
        | WideningRecord::AccountUndecided { .. }
        | WideningRecord::AnyUndecided { .. }
        | WideningRecord::ItemNotSplit { .. } => WorkStep::ConfirmMapping,
        WideningRecord::AccountFell { .. }
        | WideningRecord::AccountGone { .. }
        | WideningRecord::SeenElsewhere { .. }
        | WideningRecord::DaysUnread { .. }
        | WideningRecord::ChangedUnread { .. }
        | WideningRecord::Replaced { .. } => WorkStep::Check,
        WideningRecord::ItemUnknown { word: None, .. } => WorkStep::Check,
        WideningRecord::ItemUnknown { item, word: Some(_) } if item.in_file => WorkStep::FixSource,
        WideningRecord::ItemUnknown { word: Some(_), .. } => WorkStep::Ask,
        WideningRecord::BoughtTwice { .. } => WorkStep::Ask,
        WideningRecord::CoverNotSure { .. } | WideningRecord::GrantNotSure { .. } => WorkStep::Check,
        WideningRecord::HolderUntaken { .. } => WorkStep::FixRule,
        WideningRecord::WordNeverSeen { .. } | WideningRecord::UnwantedNeverSeen { .. } => WorkStep::FixRule,
        WideningRecord::QuantityUnsaid { item } | WideningRecord::QuantityNegative { item, .. } if item.in_file => {
            WorkStep::FixSource
        }
        WideningRecord::QuantityUnsaid { .. } | WideningRecord::QuantityNegative { .. } => WorkStep::Ask,
    }
}
