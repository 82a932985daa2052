//! The billed side of one client: its agreements and lines, and a note of every difference while it is made.

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::{
    Planted,
    catalogue::{DETECTION, GRAPH, PREMIUM, PRODUCTS, Product},
    dataset::{Addition, Agreement, Cycle},
    plan::{Drift, PRODUCT_COUNT, Plan, Story},
    seed_discrepancies::{DiscrepancySeeder, nothing},
};

/// A client while it is being billed.
pub(crate) struct Billing<'a> {
    pub(crate) client_id: u64,
    pub(crate) client_name: &'a str,
    pub(crate) plan: &'a Plan,
    pub(crate) currency: &'static str,
    /// Fresh workstations and servers together, in whole units.
    pub(crate) agents: u64,
    /// The id of its tenant.
    pub(crate) tenant_id: &'a str,
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

/// What a correct reconciliation finds for one product of a client.
#[derive(Clone, Copy)]
struct Expectation {
    kind: &'static str,
    used: Decimal,
    billed: Decimal,
    expected: Decimal,
    price: Decimal,
    list_price: bool,
}

/// One product of a client: the line that would be right, and what is done to it.
struct Case<'a> {
    client: &'a Billing<'a>,
    product: usize,
    drift: Drift,
    plain: Line,
    expected_row: Expectation,
}

impl DiscrepancySeeder {
    /// Writes a client's agreements and notes what differs.
    pub(crate) fn bill(&mut self, client: &Billing<'_>) {
        if client.plan.story == Story::NoAgreement {
            for product in 0..PRODUCT_COUNT {
                if let Some(used) = counted(client, product) {
                    self.note_unbilled(client, product, used);
                }
            }
            return;
        }
        let mut first = self.agreement(client, "Managed services");
        let mut second = self.agreement(client, "Cloud and licences");
        for product in 0..PRODUCT_COUNT {
            let Some(used) = counted(client, product) else { continue };
            let cloud = product >= PREMIUM;
            for line in self.lines(client, product, used) {
                let into = if cloud != line.second_agreement { &mut second } else { &mut first };
                let addition = self.addition(product, line, into.cycle);
                into.additions.push(addition);
            }
        }
        self.dataset.agreements.extend([first, second].into_iter().filter(|one| !one.additions.is_empty()));
    }

    fn agreement(&mut self, client: &Billing<'_>, name: &str) -> Agreement {
        self.next_agreement += 1;
        let ended = client.plan.story == Story::AgreementEnded;
        Agreement {
            id: self.next_agreement,
            name: name.to_owned(),
            company_id: client.client_id,
            start: self.some_first(21, 30),
            end: ended.then(|| self.month.previous().last_day()),
            cycle: if client.plan.story == Story::Quarterly { Cycle::Quarterly } else { Cycle::Monthly },
            arrears: client.plan.story == Story::Arrears,
            additions: Vec::new(),
        }
    }

    fn addition(&mut self, product: usize, line: Line, cycle: Cycle) -> Addition {
        self.next_addition += 1;
        Addition {
            id: self.next_addition,
            product: PRODUCTS[product].code,
            quantity: line.quantity,
            less_included: line.less_included,
            unit_price: line.price * Decimal::from(cycle.months()),
            from: line.from,
            to: line.to,
            billing_status: line.billing_status,
        }
    }

