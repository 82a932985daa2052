//! What a correct reconciliation finds for one product of a client, worked out from what was planned and what is
//! billed: by hand, so that an error of the reconciliation is not made here, too.

use rust_decimal::Decimal;

use crate::{catalogue::Product, plan::Unsure};

/// What stands for a product on the day on which its lines are looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    /// Units on lines that stand; `None`: no line does.
    pub(crate) billed: Option<Decimal>,
    /// Units on lines that end before.
    pub(crate) ending: Decimal,
    /// The price of one more a month: the newest line's, else the list's; `None`: the list has none in the client's
    /// currency.
    pub(crate) price: Option<Decimal>,
    /// Units in the line's own base price.
    pub(crate) free: Option<Decimal>,
    /// Whether the client has no agreement any more.
    pub(crate) is_over: bool,
    /// Units that one-time lines of the period have billed.
    pub(crate) billed_once: Decimal,
    /// What is cut first: so many units at the price, what is beyond at this one.
    pub(crate) cut: Option<(Decimal, Decimal)>,
    /// Whether several companies pay: then a value is a range.
    pub(crate) has_several_payers: bool,
}

/// A row of the answer sheet, but for whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Expectation {
    pub(crate) kind: &'static str,
    /// `None`: only that nobody knows.
    pub(crate) figures: Option<Figures>,
    pub(crate) billed: Decimal,
    pub(crate) price: Option<Decimal>,
    /// What the change is worth a month; `None`: no bill is to be changed, or not known.
    pub(crate) worth: Option<Decimal>,
    /// Whether its value is a range, of which nothing is added up.
    pub(crate) is_a_range: bool,
}

/// The units of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) counted: Decimal,
    pub(crate) should_bill: Decimal,
}

impl Standing {
    const NONE: Self = Self {
        billed: None,
        ending: Decimal::ZERO,
        price: None,
        free: None,
        is_over: false,
        billed_once: Decimal::ZERO,
        cut: None,
        has_several_payers: false,
    };

    /// One line, or lines of one price, over so many.
    pub(crate) fn on_lines(billed: Decimal, price: Decimal) -> Self {
        Self { billed: Some(billed), price: Some(price), ..Self::NONE }
    }

    /// No line. What a product costs is listed in pounds alone.
    pub(crate) fn without_line(product: &Product, currency: &str) -> Self {
        let price = (currency == "GBP").then(|| Decimal::new(product.list_price, 4));
        Self { price, ..Self::NONE }
    }

    /// What so many units more or less are worth.
    fn worth(&self, units: Decimal) -> Option<Decimal> {
        let price = self.price.filter(|_| !self.has_several_payers)?;
        Some(match self.cut.filter(|_| units.is_sign_negative()) {
            None => units * price,
            Some((first, beyond)) => {
                let at_price = first.min(-units);
                (units + at_price) * beyond - at_price * price
            }
        })
    }

    fn should_bill(&self, product: &Product, counted: Decimal) -> Decimal {
        let included = self.free.unwrap_or(Decimal::from(product.included));
        let above = (counted - included).max(Decimal::ZERO);
        if self.billed.is_some() { above.max(Decimal::from(product.minimum)) } else { above }
    }
}

