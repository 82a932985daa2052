//! What is planned for each client before anything is made: which products, how much of each is used, and how
//! what is billed was made to differ.

use crate::{
    catalogue::{
        BACKUP, BACKUP_MAILBOX, BACKUP_SERVER, BACKUP_STORAGE, BASIC, DETECTION, EXCHANGE, GRAPH, MAIL, MOBILE,
        NINJAONE, PASSWORDS, PAX8, PHONE, PREMIUM, PRODUCTS, SERVER, WORKSTATION,
    },
    random::Random,
};

/// Number of products.
pub(crate) const PRODUCT_COUNT: usize = PRODUCTS.len();

/// How the billed side was made to differ from what is used. Numbers are units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drift {
    /// Billed as it should be.
    None,
    /// So many were added and never billed.
    Under(u64),
    /// So many left and are still billed.
    Over(u64),
    /// Used, and no line.
    Unbilled,
    /// A line over so many, and nothing used.
    NoUsage(u64),
    /// The clerk already changed the line for next month: right in advance, so many too few in arrears.
    ClerkAhead(u64),
    /// A second line over so many begins the month after next: too few until then.
    StartsLater(u64),
    /// Right; an older line stands there too, ended last month.
    OldLine,
    /// Right; the quantity is split over two lines.
    TwoLines,
    /// Two lines of two prices, together so many too few.
    TwoPrices(u64),
    /// The line's base price includes two units; so many too few (0: right).
    LessIncluded(u64),
    /// Right, at no charge.
    NoCharge,
    /// Right, kept off the invoice by design.
    DoNotBill,
}

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
    /// Leavers whose licences are still billed.
    Leavers,
    /// Changed for next month already (in advance).
    ClerkAhead,
    /// The agreement ended, the devices are still there.
    AgreementEnded,
    /// Billed in arrears: what was changed for next month does not help this month.
    Arrears,
    /// Billed by the quarter.
    Quarterly,
    /// Two organizations in one source.
    TwoAccounts,
    /// Billed in euros.
    Euro,
    /// Billed in dollars.
    Dollar,
    /// Another organization has its name with another legal form.
    NearMiss,
    /// A name that must be shown and never obeyed.
    OddName(usize),
    /// A tenant without Entra P1: sign-in times are refused.
    NoPremium,
    /// Trial and pending subscriptions beside the real ones.
    Trials,
    /// Billed for backup, and not in the backup tool's export.
    NotInBackup,
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
}

const STORIES: [Story; 34] = [
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
            Self::Arrears => "billed in arrears: next month's change comes too late",
            Self::Quarterly => "billed by the quarter",
            Self::TwoAccounts => "two organizations in one source",
            Self::Euro => "billed in euros",
            Self::Dollar => "billed in dollars",
            Self::NearMiss => "another organization has the client's name with another legal form",
            Self::OddName(_) => "a name that must be shown and never obeyed",
            Self::NoPremium => "a tenant that refuses sign-in times",
            Self::Trials => "trial and pending subscriptions beside the real ones",
            Self::NotInBackup => "billed for backup, and not in the backup tool",
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
        }
    }
}

/// What is planned for a client.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) story: Story,
    /// Which sources know it.
    pub(crate) sources: Vec<&'static str>,
    /// Units used, in hundredths, by product; `None`: neither used nor sold.
    pub(crate) used: [Option<u64>; PRODUCT_COUNT],
    /// By product.
    pub(crate) drift: [Drift; PRODUCT_COUNT],
}

impl Plan {
    /// Sizes by chance, differences by chance, then the story.
    pub(crate) fn new(story: Story, few_tenants: Option<usize>, n: usize, random: &mut Random) -> Self {
        let mut sources = vec![NINJAONE];
        for (source, per_cent) in [(GRAPH, 82), (PAX8, 60), (BACKUP, 52)] {
            if random.chance(per_cent) {
                sources.push(source);
            }
        }
        if few_tenants.is_some_and(|limit| n >= limit) {
            sources.retain(|source| *source != GRAPH);
        }
        let mut plan = Self { story, sources, used: sizes(random), drift: [Drift::None; PRODUCT_COUNT] };
        for product in 0..PRODUCT_COUNT {
            plan.drift[product] = chance_drift(product, random);
        }
        plan.tell();
        for (product, used) in plan.used.iter_mut().enumerate() {
            if !plan.sources.contains(&PRODUCTS[product].source) && !matches!(plan.drift[product], Drift::NoUsage(_)) {
                *used = None;
            }
        }
        plan
    }

