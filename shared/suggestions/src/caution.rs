//! What keeps a rule that fits best from being taken over without a person: nothing wrong is ever written.

use rust_decimal::Decimal;
use truecount_reconciliation::UsedUnits;

use crate::billed::Product;
use crate::fit::{Witness, numbers_that_agree, witnesses};
use crate::ranking::Ranked;
use crate::suggestion::{Caution, RuleFit};

/// So many clients must be witnesses.
pub(crate) const CLIENTS_MIN: u64 = 5;
/// At so many per cent of them it must be equal.
pub(crate) const PERCENT_MIN: u64 = 90;
/// A rule fits a little at so many per cent.
pub(crate) const SOME_PERCENT: u64 = 50;
/// One number more or less says little of a count: so many different ones must agree.
const NUMBERS_MIN: usize = 3;
/// Clients without a line that use nothing say the same: so many of them.
const WITHOUT_EITHER_MIN: u64 = 3;
/// Use without a line at more than a so many-th of the clients that are equal says that not everybody buys it.
const SHARE_WITHOUT_LINE: u64 = 10;

/// What keeps the first of the ranking from being taken over.
pub(crate) fn caution(product: &Product, ranked: &[Ranked<'_>]) -> Option<Caution> {
    let (first, rest) = ranked.split_first()?;
    let fit = first.fit;
    if fit.clients < CLIENTS_MIN {
        return Some(Caution::FewClients { needed: CLIENTS_MIN });
    }
    if !fit.is_at_least(PERCENT_MIN) {
        return Some(Caution::PoorFit { needed: PERCENT_MIN });
    }
    if numbers_that_agree(product, first.tried) < NUMBERS_MIN && !shows_who_has_none(&fit) {
        return Some(Caution::FeeOrCount { rule: first.rule() });
    }
    rest.iter().find_map(|other| rival(product, first, other)).or_else(|| not_sold_everywhere(&fit))
}

/// Whether clients without a line have none of it: then it is a count, though it is one nearly everywhere.
pub(crate) fn shows_who_has_none(fit: &RuleFit) -> bool {
    fit.without_either >= WITHOUT_EITHER_MIN && fit.without_line * SHARE_WITHOUT_LINE <= fit.without_either
}

/// Other clients use it, too, and are not billed.
pub(crate) fn not_sold_everywhere(fit: &RuleFit) -> Option<Caution> {
    let clients = fit.without_line;
    (clients > 1 && clients * SHARE_WITHOUT_LINE > fit.equal).then_some(Caution::NotSoldEverywhere { clients })
}

/// Another rule that could as well be meant.
fn rival(product: &Product, first: &Ranked<'_>, other: &Ranked<'_>) -> Option<Caution> {
    if other.fit.equal * 2 < first.fit.equal {
        return None;
    }
    let is_simpler = first.complexity() < other.complexity();
    if counts_alike(first, other) {
        let is_meant = is_simpler || first.likeness > other.likeness;
        return (!is_meant).then(|| Caution::SameCount { rule: other.rule() });
    }
    let (mut only_first, mut only_other, mut without_line) = (0, 0, 0_i64);
    for pair in witnesses(product, first.tried).zip(witnesses(product, other.tried)) {
        match pair {
            (Witness::Equal, Witness::Differs) => only_first += 1,
            (Witness::Differs, Witness::Equal) => only_other += 1,
            (Witness::Nothing, Witness::WithoutLine) => without_line += 1,
            (Witness::WithoutLine, Witness::Nothing) => without_line -= 1,
            _ => {}
        }
    }
    // A client without a line that uses it says a quarter of what one says that is billed.
    let lead = 4 * (only_first - only_other) + without_line;
    let needed = if is_simpler && first.complexity() == 0 { 4 } else { 8 };
    let [only_first, only_other] = [only_first, only_other].map(i64::unsigned_abs);
    (lead < needed).then(|| Caution::CloseCall { rule: other.rule(), only_first, only_other })
}

/// Whether two rules count the same wherever both are known.
pub(crate) fn counts_alike(one: &Ranked<'_>, other: &Ranked<'_>) -> bool {
    let exact = |used: &Option<UsedUnits>| used.and_then(|used| used.exact());
    let mut both = one.tried.used.iter().zip(&other.tried.used);
    both.all(|(one, other)| exact(one).zip(exact(other)).is_none_or(|(one, other)| one == other))
}

/// Whether a product is billed once at nearly every client.
pub(crate) fn is_one_everywhere(product: &Product) -> bool {
    let (once, clients) = (product.billed_once(), product.clients());
    clients > 0 && once * 100 >= clients * 95 && product.units.iter().flatten().all(|units| *units <= Decimal::TEN)
}
