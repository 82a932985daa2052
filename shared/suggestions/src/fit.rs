//! How well a rule fits what is billed.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use truecount_reconciliation::UsedUnits;

use crate::billed::Product;
use crate::suggestion::RuleFit;
use crate::trial::Tried;

/// What one client says of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Witness {
    /// Billed what is counted.
    Equal,
    /// Billed something else than is counted.
    Differs,
    /// Billed, and nobody knows how much is used.
    Unknown,
    /// Surely used, and no line stands.
    WithoutLine,
    /// No line, and nothing is used.
    Nothing,
    /// No line, and nobody knows whether anything is used.
    Silent,
}

impl Witness {
    fn of(billed: Option<Decimal>, used: Option<&UsedUnits>) -> Self {
        match (billed, used) {
            (Some(_), None) => Self::Unknown,
            (Some(billed), Some(used)) => match used.exact() {
                Some(exact) if exact == billed => Self::Equal,
                Some(_) => Self::Differs,
                None => Self::Unknown,
            },
            (None, None) => Self::Silent,
            (None, Some(used)) if used.at_least > Decimal::ZERO => Self::WithoutLine,
            (None, Some(used)) if used.exact().is_some() => Self::Nothing,
            (None, Some(_)) => Self::Silent,
        }
    }
}

/// What each client says.
pub(crate) fn witnesses<'t>(product: &'t Product, tried: &'t Tried) -> impl Iterator<Item = Witness> + 't {
    product.units.iter().zip(&tried.used).map(|(billed, used)| Witness::of(*billed, used.as_ref()))
}

pub(crate) fn fit(product: &Product, tried: &Tried) -> RuleFit {
    let mut fit = RuleFit::default();
    for witness in witnesses(product, tried) {
        match witness {
            Witness::Equal => (fit.equal, fit.clients) = (fit.equal + 1, fit.clients + 1),
            Witness::Differs => fit.clients += 1,
            Witness::Unknown => fit.unknown += 1,
            Witness::WithoutLine => fit.without_line += 1,
            Witness::Nothing => fit.without_either += 1,
            Witness::Silent => {}
        }
    }
    fit
}

/// How many different numbers agree: one and the same number everywhere is no count.
pub(crate) fn numbers_that_agree(product: &Product, tried: &Tried) -> usize {
    let agree = product.units.iter().zip(witnesses(product, tried)).filter(|(_, witness)| *witness == Witness::Equal);
    agree.filter_map(|(units, _)| *units).collect::<BTreeSet<_>>().len()
}

impl RuleFit {
    /// Whether so many per cent of the clients that are known are equal.
    pub(crate) fn is_at_least(&self, percent: u64) -> bool {
        self.clients > 0 && self.equal * 100 >= self.clients * percent
    }

    /// By this rules are put in order, in hundredths of a client: those that are equal, less those that differ, and less
    /// what would be told as used without a line; of two that fit alike the simpler one. A client of which the count is
    /// not known is likely to be equal, too, as long as there are few of them.
    pub(crate) fn score(&self, complexity: i64) -> i64 {
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX / 1000);
        let differ = number(self.clients - self.equal);
        let unknown = number(self.unknown.min(self.clients / 5));
        100 * number(self.equal) + 40 * unknown - 50 * differ - 25 * number(self.without_line) - 30 * complexity
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(at_least: u32, at_most: Option<u32>) -> Option<UsedUnits> {
        Some(UsedUnits { at_least: at_least.into(), at_most: at_most.map(Decimal::from) })
    }

    #[test]
    fn only_a_client_of_which_the_count_is_one_number_is_a_witness() {
        for (billed, used, expected) in [
            (Some(3), used(3, Some(3)), Witness::Equal),
            (Some(3), used(4, Some(4)), Witness::Differs),
            (Some(3), used(3, Some(4)), Witness::Unknown),
            (Some(3), used(3, None), Witness::Unknown),
            (Some(3), None, Witness::Unknown),
            (None, used(1, None), Witness::WithoutLine),
            (None, used(0, Some(0)), Witness::Nothing),
            (None, used(0, None), Witness::Silent),
            (None, None, Witness::Silent),
        ] {
            let found = Witness::of(billed.map(Decimal::from), used.as_ref());
            assert_eq!(found, expected, "{billed:?} {used:?}");
        }
    }

    #[test]
    fn a_client_more_outweighs_a_longer_rule_and_use_without_a_line_weighs_less() {
        let of = |equal, clients, without_line| RuleFit { equal, clients, without_line, ..RuleFit::default() };
        assert!(of(41, 48, 0).score(1) > of(40, 48, 0).score(0));
        assert!(of(41, 48, 0).score(0) > of(41, 48, 0).score(1));
        assert!(of(20, 20, 0).score(1) > of(20, 20, 28).score(0));
        assert!(of(24, 24, 24).score(0) > of(15, 24, 0).score(0));
        assert!(of(9, 10, 0).is_at_least(90) && !of(8, 10, 0).is_at_least(90) && !of(0, 0, 0).is_at_least(0));
    }
}
