//! The billed side of one client: its agreements and lines, and a note of every difference while it is made.

use jiff::{ToSpan, civil::Date};
use rust_decimal::Decimal;

use crate::{
    Planted,
    catalogue::{DETECTION, FAX, MAIL, NETWORK, NETWORK_FEE, PREMIUM, PRODUCTS, Product, WORKSTATION},
    dataset::{Addition, Agreement, Cycle},
    expectation::{Expectation, Standing, expected},
    plan::{Drift, Plan},
    seed_discrepancies::{DiscrepancySeeder, FIRST_CLIENT, nothing},
    story::Story,
};

/// A client while it is being billed.
pub(crate) struct Billing<'a> {
    pub(crate) client_id: u64,
    pub(crate) client_name: &'a str,
    pub(crate) plan: &'a Plan,
    pub(crate) currency: &'static str,
    /// Fresh workstations and servers together, in whole units.
    pub(crate) agents: u64,
}

/// One line to be written.
#[derive(Clone, Copy)]
struct Line {
    quantity: Decimal,
    /// A month.
    price: Decimal,
    from: Option<Date>,
    to: Option<Date>,
    billing_status: &'static str,
    less_included: Option<Decimal>,
    second_agreement: bool,
}

/// One product of a client: the line that would be right, and what is done to it.
struct Case<'a> {
    client: &'a Billing<'a>,
    product: usize,
    drift: Drift,
    /// Units used, as far as they can be read.
    used: Decimal,
    plain: Line,
}

/// The lines of a product, and what of them stands; `None`: a later line puts it right, and it is left alone.
type Written = (Vec<Line>, Option<Standing>);

/// Until when an agreement runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Term {
    Open,
    /// It ended last month.
    Over,
    /// Its last day is the count day.
    Ending,
}

impl Term {
    fn of(story: Story, is_second: bool) -> Self {
        match story {
            Story::AgreementEnded | Story::MovedFrom => Self::Over,
            Story::Renewed if !is_second => Self::Over,
            Story::Ending => Self::Ending,
            _ => Self::Open,
        }
    }
}

impl DiscrepancySeeder {
    /// Writes a client's agreements and notes what differs.
    pub(crate) fn bill(&mut self, client: &Billing<'_>) {
        let mut first = self.agreement(client, "Managed services", false);
        let mut second = self.agreement(client, "Cloud and licences", true);
        for (product, sold) in PRODUCTS.iter().enumerate() {
            let Some(used) = counted(client, product) else { continue };
            let cloud = product >= PREMIUM;
            for line in self.lines(client, product, used) {
                let into = if cloud != line.second_agreement { &mut second } else { &mut first };
                let addition = self.addition(sold.code, line, into.cycle);
                into.additions.push(addition);
            }
        }
        self.add_fixed(client, &mut first);
        self.dataset.agreements.extend([first, second].into_iter().filter(|one| !one.additions.is_empty()));
    }

    fn agreement(&mut self, client: &Billing<'_>, name: &str, is_second: bool) -> Agreement {
        self.next_agreement += 1;
        let story = client.plan.story;
        // Of the two the second is the newer.
        let start = if is_second { self.some_first(21, 24) } else { self.some_first(25, 30) };
        Agreement {
            end: match Term::of(story, is_second) {
                Term::Open => None,
                Term::Over => Some(self.month.previous().last_day()),
                Term::Ending => Some(self.month.last_day()),
            },
            cycle: if story == Story::Quarterly { Cycle::Quarterly } else { Cycle::Monthly },
            arrears: story == Story::Arrears,
            prorates: story == Story::Credits,
            bill_to: (is_second && story == Story::TwoPayers).then_some(FIRST_CLIENT),
            ..Agreement::monthly(self.next_agreement, name, client.client_id, start, Vec::new())
        }
    }

    fn addition(&mut self, product: &'static str, line: Line, cycle: Cycle) -> Addition {
        self.next_addition += 1;
        Addition {
            id: self.next_addition,
            product,
            quantity: line.quantity,
            less_included: line.less_included,
            unit_price: line.price * Decimal::from(cycle.months()),
            from: line.from,
            to: line.to,
            billing_status: line.billing_status,
        }
    }