    /// The lines for one product, with a note of what differs.
    fn lines(&mut self, client: &Billing<'_>, product: usize, used: Decimal) -> Vec<Line> {
        let rule = &PRODUCTS[product];
        let price = self.price(rule, client.currency);
        let above = (used - Decimal::from(rule.included)).max(Decimal::ZERO);
        let should = above.max(Decimal::from(rule.minimum));
        let from = Some(self.some_first(3, 20));
        let plain = Line {
            quantity: should,
            price,
            from,
            to: None,
            billing_status: "Billable",
            less_included: None,
            second_agreement: false,
        };
        let expected_row =
            Expectation { kind: "", used, billed: Decimal::ZERO, expected: should, price, list_price: false };
        let case = Case { client, product, drift: possible(client, product, used), plain, expected_row };
        if client.plan.story == Story::AgreementEnded && !should.is_zero() {
            let kind = "ended_agreement_in_use";
            self.note(client, product, Expectation { kind, expected: above, ..expected_row });
            return vec![plain];
        }
        if self.is_unread(client, rule) && !should.is_zero() {
            self.note_unread(client, rule, should);
            return vec![plain];
        }
        match case.drift {
            Drift::None if should.is_zero() => Vec::new(),
            Drift::None => vec![plain],
            Drift::Under(_) | Drift::Over(_) | Drift::NoUsage(_) | Drift::Unbilled => self.miscounted(&case),
            Drift::ClerkAhead(_) | Drift::StartsLater(_) | Drift::OldLine => self.dated(&case),
            Drift::TwoLines | Drift::TwoPrices(_) => self.in_parts(&case),
            Drift::LessIncluded(n) => self.with_included(&case, Decimal::from(n)),
            Drift::NoCharge => vec![Line { billing_status: "NoCharge", ..plain }],
            Drift::DoNotBill => vec![Line { billing_status: "DoNotBill", ..plain }],
        }
    }

    /// One line of the wrong quantity, or none.
    fn miscounted(&mut self, case: &Case<'_>) -> Vec<Line> {
        let should = case.plain.quantity;
        let (kind, billed) = match case.drift {
            Drift::Under(n) => ("underbilled", should - Decimal::from(n)),
            Drift::Over(n) => ("overbilled", should + Decimal::from(n)),
            Drift::NoUsage(n) => ("billed_without_usage", Decimal::from(n)),
            _ => {
                self.note_unbilled(case.client, case.product, case.expected_row.used);
                return Vec::new();
            }
        };
        self.note(case.client, case.product, Expectation { kind, billed, ..case.expected_row });
        vec![Line { quantity: billed, ..case.plain }]
    }

    /// Two lines of which one does not stand on the day that counts.
    fn dated(&mut self, case: &Case<'_>) -> Vec<Line> {
        let (plain, should) = (case.plain, case.plain.quantity);
        let under = |billed| Expectation { kind: "underbilled", billed, ..case.expected_row };
        match case.drift {
            Drift::ClerkAhead(n) => {
                let old = should - Decimal::from(n);
                if case.client.plan.story == Story::Arrears {
                    self.note(case.client, case.product, under(old));
                }
                let (last, next) = (self.month.last_day(), self.month.next().first_day());
                vec![Line { to: Some(last), quantity: old, ..plain }, Line { from: Some(next), ..plain }]
            }
            Drift::StartsLater(n) => {
                let billed = should - Decimal::from(n);
                self.note(case.client, case.product, under(billed));
                let later = Some(self.month.next().next().first_day());
                vec![Line { quantity: billed, ..plain }, Line { from: later, quantity: Decimal::from(n), ..plain }]
            }
            _ => {
                let (begun, ended) = (Some(self.some_first(21, 21)), Some(self.month.previous().last_day()));
                vec![Line { from: begun, to: ended, quantity: should + Decimal::TWO, ..plain }, plain]
            }
        }
    }

    /// The quantity in two lines, which may have two prices: then the newer one is what a missing unit is worth.
    fn in_parts(&mut self, case: &Case<'_>) -> Vec<Line> {
        let (plain, should) = (case.plain, case.plain.quantity);
        let Drift::TwoPrices(n) = case.drift else {
            let second = Line { second_agreement: true, quantity: Decimal::ONE, ..plain };
            return vec![Line { quantity: should - Decimal::ONE, ..plain }, second];
        };
        let (price, from) = (plain.price + Decimal::new(75, 2), Some(self.some_first(2, 2)));
        let billed = should - Decimal::from(n);
        let expected_row = Expectation { kind: "underbilled", billed, price, ..case.expected_row };
        self.note(case.client, case.product, expected_row);
        vec![Line { quantity: billed - Decimal::TWO, ..plain }, Line { price, from, quantity: Decimal::TWO, ..plain }]
    }

