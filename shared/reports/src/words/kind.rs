//! What a kind of row is called.

use truecount_reconciliation::RowKind;

/// What people read.
pub(crate) const fn kind(kind: RowKind) -> &'static str {
    match kind {
        RowKind::Agrees => "agrees",
        RowKind::LeftAlone => "left alone",
        RowKind::Underbilled => "underbilled",
        RowKind::UnbilledUsage => "used, not on the agreement",
        RowKind::Overbilled => "overbilled",
        RowKind::BilledWithoutUsage => "billed, not used",
        RowKind::EndedAgreementInUse => "agreement ended, still in use",
        RowKind::AgreementEnding => "agreement ending, still in use",
        RowKind::NotReconciled => "not reconciled",
        RowKind::UncountedLine => "billed, no rule counts it",
        RowKind::Flat => "flat amount, not compared",
        RowKind::Ignored => "ignored by rule",
        RowKind::Listed => "used without a line, only listed",
        RowKind::Internal => "internal, not billed",
    }
}