    /// What is billed whatever is used: a fixed line, an agreement that bills by itself, a line that no rule names.
    fn add_fixed(&mut self, client: &Billing<'_>, first: &mut Agreement) {
        let line = |quantity, price, from| Line {
            quantity,
            price,
            from: Some(from),
            to: None,
            billing_status: "Billable",
            less_included: None,
            second_agreement: false,
        };
        match client.plan.story {
            Story::FlatFees => {
                let line = line(Decimal::ONE, Decimal::new(NETWORK_FEE, 4).normalize(), first.start);
                first.additions.push(self.addition(NETWORK.code, line, first.cycle));
                let amount = Decimal::from(120);
                let retainer = Agreement { amount, ..self.agreement(client, "Site visits", false) };
                self.dataset.agreements.push(retainer);
            }
            Story::Uncounted => {
                let line = line(Decimal::TWO, Decimal::new(950, 2), first.start);
                first.additions.push(self.addition(FAX.code, line, first.cycle));
                self.planted.push(Planted {
                    kind: "uncounted_line",
                    client_id: client.client_id.to_string(),
                    client_name: client.client_name.to_owned(),
                    product_code: FAX.code.to_owned(),
                    billed: Some(line.quantity),
                    unit_price: Some(line.price),
                    monthly_impact: Some(line.price * line.quantity),
                    currency: client.currency.to_owned(),
                    ..nothing(client.plan.story.words())
                });
            }
            _ => {}
        }
    }

    /// The lines for one product, with a note of what differs.
    fn lines(&mut self, client: &Billing<'_>, product: usize, used: Decimal) -> Vec<Line> {
        let counted_by = &PRODUCTS[product];
        let story = client.plan.story;
        let term = Term::of(story, product >= PREMIUM);
        let price = match term {
            // What a line that is over had for a price is the list's, too.
            Term::Over => Decimal::new(counted_by.list_price, 4).normalize(),
            Term::Open | Term::Ending => self.price(counted_by, client.currency),
        };
        let above = (used - Decimal::from(counted_by.included)).max(Decimal::ZERO);
        let plain = Line {
            quantity: above.max(Decimal::from(counted_by.minimum)),
            price,
            from: Some(self.some_first(3, 20)),
            to: None,
            billing_status: "Billable",
            less_included: None,
            second_agreement: false,
        };
        let case = Case { client, product, drift: possible(client, product, used), used, plain };
        let (mut lines, standing) = self.written(&case);
        let no_line = Standing::without_line(counted_by, client.currency);
        let standing = match term {
            Term::Open if story == Story::NoAgreement => Some(Standing { is_over: true, ..no_line }),
            Term::Open => standing,
            // What the line cost is the price of what is used without it.
            Term::Over => Some(Standing { is_over: story != Story::Renewed, price: Some(price), ..no_line }),
            Term::Ending => Some(Standing { ending: plain.quantity, price: Some(price), ..no_line }),
        };
        if let Some(standing) = standing {
            self.note(&case, &standing);
        }
        if story == Story::Credits && matches!(product, WORKSTATION | MAIL) {
            let next = self.month.next();
            let (from, to) = (Some(next.first_day()), Some(next.last_day()));
            lines.push(Line { quantity: -Decimal::TWO, from, to, ..plain });
            let (from, to) = (self.month.first_day().saturating_add(15.days()), self.month.last_day());
            lines.push(Line { quantity: Decimal::TWO, from: Some(from), to: Some(to), ..plain });
        }
        lines
    }

    /// The lines of a product as its drift wants them.
    fn written(&mut self, case: &Case<'_>) -> Written {
        let (plain, should) = (case.plain, case.plain.quantity);
        let without = || Some(Standing::without_line(&PRODUCTS[case.product], case.client.currency));
        let one = |line: Line| (vec![line], Some(Standing::on_lines(line.quantity, line.price)));
        match case.drift {
            Drift::Unbilled => (Vec::new(), without()),
            Drift::None if should.is_zero() => (Vec::new(), without()),
            Drift::None => one(plain),
            Drift::Under(n) => one(Line { quantity: should - Decimal::from(n), ..plain }),
            Drift::Over(n) => one(Line { quantity: should + Decimal::from(n), ..plain }),
            Drift::NoUsage(n) => one(Line { quantity: Decimal::from(n), ..plain }),
            Drift::ClerkAhead(_) | Drift::StartsLater(_) | Drift::ReplacedTooFew(_) | Drift::OldLine => {
                self.dated(case)
            }
            Drift::TwoLines | Drift::TwoPayers(_) => self.on_two_agreements(case),
            Drift::TwoPrices(_) | Drift::TwoPricesOver(_) => self.at_two_prices(case),
            Drift::BothRun => self.both_run(case),
            Drift::BilledOnce { missing, once } => {
                let line = Line { quantity: should - Decimal::from(missing), ..plain };
                self.bill_once(case, Decimal::from(once));
                let standing = Standing::on_lines(line.quantity, line.price);
                (vec![line], Some(Standing { billed_once: Decimal::from(once), ..standing }))
            }
            Drift::LessIncluded(missing) => {
                let (quantity, free) = (case.used - Decimal::from(missing), Decimal::TWO);
                let standing = Standing::on_lines(quantity - free, plain.price);
                let line = Line { less_included: Some(free), quantity, ..plain };
                (vec![line], Some(Standing { free: Some(free), ..standing }))
            }
            Drift::NoCharge => (vec![Line { billing_status: "NoCharge", ..plain }], Some(free_of_charge(plain))),
            Drift::DoNotBill => (vec![Line { billing_status: "DoNotBill", ..plain }], Some(free_of_charge(plain))),
        }
    }