    /// A line of which two units are in the base price, and which may be too short by some.
    fn with_included(&mut self, case: &Case<'_>, missing: Decimal) -> Vec<Line> {
        let (quantity, free) = (case.expected_row.used - missing, Decimal::TWO);
        if !missing.is_zero() {
            let (billed, expected) = (quantity - free, case.expected_row.used - free);
            let expected_row = Expectation { kind: "underbilled", billed, expected, ..case.expected_row };
            self.note(case.client, case.product, expected_row);
        }
        vec![Line { less_included: Some(free), quantity, ..case.plain }]
    }

    fn note_unbilled(&mut self, client: &Billing<'_>, product: usize, used: Decimal) {
        let rule = &PRODUCTS[product];
        let expected = (used - Decimal::from(rule.included)).max(Decimal::ZERO);
        let price = Decimal::new(rule.list_price, 4);
        let expected_row =
            Expectation { kind: "unbilled_usage", used, billed: Decimal::ZERO, expected, price, list_price: true };
        self.note(client, product, expected_row);
    }

    /// Writes a difference down, unless the rule tolerates it.
    fn note(&mut self, client: &Billing<'_>, product: usize, expected_row: Expectation) {
        let rule = &PRODUCTS[product];
        let variance = expected_row.expected - expected_row.billed;
        if variance.abs() <= Decimal::from(rule.tolerance) {
            return;
        }
        self.planted.push(Planted {
            kind: expected_row.kind,
            client_id: client.client_id.to_string(),
            client_name: client.client_name.to_owned(),
            source: rule.source.to_owned(),
            account_id: String::new(),
            rule_id: rule.rule_id.to_owned(),
            product_code: rule.code.to_owned(),
            counted: Some(expected_row.used),
            billed: Some(expected_row.billed),
            should_bill: Some(expected_row.expected),
            variance: Some(variance),
            unit_price: Some(expected_row.price),
            monthly_impact: Some(variance * expected_row.price),
            currency: if expected_row.list_price { "GBP" } else { client.currency }.to_owned(),
            story: client.plan.story.words(),
        });
    }

    /// Whether a client's usage under a rule cannot be read.
    fn is_unread(&self, client: &Billing<'_>, rule: &Product) -> bool {
        client.plan.story == Story::ForbiddenTenant && rule.source == GRAPH
    }

    /// Writes down that a billed product cannot be compared: unknown is not zero.
    fn note_unread(&mut self, client: &Billing<'_>, rule: &Product, billed: Decimal) {
        self.planted.push(Planted {
            kind: "not_reconciled",
            client_id: client.client_id.to_string(),
            client_name: client.client_name.to_owned(),
            source: rule.source.to_owned(),
            account_id: client.tenant_id.to_owned(),
            rule_id: rule.rule_id.to_owned(),
            product_code: rule.code.to_owned(),
            billed: Some(billed),
            ..nothing(client.plan.story.words())
        });
    }

    /// A price near the list's, per client, with the digits that real price lists have.
    fn price(&mut self, rule: &Product, currency: &str) -> Decimal {
        let per_cent = match currency {
            "GBP" => self.random.between(90, 108),
            _ => self.random.between(110, 128),
        };
        Decimal::new(rule.list_price / 100 * per_cent.cast_signed(), 4).normalize()
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
        Drift::Under(n) | Drift::ClerkAhead(n) | Drift::StartsLater(n) => leaves(n),
        Drift::Over(_) => used > Decimal::ZERO,
        Drift::TwoLines | Drift::OldLine => leaves(1),
        Drift::TwoPrices(n) => leaves(n + 2),
        Drift::LessIncluded(n) => rule.included == 0 && leaves(n + 3),
        Drift::NoCharge | Drift::DoNotBill => leaves(0),
        Drift::None | Drift::Unbilled | Drift::NoUsage(_) => true,
    };
    if fits { drift } else { Drift::None }
}
