//! What is planned for each client before anything is made: which products, how much of each is used, and how
//! what is billed was made to differ.

use crate::{
    catalogue::{
        BACKUP, BACKUP_MAILBOX, BACKUP_SERVER, BACKUP_STORAGE, BASIC, DETECTION, EXCHANGE, GRAPH, MAIL, MOBILE,
        NINJAONE, PASSWORDS, PAX8, PHONE, PREMIUM, PRODUCTS, SERVER, WORKSTATION,
    },
    random::Random,
    story::Story,
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
    /// The clerk already changed the line for next month: right, and in arrears left alone until then.
    ClerkAhead(u64),
    /// A second line over so many begins the month after next: left alone until then.
    StartsLater(u64),
    /// The line ends on the count day, and the one that follows it is over so many too few; in arrears that is told
    /// only next month.
    ReplacedTooFew(u64),
    /// Right; an older line stands there too, ended last month.
    OldLine,
    /// Right; the quantity is split over two lines.
    TwoLines,
    /// Two lines of two prices, together so many too few.
    TwoPrices(u64),
    /// Two lines of two prices, together so many too many: the newer one, over two, is cut first.
    TwoPricesOver(u64),
    /// Two lines over as many as are used, of which the older stands on the older agreement.
    BothRun,
    /// Two lines on agreements that two companies pay, together so many too few.
    TwoPayers(u64),
    /// So many too few, and so many were billed once.
    BilledOnce { missing: u64, once: u64 },
    /// The line's base price includes two units; so many too few (0: right).
    LessIncluded(u64),
    /// Right, at no charge.
    NoCharge,
    /// Right, kept off the invoice by design.
    DoNotBill,
}

/// Machines of a client that another has taken over: about as many as no other has.
pub(crate) const MOVED_MACHINES: u64 = 47;
/// Machines of the organization whose name resembles a client's.
pub(crate) const TWIN_MACHINES: u64 = 2;
/// Seats of the tenant whose name resembles it.
pub(crate) const TWIN_SEATS: u64 = 5;
/// Machines with a status that nobody has explained.
pub(crate) const UNKNOWN_MACHINES: u64 = 2;
/// Seats of a subscription with a status that nobody has explained.
pub(crate) const UNKNOWN_SEATS: u64 = 6;
/// Seats of the company at the distributor that nobody has mapped.
pub(crate) const STRANGER_SEATS: u64 = 4;

