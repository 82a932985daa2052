//! The billed side of one client: its agreements and lines, and a note of every difference while it is made.

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::{
    Planted,
    catalogue::{DETECTION, GRAPH, PREMIUM, PRODUCTS, Product},
    estate::{Addition, Agreement, Cycle},
    plan::{Drift, PRODUCT_COUNT, Plan, Story},
    plant::{Planter, nothing},
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
struct Line {
    quantity: Decimal,
    /// A month.
    price: Decimal,
    from: Option<Date>,
    to: Option<Date>,
    treatment: &'static str,
    less_included: Option<Decimal>,
    second_agreement: bool,
}

/// What the engine should say about one product of a client.
struct Verdict {
    kind: &'static str,
    used: Decimal,
    billed: Decimal,
    expected: Decimal,
    price: Decimal,
    list_price: bool,
}

impl Planter {
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
        self.estate.agreements.extend([first, second].into_iter().filter(|one| !one.additions.is_empty()));
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
            treatment: line.treatment,
        }
    }

    /// The lines for one product; a difference is noted here, in the arm that makes it.
    fn lines(&mut self, client: &Billing<'_>, product: usize, used: Decimal) -> Vec<Line> {
        let rule = &PRODUCTS[product];
        let drift = possible(client, product, used);
        let price = self.price(rule, client.currency);
        let should = (used - Decimal::from(rule.included)).max(Decimal::from(rule.minimum)).max(Decimal::ZERO);
        let from = Some(self.some_first(3, 20));
        let line = |quantity| Line {
            quantity,
            price,
            from,
            to: None,
            treatment: "Billable",
            less_included: None,
            second_agreement: false,
        };
        if client.plan.story == Story::AgreementEnded {
            if should > Decimal::ZERO {
                let expected = (used - Decimal::from(rule.included)).max(Decimal::ZERO);
                let verdict = Verdict {
                    kind: "agreement_ended_with_usage",
                    used,
                    billed: Decimal::ZERO,
                    expected,
                    price,
                    list_price: false,
                };
                self.note(client, product, verdict);
                return vec![line(should)];
            }
            return Vec::new();
        }
        if self.is_unread(client, rule) {
            if should.is_zero() {
                return Vec::new();
            }
            self.note_unread(client, rule, should);
            return vec![line(should)];
        }
        let differs = |kind, billed| Verdict { kind, used, billed, expected: should, price, list_price: false };
        match drift {
            Drift::None if should.is_zero() => Vec::new(),
            Drift::None => vec![line(should)],
            Drift::Under(n) => {
                let billed = should - Decimal::from(n);
                self.note(client, product, differs("underbilled_quantity", billed));
                vec![line(billed)]
            }
            Drift::Over(n) => {
                let billed = should + Decimal::from(n);
                self.note(client, product, differs("overbilled_quantity", billed));
                vec![line(billed)]
            }
            Drift::NoUsage(n) => {
                self.note(client, product, differs("billed_without_usage", Decimal::from(n)));
                vec![line(Decimal::from(n))]
            }
            Drift::Unbilled => {
                self.note_unbilled(client, product, used);
                Vec::new()
            }
            Drift::ClerkAhead(n) => {
                let old = should - Decimal::from(n);
                if client.plan.story == Story::Arrears {
                    self.note(client, product, differs("underbilled_quantity", old));
                }
                let (last, next) = (self.month.last_day(), self.month.next().first_day());
                vec![Line { to: Some(last), ..line(old) }, Line { from: Some(next), ..line(should) }]
            }
            Drift::StartsLater(n) => {
                let billed = should - Decimal::from(n);
                self.note(client, product, differs("underbilled_quantity", billed));
                let later = Some(self.month.next().next().first_day());
                vec![line(billed), Line { from: later, ..line(Decimal::from(n)) }]
            }
            Drift::OldLine => {
                let ended = Some(self.month.previous().last_day());
                vec![
                    Line { to: ended, from: Some(self.some_first(21, 21)), ..line(should + Decimal::TWO) },
                    line(should),
                ]
            }
            Drift::TwoLines => {
                let part = Decimal::ONE;
                vec![line(should - part), Line { second_agreement: true, ..line(part) }]
            }
            Drift::TwoPrices(n) => {
                let billed = should - Decimal::from(n);
                let newer = Line {
                    price: price + Decimal::new(75, 2),
                    from: Some(self.some_first(2, 2)),
                    ..line(Decimal::TWO)
                };
                self.note(client, product, Verdict { price: newer.price, ..differs("underbilled_quantity", billed) });
                vec![line(billed - Decimal::TWO), newer]
            }
            Drift::LessIncluded(n) => {
                let (quantity, free) = (used - Decimal::from(n), Decimal::TWO);
                if n > 0 {
                    let verdict = Verdict { expected: used - free, ..differs("underbilled_quantity", quantity - free) };
                    self.note(client, product, verdict);
                }
                vec![Line { less_included: Some(free), ..line(quantity) }]
            }
            Drift::NoCharge => vec![Line { treatment: "NoCharge", ..line(should) }],
            Drift::DoNotBill => vec![Line { treatment: "DoNotBill", ..line(should) }],
        }
    }

    fn note_unbilled(&mut self, client: &Billing<'_>, product: usize, used: Decimal) {
        let rule = &PRODUCTS[product];
        let expected = (used - Decimal::from(rule.included)).max(Decimal::ZERO);
        let price = Decimal::new(rule.list_price, 4);
        let verdict =
            Verdict { kind: "unbilled_usage", used, billed: Decimal::ZERO, expected, price, list_price: true };
        self.note(client, product, verdict);
    }

    /// Writes a difference down, unless the rule tolerates it.
    fn note(&mut self, client: &Billing<'_>, product: usize, verdict: Verdict) {
        let rule = &PRODUCTS[product];
        let variance = verdict.expected - verdict.billed;
        if variance.abs() <= Decimal::from(rule.tolerance) {
            return;
        }
        self.planted.push(Planted {
            kind: verdict.kind,
            client_id: client.client_id.to_string(),
            client_name: client.client_name.to_owned(),
            source: rule.source.to_owned(),
            account_id: String::new(),
            rule_id: rule.rule_id.to_owned(),
            product_code: rule.code.to_owned(),
            used: Some(verdict.used),
            billed: Some(verdict.billed),
            expected: Some(verdict.expected),
            variance: Some(variance),
            unit_price: Some(verdict.price),
            monthly_impact: Some(variance * verdict.price),
            currency: if verdict.list_price { "GBP" } else { client.currency }.to_owned(),
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
            kind: "not_compared",
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