    /// Two lines of which one does not stand on the day that is looked at.
    fn dated(&mut self, case: &Case<'_>) -> Written {
        let (plain, should) = (case.plain, case.plain.quantity);
        let (last, next) = (self.month.last_day(), self.month.next().first_day());
        // In arrears the line of the month that ends is looked at.
        let is_arrears = case.client.plan.story == Story::Arrears;
        match case.drift {
            Drift::ClerkAhead(n) => {
                let old = Line { to: Some(last), quantity: should - Decimal::from(n), ..plain };
                // What it lacks, the next one covers.
                let standing = (!is_arrears).then(|| Standing::on_lines(should, plain.price));
                (vec![old, Line { from: Some(next), ..plain }], standing)
            }
            Drift::ReplacedTooFew(n) => {
                let price = plain.price + Decimal::new(50, 2);
                let new = Line { from: Some(next), quantity: should - Decimal::from(n), price, ..plain };
                let standing = match is_arrears {
                    true => Standing::on_lines(should, plain.price),
                    false => Standing { ending: should, ..Standing::on_lines(new.quantity, price) },
                };
                (vec![Line { to: Some(last), ..plain }, new], Some(standing))
            }
            Drift::StartsLater(n) => {
                let later = Some(self.month.next().next().first_day());
                let now = Line { quantity: should - Decimal::from(n), ..plain };
                (vec![now, Line { from: later, quantity: Decimal::from(n), ..plain }], None)
            }
            _ => {
                let (begun, ended) = (Some(self.some_first(21, 21)), Some(self.month.previous().last_day()));
                let old = Line { from: begun, to: ended, quantity: should + Decimal::TWO, ..plain };
                (vec![old, plain], Some(Standing::on_lines(should, plain.price)))
            }
        }
    }

    /// The quantity in two lines on two agreements, as much of it as is billed.
    fn on_two_agreements(&mut self, case: &Case<'_>) -> Written {
        let (plain, should) = (case.plain, case.plain.quantity);
        let (missing, has_several_payers) = match case.drift {
            Drift::TwoPayers(missing) => (Decimal::from(missing), true),
            _ => (Decimal::ZERO, false),
        };
        let second = Line { second_agreement: true, quantity: Decimal::ONE, ..plain };
        let lines = vec![Line { quantity: should - missing - Decimal::ONE, ..plain }, second];
        let standing = Standing::on_lines(should - missing, plain.price);
        (lines, Some(Standing { has_several_payers, ..standing }))
    }

    /// Two lines of two prices: the newer one is what a missing unit is worth, and what is cut first.
    fn at_two_prices(&mut self, case: &Case<'_>) -> Written {
        let (plain, should) = (case.plain, case.plain.quantity);
        let billed = match case.drift {
            Drift::TwoPricesOver(more) => should + Decimal::from(more),
            Drift::TwoPrices(missing) => should - Decimal::from(missing),
            _ => should,
        };
        let (price, from) = (plain.price + Decimal::new(75, 2), Some(self.some_first(2, 2)));
        let first = Line { quantity: billed - Decimal::TWO, ..plain };
        let second = Line { price, from, quantity: Decimal::TWO, ..plain };
        let standing = Standing::on_lines(billed, price);
        (vec![first, second], Some(Standing { cut: Some((Decimal::TWO, plain.price)), ..standing }))
    }

    /// Everything twice, on an old agreement and on a new one: the old line is the one too many.
    fn both_run(&mut self, case: &Case<'_>) -> Written {
        let (plain, should) = (case.plain, case.plain.quantity);
        let (price, from) = (plain.price + Decimal::new(40, 2), Some(self.some_first(2, 2)));
        // What is cloud stands on the second agreement: the other is the older one.
        let old = Line { second_agreement: true, ..plain };
        let standing = Standing::on_lines(should + should, price);
        let cut = Some((Decimal::ZERO, plain.price));
        (vec![old, Line { price, from, ..plain }], Some(Standing { cut, ..standing }))
    }

