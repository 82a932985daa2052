//! Why units that a service looks at are not billed, after their number: `2 not seen for over 30 days`.

use truecount_billing::{LeftOutReason, ProductCode};
use truecount_reconciliation::{LedgerReason, OuterService, RowRecord};

use super::name;
use crate::label;

/// What is the case with units of a row: other services by their codes.
pub(crate) fn left_out_of(row: &RowRecord, reason: LedgerReason) -> String {
    let names = |between: &str, is_named: fn(&OuterService) -> Option<&ProductCode>| {
        let codes: Vec<String> = row.outer.iter().filter_map(is_named).map(|code| name(code.as_str())).collect();
        codes.join(between)
    };
    let (said, names) = match reason {
        LedgerReason::Covered => (
            "inside",
            names(" and ", |one| match one {
                OuterService::Covers { service, .. } => Some(service),
                OuterService::Grants { .. } | OuterService::Takes { .. } => None,
            }),
        ),
        LedgerReason::Granted => (
            "brought by",
            names(" and ", |one| match one {
                OuterService::Grants { service, .. } => Some(service),
                OuterService::Covers { .. } | OuterService::Takes { .. } => None,
            }),
        ),
        LedgerReason::Group => (
            "counted in",
            names(" or ", |one| match one {
                OuterService::Takes { service, .. } => Some(service),
                OuterService::Covers { .. } | OuterService::Grants { .. } => None,
            }),
        ),
        LedgerReason::Commitment => {
            let until = row.committed_until.map(|day| format!(" until {}", label::day(day))).unwrap_or_default();
            return format!("{}{until}", left_out(reason, None));
        }
        reason => return left_out(reason, row.stale_days),
    };
    if names.is_empty() { left_out(reason, row.stale_days) } else { format!("{said} {names}") }
}

/// What is the case with units. `stale_days`: after how many days an item that was not seen is left out.
pub(crate) fn left_out(reason: LedgerReason, stale_days: Option<u32>) -> String {
    let words = match (reason, stale_days) {
        (LedgerReason::State(reason), _) => state(reason),
        (LedgerReason::Stale, Some(days)) => {
            return format!("not seen for over {}", label::count(days.into(), "day", "days"));
        }
        (LedgerReason::Stale, None) => "not seen for too long",
        (LedgerReason::Usual, _) => "not in the usual state",
        (LedgerReason::Product, _) => "of a product that the source leaves out",
        (LedgerReason::Duplicate, _) => "duplicate",
        (LedgerReason::Group, _) => "counted in another service of the group",
        (LedgerReason::Untaken, _) => "with a paid licence that no service of the group names",
        (LedgerReason::Same, _) => "the same machine in another source",
        (LedgerReason::Smaller, _) => "of the smaller count",
        (LedgerReason::Replaced, _) => "probably replaced",
        (LedgerReason::BoughtTwice, _) => "of a product that another source has, too",
        (LedgerReason::Moved, _) => "moved to another source",
        (LedgerReason::Unknown, _) => "that may count or not",
        (LedgerReason::Elsewhere, _) => "that another client has, too",
        (LedgerReason::Split, _) => "of a shared account that no part of the split names",
        (LedgerReason::Fell, _) => "of an account that suddenly holds less",
        (LedgerReason::Gone, _) => "of an account that is no longer listed",
        (LedgerReason::Undecided, _) => "of an account that is not mapped yet",
        (LedgerReason::Covered, _) => "inside another service",
        (LedgerReason::Factor, _) => "by the factor of the rule",
        (LedgerReason::Unit, _) => "in the unit that is billed",
        (LedgerReason::Granted, _) => "brought by another service",
        (LedgerReason::Included, _) => "included in the price",
        (LedgerReason::Minimum, _) => "to reach the minimum",
        (LedgerReason::Commitment, _) => "to reach what is committed",
        (LedgerReason::Pack, _) => "to fill whole packs",
        (LedgerReason::RoundUp, _) => "to round up",
        (LedgerReason::OneTime, _) => "perhaps billed once already",
    };
    words.to_owned()
}

const fn state(reason: LeftOutReason) -> &'static str {
    match reason {
        LeftOutReason::Activation => "activation fee",
        LeftOutReason::AssignmentError => "with an assignment error",
        LeftOutReason::Cancelled => "cancelled",
        LeftOutReason::Converted => "converted to another subscription",
        LeftOutReason::Decommissioned => "decommissioned",
        LeftOutReason::Deleted => "deleted",
        LeftOutReason::Disabled => "disabled",
        LeftOutReason::Expired => "expired",
        LeftOutReason::Guest => "guest",
        LeftOutReason::Inactive => "inactive",
        LeftOutReason::LockedOut => "locked out",
        LeftOutReason::OneTime => "bought once",
        LeftOutReason::Ordered => "ordered, not delivered",
        LeftOutReason::Pending => "waiting for approval",
        LeftOutReason::PendingActivation => "waiting for activation",
        LeftOutReason::Removed => "removed",
        LeftOutReason::Suspended => "suspended",
        LeftOutReason::Trial => "trial",
        LeftOutReason::Unapproved => "not approved",
        LeftOutReason::Unassigned => "assigned to nobody",
        LeftOutReason::Warning => "expired, in the grace period",
    }
}
