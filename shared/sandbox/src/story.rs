//! What makes a client of the sample remarkable.

/// What makes a client remarkable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Story {
    /// Nothing but chance.
    Ordinary,
    /// Nothing at all.
    Clean,
    /// Its tenant answers 403.
    ForbiddenTenant,
    /// New PCs that nobody added to the agreement.
    NewPcs,
    /// Leavers whose licences are still billed, and some who may not sign in and hold one.
    Leavers,
    /// Changed for next month already (in advance).
    ClerkAhead,
    /// The agreement ended, the devices are still there.
    AgreementEnded,
    /// Billed in arrears: two lines are changed for next month already, a third is not.
    Arrears,
    /// Billed by the quarter.
    Quarterly,
    /// Two organizations in one source, and a machine that was set up anew in the other.
    TwoAccounts,
    /// Billed in euros.
    Euro,
    /// Billed in dollars.
    Dollar,
    /// Another organization and another tenant have its name with another legal form.
    NearMiss,
    /// A name that must be shown and never obeyed.
    OddName(usize),
    /// A tenant without Entra P1: sign-in times are refused.
    NoPremium,
    /// Trial and pending subscriptions beside the real ones.
    Trials,
    /// Billed for backup, and not in the backup tool's export.
    NotInBackup,
    /// Billed for backup, and somebody has decided that it has nothing in the backup tool.
    NothingInBackup,
    /// Two prices for one product.
    TwoPrices,
    /// Units in the base price of a line.
    LessIncluded,
    /// Lines at no charge, lines that are not billed by design.
    Free,
    /// A line that begins only later.
    StartsLater,
    /// Below the minimum, and billed below it.
    MinimumMissed,
    /// Below the minimum, and billed at it.
    MinimumKept,
    /// Billed without usage.
    NoUsage,
    /// Used and not billed.
    Unbilled,
    /// Used, and no agreement whatever.
    NoAgreement,
    /// Terabytes with decimals.
    Fractions,
    /// The vendor's organization has a newer name than the PSA.
    Renamed,
    /// Fixed fees: a line, and an agreement that bills by itself.
    FlatFees,
    /// Credits and prorations beside the lines that recur.
    Credits,
    /// The agreements end on the count day.
    Ending,
    /// One agreement ended, the other goes on.
    Renewed,
    /// A line ends, and the one that follows it is too short.
    Replaced,
    /// Devices with a status that nobody has explained.
    UnknownStatus,
    /// A device of a class that nobody has explained.
    UnknownClass,
    /// A subscription with a status that nobody has explained.
    UnknownSubscription,
    /// A backup job with a state that nobody has explained.
    UnknownBackup,
    /// Billed for what the distributor sells, and no company there; one that nobody mapped may be its.
    NotAtDistributor,
    /// Its agreement ended: another client is billed for its machines.
    MovedFrom,
    /// Billed for the machines of a client that it has taken over.
    MovedTo,
    /// A product that no rule names.
    Uncounted,
    /// A line on an old agreement, and one for the same on a new one.
    BothRun,
    /// Two agreements that two companies pay.
    TwoPayers,
    /// What is missing was billed once, all of it or a part.
    OneOff,
}

const STORIES: [Story; 51] = [
    Story::ForbiddenTenant,
    Story::NewPcs,
    Story::Leavers,
    Story::ClerkAhead,
    Story::AgreementEnded,
    Story::Clean,
    Story::Arrears,
    Story::Quarterly,
    Story::TwoAccounts,
    Story::Euro,
    Story::Dollar,
    Story::NearMiss,
    Story::NoPremium,
    Story::Trials,
    Story::NotInBackup,
    Story::TwoPrices,
    Story::LessIncluded,
    Story::Free,
    Story::StartsLater,
    Story::MinimumMissed,
    Story::MinimumKept,
    Story::NoUsage,
    Story::Unbilled,
    Story::NoAgreement,
    Story::Fractions,
    Story::Renamed,
    Story::OddName(0),
    Story::OddName(1),
    Story::OddName(2),
    Story::OddName(3),
    Story::OddName(4),
    Story::OddName(5),
    Story::OddName(6),
    Story::Euro,
    Story::FlatFees,
    Story::Credits,
    Story::Ending,
    Story::Renewed,
    Story::Replaced,
    Story::UnknownStatus,
    Story::UnknownClass,
    Story::UnknownSubscription,
    Story::UnknownBackup,
    Story::NotAtDistributor,
    Story::MovedFrom,
    Story::MovedTo,
    Story::Uncounted,
    Story::BothRun,
    Story::TwoPayers,
    Story::OneOff,
    Story::NothingInBackup,
];

impl Story {
    /// The n-th client's.
    pub(crate) fn of(n: usize) -> Self {
        STORIES.get(n).copied().unwrap_or(Self::Ordinary)
    }

    /// What was done, for people.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Ordinary | Self::Clean => "an ordinary month's drift",
            Self::ForbiddenTenant => "the tenant answers 403",
            Self::NewPcs => "new PCs that nobody added to the agreement",
            Self::Leavers => "leavers whose licences are still billed",
            Self::ClerkAhead => "already changed for next month",
            Self::AgreementEnded => "the agreement ended, the devices are still there",
            Self::Arrears => "billed in arrears",
            Self::Quarterly => "billed by the quarter",
            Self::TwoAccounts => "two organizations in one source",
            Self::Euro => "billed in euros",
            Self::Dollar => "billed in dollars",
            Self::NearMiss => "another organization has the client's name with another legal form",
            Self::OddName(_) => "a name that must be shown and never obeyed",
            Self::NoPremium => "a tenant that refuses sign-in times",
            Self::Trials => "trial and pending subscriptions beside the real ones",
            Self::NotInBackup => "billed for backup, and not in the backup tool",
            Self::NothingInBackup => "billed for backup, and decided to have nothing in the backup tool",
            Self::TwoPrices => "two prices for one product",
            Self::LessIncluded => "units in the base price of a line",
            Self::Free => "lines at no charge, lines that are not billed by design",
            Self::StartsLater => "a line that begins only later",
            Self::MinimumMissed => "billed below the minimum",
            Self::MinimumKept => "billed at the minimum",
            Self::NoUsage => "billed without usage",
            Self::Unbilled => "used and not billed",
            Self::NoAgreement => "used, and no agreement whatever",
            Self::Fractions => "terabytes with decimals",
            Self::Renamed => "a newer name at the vendor",
            Self::FlatFees => "fixed fees, which are not counted",
            Self::Credits => "credits and prorations beside the lines that recur",
            Self::Ending => "the agreements end on the count day",
            Self::Renewed => "one agreement ended, the other goes on",
            Self::Replaced => "a line ends, and the one that follows it is too short",
            Self::UnknownStatus => "devices with a status that nobody has explained",
            Self::UnknownClass => "a device of a class that nobody has explained",
            Self::UnknownSubscription => "a subscription with a status that nobody has explained",
            Self::UnknownBackup => "a backup job with a state that nobody has explained",
            Self::NotAtDistributor => "no company at the distributor, and one there that nobody has mapped",
            Self::MovedFrom | Self::MovedTo => "taken over by another client, accounts not yet moved",
            Self::Uncounted => "a product that no rule names",
            Self::BothRun => "an old and a new line both run",
            Self::TwoPayers => "two agreements that two companies pay",
            Self::OneOff => "what is missing was billed once",
        }
    }
}