    /// An agreement of its own for what was billed once in the month.
    fn bill_once(&mut self, case: &Case<'_>, quantity: Decimal) {
        let day = Some(self.month.first_day());
        let line = Line { quantity, from: day, to: None, ..case.plain };
        let addition = self.addition(PRODUCTS[case.product].code, line, Cycle::Monthly);
        let of = self.agreement(case.client, "One-off work", false);
        let start = self.month.first_day();
        self.dataset.agreements.push(Agreement { is_one_time: true, start, additions: vec![addition], ..of });
    }

    /// Writes down what a correct reconciliation finds, if it finds anything.
    fn note(&mut self, case: &Case<'_>, standing: &Standing) {
        let (client, product) = (case.client, &PRODUCTS[case.product]);
        let story = client.plan.story;
        let has_moved = match story {
            Story::MovedFrom => self.tells(Story::MovedTo),
            Story::MovedTo => matches!(case.product, WORKSTATION | DETECTION),
            _ => false,
        };
        let unsure = client.plan.unsure(case.product);
        let Some(found) = expected(product, case.used, unsure, standing).filter(|_| !has_moved) else { return };
        self.planted.push(planted(client, product, &found));
    }

    /// A price near the list's, per client, with the digits that real price lists have.
    fn price(&mut self, product: &Product, currency: &str) -> Decimal {
        let per_cent = match currency {
            "GBP" => self.random.between(90, 108),
            _ => self.random.between(110, 128),
        };
        Decimal::new(product.list_price / 100 * per_cent.cast_signed(), 4).normalize()
    }

    /// The first day of a month some months ago.
    pub(crate) fn some_first(&mut self, least: u64, most: u64) -> Date {
        let mut month = self.month;
        for _ in 0..self.random.between(least, most) {
            month = month.previous();
        }
        month.first_day()
    }
}

fn planted(client: &Billing<'_>, product: &Product, found: &Expectation) -> Planted {
    let variance = found.figures.map(|figures| figures.should_bill - found.billed);
    Planted {
        kind: found.kind,
        client_id: client.client_id.to_string(),
        client_name: client.client_name.to_owned(),
        source: product.source.to_owned(),
        product_code: product.code.to_owned(),
        counted: found.figures.map(|figures| figures.counted),
        billed: Some(found.billed),
        should_bill: found.figures.map(|figures| figures.should_bill),
        variance,
        unit_price: found.price,
        monthly_impact: found.worth,
        currency: if found.is_a_range { "" } else { client.currency }.to_owned(),
        ..nothing(client.plan.story.words())
    }
}

/// A line that is billed at nothing.
fn free_of_charge(line: Line) -> Standing {
    Standing::on_lines(line.quantity, Decimal::ZERO)
}

/// Units that count, if the product concerns the client at all.
fn counted(client: &Billing<'_>, product: usize) -> Option<Decimal> {
    let hundredths = client.plan.used[product]?;
    Some(if product == DETECTION {
        Decimal::from(client.agents)
    } else {
        Decimal::new(hundredths.cast_signed(), 2).normalize()
    })
}

/// A difference that the amounts allow: nothing is billed below one unit, and "too many" needs some usage.
fn possible(client: &Billing<'_>, product: usize, used: Decimal) -> Drift {
    let rule = &PRODUCTS[product];
    let should = (used - Decimal::from(rule.included)).max(Decimal::from(rule.minimum)).max(Decimal::ZERO);
    let leaves = |n: u64| should - Decimal::from(n) >= Decimal::ONE;
    let drift = client.plan.drift[product];
    let fits = match drift {
        Drift::Under(n) | Drift::ClerkAhead(n) | Drift::StartsLater(n) | Drift::ReplacedTooFew(n) => leaves(n),
        Drift::Over(_) => used > Decimal::ZERO,
        Drift::TwoLines | Drift::OldLine => leaves(1),
        Drift::TwoPrices(n) | Drift::TwoPayers(n) | Drift::BilledOnce { missing: n, .. } => leaves(n + 2),
        Drift::TwoPricesOver(_) | Drift::BothRun => leaves(3),
        Drift::LessIncluded(n) => rule.included == 0 && leaves(n + 3),
        Drift::NoCharge | Drift::DoNotBill => leaves(0),
        Drift::None | Drift::Unbilled | Drift::NoUsage(_) => true,
    };
    if fits { drift } else { Drift::None }
}
