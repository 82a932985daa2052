//! What the sample looked like in the months before: how its clients came to where they are. Told backwards, so that the last
//! month is the same however many come before it.
//!
//! Nothing of it takes a number of the generator that the last month does not take, but for the client whose product was
//! replaced: a client's chapters leave all others as they are.

use truecount_billing::BillingMonth;

use crate::{
    catalogue::{BACKUP, BACKUP_SERVER, BACKUP_STORAGE, MAIL, PASSWORDS, PHONE},
    plan::{Drift, Plan},
    story::Story,
};

/// The month in which a file is late, counted back from the last.
const LATE_FILE: u32 = 2;

/// How far before its last month a sample is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Chapter(u32);

impl Chapter {
    /// So many months before the last.
    pub(crate) const fn before(months: u32) -> Self {
        Self(months)
    }

    /// Its month, if this is the last.
    pub(crate) fn of(self, last: BillingMonth) -> BillingMonth {
        (0..self.0).fold(last, |month, _| month.previous())
    }

    /// Whether the backup tool's file does not come in time.
    pub(crate) const fn has_late_file(self) -> bool {
        self.0 == LATE_FILE
    }

    /// What was planned for a client then; `None`: the same as in the last month.
    pub(crate) fn of_client(self, last: &Plan) -> Option<Plan> {
        let mut then = last.clone();
        match last.story {
            // Two phones were added and never billed; the clerk billed them, and a copied agreement undid that. Seats were
            // given up one after another and are billed on.
            Story::Trials => {
                then.drift[PHONE] = if matches!(self.0, 2 | 3) { Drift::None } else { Drift::Under(2) };
                let (seats, left) = match self.0 {
                    0 | 1 => (15, 5),
                    2 | 3 => (17, 3),
                    4 => (19, 1),
                    _ => (20, 0),
                };
                then.used[PASSWORDS] = Some(seats * 100);
                then.drift[PASSWORDS] = if left == 0 { Drift::None } else { Drift::Over(left) };
            }
            // One seat more, and then another.
            Story::Credits if self.0 > 2 => {
                then.used[MAIL] = Some(1_300);
                then.drift[MAIL] = Drift::Under(1);
            }
            // A terabyte more since.
            Story::Fractions if self.0 > 4 => {
                then.used[BACKUP_STORAGE] = Some(375);
                then.drift[BACKUP_STORAGE] = Drift::None;
            }
            _ => return None,
        }
        (self.0 > 0).then_some(then)
    }

    /// Whether a client can be the one whose backup was sold by the terabyte and is sold by the server since. It has few: so
    /// large a fall that nobody believes it would be another story.
    pub(crate) fn can_have_replaced(last: &Plan) -> bool {
        // None of these tells of backups, and each is billed monthly in advance, in pounds.
        let is_plain = matches!(
            last.story,
            Story::Ordinary
                | Story::Clean
                | Story::NoPremium
                | Story::NewPcs
                | Story::Leavers
                | Story::ClerkAhead
                | Story::StartsLater
                | Story::Replaced
                | Story::TwoPrices
                | Story::BothRun
                | Story::LessIncluded
                | Story::Free
                | Story::MinimumMissed
                | Story::MinimumKept
                | Story::Renamed
                | Story::UnknownStatus
                | Story::UnknownClass
                | Story::TwoAccounts
        );
        let has_few = last.used[BACKUP_SERVER].is_some_and(|servers| (200..=500).contains(&servers));
        let has_backup = last.sources.contains(&BACKUP) && last.used[BACKUP_STORAGE].is_none();
        is_plain && has_backup && has_few && last.drift[BACKUP_SERVER] == Drift::None
    }

    /// What was planned for that client then.
    pub(crate) fn of_replaced(self, last: &Plan) -> Option<Plan> {
        let (mut then, servers) = (last.clone(), last.used[BACKUP_SERVER]?);
        match self.0 {
            0 | 1 => return None,
            // The tool counts servers, and the agreement still has terabytes.
            2 | 3 => {
                then.used[BACKUP_STORAGE] = Some(0);
                then.drift[BACKUP_STORAGE] = Drift::NoUsage(servers / 100);
                then.drift[BACKUP_SERVER] = Drift::Unbilled;
            }
            _ => {
                then.used[BACKUP_STORAGE] = Some(servers);
                then.drift[BACKUP_STORAGE] = Drift::None;
                then.used[BACKUP_SERVER] = Some(0);
            }
        }
        Some(then)
    }
}