    /// Puts the story over what chance gave.
    fn tell(&mut self) {
        if self.story != Story::Ordinary {
            self.drift = [Drift::None; PRODUCT_COUNT];
        }
        match self.story {
            Story::Ordinary | Story::Clean | Story::AgreementEnded | Story::NoPremium | Story::MinimumKept => {}
            Story::ForbiddenTenant => self.set(PREMIUM, 14, Drift::None),
            Story::NewPcs => {
                self.set(WORKSTATION, 23, Drift::Under(4));
                self.set(DETECTION, 0, Drift::Under(4));
            }
            Story::Leavers => self.set(PREMIUM, 17, Drift::Over(3)),
            Story::ClerkAhead | Story::Arrears => self.set(WORKSTATION, 14, Drift::ClerkAhead(2)),
            Story::Quarterly => self.set(PREMIUM, 11, Drift::Under(2)),
            Story::TwoAccounts => self.set(WORKSTATION, 31, Drift::Under(2)),
            Story::Euro => {
                self.set(PREMIUM, 19, Drift::Under(2));
                self.set(WORKSTATION, 20, Drift::Over(1));
            }
            Story::Dollar => self.set(WORKSTATION, 9, Drift::Under(3)),
            Story::NearMiss | Story::Renamed => self.set(WORKSTATION, 12, Drift::Under(1)),
            Story::OddName(n) => {
                let drift = if n % 2 == 0 { Drift::Under(1 + n as u64) } else { Drift::Over(1) };
                self.set(WORKSTATION, 13, drift);
            }
            Story::Trials => {
                self.set(PHONE, 9, Drift::Under(2));
                self.set(MAIL, 22, Drift::None);
                self.set(PASSWORDS, 15, Drift::Over(5));
            }
            Story::NotInBackup => {
                self.sources.retain(|source| *source != BACKUP);
                self.set_without_source(BACKUP_SERVER, 0, Drift::NoUsage(2));
            }
            Story::TwoPrices => self.set(BASIC, 16, Drift::TwoPrices(3)),
            Story::LessIncluded => {
                self.set(WORKSTATION, 18, Drift::LessIncluded(0));
                self.set(BASIC, 12, Drift::LessIncluded(2));
            }
            Story::Free => {
                self.set(BASIC, 7, Drift::NoCharge);
                self.set(EXCHANGE, 5, Drift::DoNotBill);
            }
            Story::StartsLater => self.set(PREMIUM, 21, Drift::StartsLater(3)),
            Story::MinimumMissed => self.set(MAIL, 3, Drift::Under(2)),
            Story::NoUsage => {
                self.set(PASSWORDS, 0, Drift::NoUsage(6));
                self.set(PHONE, 0, Drift::NoUsage(4));
            }
            Story::Unbilled => {
                self.set(MOBILE, 9, Drift::Unbilled);
                self.set(PASSWORDS, 8, Drift::Unbilled);
                self.set(BACKUP_MAILBOX, 12, Drift::Unbilled);
            }
            Story::NoAgreement => {
                self.sources = vec![NINJAONE];
                self.used = [None; PRODUCT_COUNT];
                self.set(WORKSTATION, 4, Drift::Unbilled);
                self.set(DETECTION, 0, Drift::Unbilled);
            }
            Story::Fractions => {
                self.set(BACKUP_STORAGE, 0, Drift::Under(1));
                self.used[BACKUP_STORAGE] = Some(475);
            }
        }
        if self.story == Story::MinimumKept {
            self.set(MAIL, 3, Drift::None);
        }
    }

    /// Sells so many of a product, whatever chance said.
    fn set(&mut self, product: usize, used: u64, drift: Drift) {
        if !self.sources.contains(&PRODUCTS[product].source) {
            self.sources.push(PRODUCTS[product].source);
        }
        self.set_without_source(product, used, drift);
    }

    fn set_without_source(&mut self, product: usize, used: u64, drift: Drift) {
        self.used[product] = Some(used * 100);
        self.drift[product] = drift;
    }
}

fn sizes(random: &mut Random) -> [Option<u64>; PRODUCT_COUNT] {
    let seats = random.between(4, 38);
    let mut sold = |per_cent, units: u64| if units > 0 && random.chance(per_cent) { Some(units * 100) } else { None };
    let mut used = [None; PRODUCT_COUNT];
    used[WORKSTATION] = sold(100, seats);
    used[SERVER] = sold(75, 1 + seats / 12);
    used[DETECTION] = sold(100, seats);
    used[MOBILE] = sold(40, 2 + seats / 4);
    used[PREMIUM] = sold(78, 1 + seats * 3 / 5);
    used[BASIC] = sold(48, 1 + seats / 4);
    used[EXCHANGE] = sold(40, 1 + seats / 6);
    used[PHONE] = sold(30, 1 + seats / 3);
    used[MAIL] = sold(85, 3 + seats * 4 / 5);
    used[PASSWORDS] = sold(50, 1 + seats / 2);
    used[BACKUP_SERVER] = sold(80, 1 + seats / 12);
    used[BACKUP_MAILBOX] = sold(60, 1 + seats * 4 / 5);
    used[BACKUP_STORAGE] = sold(70, 2).map(|base| base + seats * 25);
    used
}

/// What an ordinary month does to a line.
fn chance_drift(product: usize, random: &mut Random) -> Drift {
    match random.between(0, 99) {
        0..=6 => Drift::Under(random.between(1, 3)),
        7..=10 => Drift::Over(random.between(1, 2)),
        11..=13 => Drift::ClerkAhead(random.between(1, 2)),
        14..=19 => Drift::OldLine,
        20..=23 if product != DETECTION => Drift::TwoLines,
        _ => Drift::None,
    }
}
