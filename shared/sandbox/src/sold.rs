//! Clients to which is sold in other ways than by the piece: two for each way, one billed as it should be and one not.
//! What should be billed was worked out by hand.

use crate::catalogue::{
    BUSINESS_BASIC, BUSINESS_PREMIUM, DEFENDER, EXCHANGE_PLAN_1, NETWORK, PAX_DEFENDER, PAX_TRAINING,
};

/// What such a client uses, and what it is billed.
pub(crate) struct SoldClient {
    /// In which way it is sold to.
    pub(crate) way: &'static str,
    pub(crate) people: &'static [People],
    pub(crate) workstations: u64,
    pub(crate) servers: u64,
    pub(crate) mobiles: u64,
    pub(crate) watched: Watched,
    pub(crate) bought: &'static [Bought],
    pub(crate) kept: &'static [Kept],
    pub(crate) lines: &'static [Sold],
    /// The rules that are its own, in which `{until}` is a day of next year.
    pub(crate) own_rules: &'static str,
}

/// So many people with the same licences.
pub(crate) struct People {
    pub(crate) how_many: u64,
    pub(crate) are: Person,
    pub(crate) hold: &'static [&'static str],
}

/// Who holds a licence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Person {
    /// Somebody at work, with licences from the MSP.
    AtWork,
    /// The same, with licences that the client bought itself.
    WithOwn,
    /// Somebody who may not sign in.
    Blocked,
    /// Somebody who has not signed in for months.
    Away,
    /// A machine's account.
    Service,
}

/// Machines that a second tool lists, by what it knows of them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Watched {
    /// Machines of the RMM, with their serial numbers.
    pub(crate) by_serial: u64,
    /// The next machines of the RMM, with their network addresses alone.
    pub(crate) by_address: u64,
    /// The next machines of the RMM, with their names alone.
    pub(crate) by_name: u64,
    /// Machines that the RMM does not have.
    pub(crate) alone: u64,
}

/// Seats bought at the distributor.
pub(crate) struct Bought {
    pub(crate) product: usize,
    pub(crate) seats: u64,
    pub(crate) is_for_a_year: bool,
}

/// So many rows of the backup tool.
pub(crate) struct Kept {
    pub(crate) kind: &'static str,
    pub(crate) plan: &'static str,
    pub(crate) rows: u64,
    /// Of each row, in hundredths.
    pub(crate) hundredths: u64,
}

/// A product: what counts, in the unit that is billed, what is billed and what should be.
pub(crate) struct Sold {
    pub(crate) code: &'static str,
    pub(crate) counted: &'static str,
    /// `None`: there is no line.
    pub(crate) billed: Option<u32>,
    pub(crate) should_bill: u32,
    /// Where prices go in steps: what the difference is worth.
    pub(crate) in_steps: Option<&'static str>,
}

const fn line(code: &'static str, counted: &'static str, billed: u32, should_bill: u32) -> Sold {
    Sold { code, counted, billed: Some(billed), should_bill, in_steps: None }
}

const fn no_line(code: &'static str, counted: &'static str, should_bill: u32) -> Sold {
    Sold { code, counted, billed: None, should_bill, in_steps: None }
}

const fn people(how_many: u64, are: Person, hold: &'static [&'static str]) -> People {
    People { how_many, are, hold }
}

const fn kept(kind: &'static str, plan: &'static str, rows: u64, hundredths: u64) -> Kept {
    Kept { kind, plan, rows, hundredths }
}

const NOTHING: SoldClient = SoldClient {
    way: "",
    people: &[],
    workstations: 0,
    servers: 0,
    mobiles: 0,
    watched: Watched { by_serial: 0, by_address: 0, by_name: 0, alone: 0 },
    bought: &[],
    kept: &[],
    lines: &[],
    own_rules: "",
};

