//! Earlier months of the sample: plausible totals that shrink as the months' work is done.

use rust_decimal::Decimal;
use truecount_billing::BillingMonth;

use crate::{EarlierMonth, EarlierTotal, random::Random};

const MONTHS: usize = 3;

/// The months before, oldest first.
pub(crate) fn earlier(seed: u64, month: BillingMonth) -> Vec<EarlierMonth> {
    let mut months: Vec<BillingMonth> =
        std::iter::successors(Some(month.previous()), |one| Some(one.previous())).take(MONTHS).collect();
    months.reverse();
    let mut random = Random::of(seed, "history");
    let mut counts = 74;
    months
        .into_iter()
        .map(|month| {
            counts -= random.between(3, 8);
            let (more, less) = (counts * 2 / 3, counts / 4);
            let pounds = total("GBP", more, less, 31_00, &mut random);
            let euros = total("EUR", 2, 1, 24_00, &mut random);
            let found = more + less + 3;
            let not_reconciled_count = random.between(0, 3);
            let exception_count = found + not_reconciled_count + 2;
            EarlierMonth { month, totals: vec![euros, pounds], exception_count, not_reconciled_count }
        })
        .collect()
}

/// So many exceptions of about so many pence each, upwards and downwards.
fn total(currency: &str, more: u64, less: u64, pence: u64, random: &mut Random) -> EarlierTotal {
    let mut sum = |count: u64| {
        let pence: u64 = (0..count).map(|_| random.between(pence / 3, pence * 2)).sum();
        Decimal::new(pence.cast_signed(), 2)
    };
    EarlierTotal { currency: currency.to_owned(), add: sum(more), reduce: sum(less) }
}