/// What may be used beside what surely is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsure {
    /// Up to so many units.
    Units(u64),
    /// Nobody knows: nothing is sure, and there is no upper end.
    Unread,
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
            Story::Ordinary | Story::Clean | Story::NoPremium => {}
            Story::ForbiddenTenant => {
                self.set(PREMIUM, 14, Drift::None);
                self.set(SERVER, 2, Drift::None);
            }
            Story::NewPcs => {
                self.set(WORKSTATION, 23, Drift::Under(4));
                self.set(DETECTION, 0, Drift::Under(4));
            }
            Story::Leavers => self.set(PREMIUM, 17, Drift::Over(3)),
            Story::ClerkAhead => self.set(WORKSTATION, 14, Drift::ClerkAhead(2)),
            Story::Arrears => {
                self.set(WORKSTATION, 14, Drift::ClerkAhead(2));
                self.set(SERVER, 4, Drift::ReplacedTooFew(1));
                self.set(BASIC, 9, Drift::Under(2));
            }
            Story::StartsLater => self.set(PREMIUM, 21, Drift::StartsLater(3)),
            Story::Replaced => self.set(WORKSTATION, 19, Drift::ReplacedTooFew(3)),
            Story::Quarterly => self.set(PREMIUM, 11, Drift::Under(2)),
            Story::TwoAccounts => self.set(WORKSTATION, 31, Drift::Under(2)),
            Story::Euro => {
                self.set(PREMIUM, 19, Drift::Under(2));
                self.set(WORKSTATION, 20, Drift::Over(1));
            }
            Story::Dollar => {
                self.set(WORKSTATION, 9, Drift::Under(3));
                self.set(PASSWORDS, 5, Drift::Unbilled);
            }
            Story::NearMiss => {
                self.set(WORKSTATION, 12, Drift::Under(1));
                self.set(PREMIUM, 10, Drift::Over(2));
            }
            Story::Renamed => self.set(WORKSTATION, 12, Drift::Under(1)),
            Story::OddName(n) => {
                let drift = if n % 2 == 0 { Drift::Under(1 + n as u64) } else { Drift::Over(1) };
                self.set(WORKSTATION, 13, drift);
            }
            Story::Trials => {
                self.set(PHONE, 9, Drift::Under(2));
                self.set(MAIL, 22, Drift::None);
                self.set(PASSWORDS, 15, Drift::Over(5));
            }
            Story::MinimumMissed => self.set(MAIL, 3, Drift::Under(2)),
            Story::MinimumKept => self.set(MAIL, 3, Drift::None),
            Story::Fractions => {
                self.set(BACKUP_STORAGE, 0, Drift::Under(1));
                self.used[BACKUP_STORAGE] = Some(475);
            }
            _ => self.tell_of_lines(),
        }
    }

    /// Stories of lines that are more than a quantity at a price.
    fn tell_of_lines(&mut self) {
        match self.story {
            Story::TwoPrices => {
                self.set(BASIC, 16, Drift::TwoPrices(3));
                self.set(MAIL, 19, Drift::TwoPricesOver(3));
            }
            Story::BothRun => self.set(BASIC, 12, Drift::BothRun),
            Story::TwoPayers => self.set(WORKSTATION, 17, Drift::TwoPayers(3)),
            Story::OneOff => {
                self.set(WORKSTATION, 15, Drift::BilledOnce { missing: 2, once: 2 });
                self.set(PREMIUM, 12, Drift::BilledOnce { missing: 4, once: 1 });
            }
            Story::LessIncluded => {
                self.set(WORKSTATION, 18, Drift::LessIncluded(0));
                self.set(BASIC, 12, Drift::LessIncluded(2));
            }
            Story::Free => {
                self.set(BASIC, 7, Drift::NoCharge);
                self.set(EXCHANGE, 5, Drift::DoNotBill);
            }
            Story::FlatFees => self.set(WORKSTATION, 16, Drift::None),
            Story::Credits => {
                self.set(WORKSTATION, 21, Drift::None);
                self.set(MAIL, 14, Drift::Under(2));
            }
            _ => self.tell_of_one_side(),
        }
    }

    /// Stories in which one of the two sides is missing, or not known.
    fn tell_of_one_side(&mut self) {
        match self.story {
            Story::NotInBackup | Story::NothingInBackup => {
                self.sources.retain(|source| *source != BACKUP);
                self.set_without_source(BACKUP_SERVER, 0, Drift::NoUsage(2));
            }
            Story::NotAtDistributor => {
                self.sources.retain(|source| *source != PAX8);
                self.set_without_source(PASSWORDS, 0, Drift::NoUsage(9));
                self.set_without_source(MAIL, 0, Drift::NoUsage(8));
            }
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
                self.only_machines(4);
                self.drift[WORKSTATION] = Drift::Unbilled;
                self.drift[DETECTION] = Drift::Unbilled;
            }
            Story::AgreementEnded => {
                self.set(WORKSTATION, 15, Drift::None);
                // What a distributor is paid for goes on, too.
                self.set(MAIL, 21, Drift::None);
                // Elsewhere about as many of these are billed too many: that is no move.
                self.used[PREMIUM] = None;
                self.used[PASSWORDS] = None;
                self.used[BASIC] = None;
            }
            Story::Ending => self.set(WORKSTATION, 17, Drift::None),
            Story::Renewed => {
                self.set(WORKSTATION, 11, Drift::None);
                self.set(PREMIUM, 8, Drift::None);
            }
            Story::MovedFrom => self.only_machines(MOVED_MACHINES),
            Story::MovedTo => {
                self.set(WORKSTATION, 13, Drift::Over(MOVED_MACHINES));
                self.set(DETECTION, 0, Drift::Over(MOVED_MACHINES));
            }
            Story::UnknownStatus => self.set(WORKSTATION, 16, Drift::Under(3)),
            Story::UnknownClass => {
                self.set(WORKSTATION, 10, Drift::None);
                self.set(MOBILE, 6, Drift::None);
            }
            Story::UnknownSubscription => self.set(MAIL, 18, Drift::Over(2)),
            Story::UnknownBackup => self.set(BACKUP_SERVER, 3, Drift::Over(2)),
            _ => {}
        }
    }

    /// Known to the RMM alone, with so many workstations.
    fn only_machines(&mut self, workstations: u64) {
        self.sources = vec![NINJAONE];
        self.used = [None; PRODUCT_COUNT];
        self.set(WORKSTATION, workstations, Drift::None);
        self.set(DETECTION, 0, Drift::None);
    }

    /// Units that may be used beside those that surely are.
    pub(crate) fn unsure(&self, product: usize) -> Unsure {
        let is_agent = matches!(product, WORKSTATION | DETECTION);
        let units = match self.story {
            Story::ForbiddenTenant if PRODUCTS[product].source == GRAPH => return Unsure::Unread,
            Story::NotInBackup if PRODUCTS[product].source == BACKUP => return Unsure::Unread,
            Story::NearMiss if is_agent => TWIN_MACHINES,
            Story::NearMiss if product == PREMIUM => TWIN_SEATS,
            Story::UnknownStatus if is_agent => UNKNOWN_MACHINES,
            Story::UnknownClass if is_agent || matches!(product, SERVER | MOBILE) => 1,
            Story::UnknownSubscription if product == MAIL => UNKNOWN_SEATS,
            Story::UnknownBackup if product == BACKUP_SERVER => 1,
            Story::NotAtDistributor if product == PASSWORDS => STRANGER_SEATS,
            _ => 0,
        };
        Unsure::Units(units)
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