/// The exception that there is, if `sure` units are used; `None`: there is none.
pub(crate) fn expected(product: &Product, sure: Decimal, unsure: Unsure, standing: &Standing) -> Option<Expectation> {
    let (sure, at_most) = match unsure {
        Unsure::Units(units) => (sure, Some(sure + Decimal::from(units))),
        Unsure::Unread => (Decimal::ZERO, None),
    };
    let billed = standing.billed.unwrap_or(Decimal::ZERO);
    let is_a_range = standing.has_several_payers;
    let row = |kind, counted, should_bill, changes_a_bill| {
        let figures = Some(Figures { counted, should_bill });
        let worth = if changes_a_bill { standing.worth(should_bill - billed) } else { None };
        Some(Expectation { kind, figures, billed, price: standing.price, worth, is_a_range })
    };
    let unknown = {
        let (kind, figures, worth) = ("not_reconciled", None, None);
        Expectation { kind, figures, billed, price: standing.price, worth, is_a_range }
    };
    let least = standing.should_bill(product, sure);
    let once = standing.billed_once.min(least - billed).max(Decimal::ZERO);
    let least = least - once;
    let most = at_most.map(|units| standing.should_bill(product, units));
    let has_line = standing.billed.is_some();
    let tolerance = if has_line { Decimal::from(product.tolerance) } else { Decimal::ZERO };
    if least > billed {
        let missing = least - billed;
        if !standing.ending.is_zero() {
            let ending = missing.min(standing.ending);
            let found = row("agreement_ending", sure, billed + ending, false);
            // What ends with the line.
            let worth = standing.price.filter(|_| !is_a_range).map(|price| price * ending);
            return found.map(|found| Expectation { worth, ..found });
        }
        if missing <= tolerance {
            return most.is_none_or(|most| most - billed > tolerance).then_some(unknown);
        }
        return match (has_line, standing.is_over) {
            (true, _) => row("underbilled", sure, least, true),
            (false, false) => row("unbilled_usage", sure, least, true),
            (false, true) => row("ended_agreement_in_use", sure, least, false),
        };
    }
    if !has_line {
        // What nobody knows is told once, where it lies.
        return None;
    }
    if let (Some(most), Some(at_most)) = (most, at_most)
        && most < billed
    {
        let kind = if at_most.is_zero() { "billed_without_usage" } else { "overbilled" };
        if billed - most > tolerance {
            return row(kind, at_most, most, true);
        }
        return (billed - least > tolerance).then_some(unknown);
    }
    if once > Decimal::ZERO {
        return Some(unknown);
    }
    let is_near = |most: Decimal| most - billed <= tolerance && billed - least <= tolerance;
    (!most.is_some_and(is_near)).then_some(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{DETECTION, MAIL, MOBILE, PRODUCTS, WORKSTATION};

    /// `kind counted billed should_bill` of so many that are used, up to so many more, beside a line over so many.
    fn found(product: usize, sure: u64, more: Unsure, billed: Option<u64>) -> String {
        let product = &PRODUCTS[product];
        let standing = match billed {
            Some(billed) => Standing::on_lines(Decimal::from(billed), Decimal::ONE),
            None => Standing::without_line(product, "GBP"),
        };
        match expected(product, Decimal::from(sure), more, &standing) {
            None => "nothing".to_owned(),
            Some(Expectation { kind, figures: None, billed, .. }) => format!("{kind} {billed}"),
            Some(Expectation { kind, figures: Some(figures), billed, .. }) => {
                format!("{kind} {} {billed} {}", figures.counted, figures.should_bill)
            }
        }
    }

    #[test]
    fn what_is_sure_is_told_by_its_near_end_and_the_rest_is_not_reconciled() {
        let up_to = Unsure::Units;
        for (product, sure, more, billed, expected) in [
            (WORKSTATION, 5, up_to(0), Some(5), "nothing"),
            (WORKSTATION, 5, up_to(0), Some(3), "underbilled 5 3 5"),
            (WORKSTATION, 5, up_to(2), Some(3), "underbilled 5 3 5"),
            (WORKSTATION, 5, up_to(2), Some(6), "not_reconciled 6"),
            (WORKSTATION, 5, up_to(2), Some(8), "overbilled 7 8 7"),
            (WORKSTATION, 5, Unsure::Unread, Some(8), "not_reconciled 8"),
            (WORKSTATION, 5, Unsure::Unread, None, "nothing"),
            (WORKSTATION, 0, up_to(0), Some(2), "billed_without_usage 0 2 0"),
            (WORKSTATION, 5, up_to(0), None, "unbilled_usage 5 0 5"),
            (WORKSTATION, 0, up_to(3), None, "nothing"),
            (DETECTION, 5, up_to(0), Some(4), "nothing"),
            (DETECTION, 5, up_to(1), Some(5), "nothing"),
            (DETECTION, 5, up_to(2), Some(5), "not_reconciled 5"),
            (DETECTION, 5, up_to(2), Some(4), "not_reconciled 4"),
            (DETECTION, 1, up_to(0), None, "unbilled_usage 1 0 1"),
            (MOBILE, 2, up_to(0), None, "nothing"),
            (MOBILE, 4, up_to(0), Some(1), "underbilled 4 1 2"),
            (MAIL, 0, up_to(0), Some(8), "billed_without_usage 0 8 5"),
            (MAIL, 3, up_to(0), None, "unbilled_usage 3 0 3"),
        ] {
            assert_eq!(found(product, sure, more, billed), expected, "{product} {sure} {more:?} {billed:?}");
        }
    }
}