pub(crate) const SEATS: &str = "seats with what lives inside them";
pub(crate) const TWO_TOOLS: &str = "one machine in two tools";
pub(crate) const TIERS: &str = "two tiers of one thing";
pub(crate) const STEPS: &str = "prices that go in steps";
pub(crate) const PACKS: &str = "packs and round numbers";
pub(crate) const OWN_LICENCES: &str = "licences that the client bought itself";
pub(crate) const COMMITTED: &str = "bought or agreed for a year";

const NOT_SOLD: &str = "EXO-P1 = { not_sold = \"bought from Microsoft by themselves\" }";
const CONTRACT: &str = "MNG-WKS = { client_committed = 12, client_committed_until = {until} }";

/// In the order in which they are planted.
pub(crate) const SOLD: [SoldClient; 14] = [
    SoldClient {
        way: SEATS,
        people: &[
            people(7, Person::AtWork, &[BUSINESS_PREMIUM]),
            people(3, Person::AtWork, &[BUSINESS_PREMIUM, DEFENDER]),
            // Once, in the dearer seat.
            people(2, Person::AtWork, &[BUSINESS_PREMIUM, EXCHANGE_PLAN_1]),
            people(3, Person::AtWork, &[EXCHANGE_PLAN_1]),
            people(1, Person::Blocked, &[BUSINESS_PREMIUM]),
            people(1, Person::Away, &[BUSINESS_PREMIUM]),
            people(1, Person::Service, &[EXCHANGE_PLAN_1]),
        ],
        // Three more than there are seats, and two mobiles, which are included.
        workstations: 15,
        mobiles: 14,
        lines: &[line("SEAT-FULL", "12", 12, 12), line("SEAT-MAIL", "3", 3, 3), line("MNG-WKS", "15", 3, 3)],
        ..NOTHING
    },
    SoldClient {
        way: SEATS,
        people: &[
            people(18, Person::AtWork, &[BUSINESS_PREMIUM, DEFENDER]),
            people(2, Person::AtWork, &[BUSINESS_PREMIUM, EXCHANGE_PLAN_1]),
            people(3, Person::AtWork, &[EXCHANGE_PLAN_1]),
            people(1, Person::AtWork, &[BUSINESS_BASIC]),
            people(2, Person::Away, &[BUSINESS_PREMIUM]),
            people(2, Person::Service, &[EXCHANGE_PLAN_1]),
        ],
        workstations: 26,
        mobiles: 25,
        lines: &[
            line("SEAT-FULL", "20", 18, 20),
            line("SEAT-MAIL", "4", 5, 4),
            line("MNG-WKS", "26", 4, 6),
            no_line("MDM-MOB", "25", 3),
        ],
        ..NOTHING
    },
    SoldClient {
        way: TWO_TOOLS,
        workstations: 10,
        servers: 1,
        watched: Watched { by_serial: 6, by_address: 1, by_name: 2, alone: 2 },
        lines: &[line("MNG-WKS", "10", 10, 10), line("MNG-SRV", "1", 1, 1), line("SOC-24X7", "13", 13, 13)],
        ..NOTHING
    },
    SoldClient {
        way: TWO_TOOLS,
        workstations: 8,
        servers: 1,
        watched: Watched { by_serial: 5, by_address: 2, by_name: 1, alone: 3 },
        lines: &[line("MNG-WKS", "8", 8, 8), line("MNG-SRV", "1", 1, 1), line("SOC-24X7", "12", 10, 12)],
        ..NOTHING
    },
    SoldClient {
        way: TIERS,
        kept: &[kept("device", "GOLD", 4, 100), kept("device", "SILVER", 7, 100)],
        lines: &[line("BKP-GLD", "4", 4, 4), line("BKP-SLV", "7", 7, 7)],
        ..NOTHING
    },
    SoldClient {
        way: TIERS,
        kept: &[kept("device", "GOLD", 6, 100), kept("device", "SILVER", 5, 100)],
        lines: &[line("BKP-GLD", "6", 3, 6), line("BKP-SLV", "5", 8, 5)],
        ..NOTHING
    },
    SoldClient {
        way: STEPS,
        kept: &[kept("mailbox_archive", "", 14, 100), kept("team", "", 6, 100)],
        lines: &[line("BKP-MBA", "14", 14, 14), line("BKP-TMS", "6", 6, 6)],
        ..NOTHING
    },
    SoldClient {
        way: STEPS,
        kept: &[kept("mailbox_archive", "", 26, 100), kept("team", "", 25, 100)],
        lines: &[
            line(NETWORK.code, "0", 1, 1),
            // Ten at 2.00, the others at 1.50.
            Sold { in_steps: Some("44"), ..no_line("BKP-MBA", "26", 26) },
            // More than twenty: all at 1.60.
            Sold { in_steps: Some("40"), ..no_line("BKP-TMS", "25", 25) },
        ],
        ..NOTHING
    },
    SoldClient {
        way: PACKS,
        kept: &[kept("archive", "", 1, 42_000), kept("cloud", "", 2, 6_500)],
        lines: &[line("BKP-ARC", "4.2", 5, 5), line("BKP-CLD", "130", 150, 150)],
        ..NOTHING
    },
    SoldClient {
        way: PACKS,
        kept: &[kept("archive", "", 3, 40_350), kept("cloud", "", 1, 26_000)],
        lines: &[line("BKP-ARC", "12.105", 12, 13), line("BKP-CLD", "260", 350, 300)],
        ..NOTHING
    },
    SoldClient {
        way: OWN_LICENCES,
        people: &[
            people(8, Person::WithOwn, &[BUSINESS_PREMIUM]),
            people(5, Person::WithOwn, &[EXCHANGE_PLAN_1]),
            people(6, Person::AtWork, &[BUSINESS_BASIC]),
        ],
        lines: &[line("M365-BB", "6", 6, 6)],
        own_rules: NOT_SOLD,
        ..NOTHING
    },
    SoldClient {
        way: OWN_LICENCES,
        people: &[
            people(9, Person::WithOwn, &[BUSINESS_PREMIUM]),
            people(4, Person::WithOwn, &[EXCHANGE_PLAN_1]),
            people(10, Person::AtWork, &[BUSINESS_BASIC]),
        ],
        lines: &[line("M365-BP", "0", 9, 0), line("M365-BB", "10", 8, 10)],
        own_rules: NOT_SOLD,
        ..NOTHING
    },
    SoldClient {
        way: COMMITTED,
        people: &[people(6, Person::AtWork, &[DEFENDER])],
        workstations: 9,
        bought: &[
            Bought { product: PAX_DEFENDER, seats: 10, is_for_a_year: true },
            Bought { product: PAX_TRAINING, seats: 15, is_for_a_year: true },
            Bought { product: PAX_TRAINING, seats: 6, is_for_a_year: false },
        ],
        lines: &[
            line("MNG-WKS", "9", 12, 12),
            line("EDR-AGT", "9", 9, 9),
            line("DEF-BUS", "6", 10, 10),
            // Two are included, but for those that are bought for a year.
            line("AWR-Y", "15", 15, 15),
            line("AWR-M", "6", 6, 6),
        ],
        own_rules: CONTRACT,
        ..NOTHING
    },
    SoldClient {
        way: COMMITTED,
        people: &[people(7, Person::AtWork, &[DEFENDER])],
        workstations: 9,
        bought: &[
            Bought { product: PAX_DEFENDER, seats: 10, is_for_a_year: true },
            Bought { product: PAX_TRAINING, seats: 15, is_for_a_year: true },
            Bought { product: PAX_TRAINING, seats: 4, is_for_a_year: false },
        ],
        lines: &[
            line("MNG-WKS", "9", 10, 12),
            line("EDR-AGT", "9", 9, 9),
            line("DEF-BUS", "7", 8, 10),
            line("AWR-Y", "15", 13, 15),
            line("AWR-M", "4", 6, 4),
        ],
        own_rules: CONTRACT,
        ..NOTHING
    },
];
