//! Clients that another has taken over: used where the agreement ended, and about as much billed too many elsewhere.

use rust_decimal::Decimal;

use crate::outcome::{MovedClient, OutcomeRow, RowKind};
use crate::portfolio::KeptClient;
use crate::run_index::RunIndex;
use crate::run_inputs::RunInputs;

/// Below so many units two numbers are alike by chance.
const UNITS_MIN: Decimal = Decimal::from_parts(5, 0, 0, false, 0);
/// So many per cent may differ: somebody joined or left meanwhile.
const PERCENT_MAX: Decimal = Decimal::from_parts(10, 0, 0, false, 0);

/// A service that moved: the rows of both clients, each by client and number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Move {
    pub(crate) used: (usize, usize),
    pub(crate) billed: (usize, usize),
}

/// Finds the services of which one client alone is billed about as many too many as one other uses without an agreement;
/// of clients that the PSA links, however many.
pub(crate) fn find_moves(kept: &[KeptClient<'_>], index: &RunIndex) -> Vec<Move> {
    let rows_of = |kinds: &'static [RowKind]| {
        kept.iter().enumerate().flat_map(move |(client, kept)| {
            let rows = kept.rows.iter().filter(|(_, row)| kinds.contains(&row.kind));
            rows.map(move |(at, row)| ((client, *at), row))
        })
    };
    let used: Vec<_> = rows_of(&[RowKind::EndedAgreementInUse]).collect();
    if used.is_empty() {
        return Vec::new();
    }
    let billed: Vec<_> = rows_of(&[RowKind::Overbilled, RowKind::BilledWithoutUsage]).collect();
    let is_pair = |used: &((usize, usize), &OutcomeRow), billed: &((usize, usize), &OutcomeRow)| {
        used.1.service == billed.1.service
            && (is_about_as_much(used.1, billed.1) || index.linked(used.0.0).contains(&billed.0.0))
    };
    let mut moves = Vec::new();
    for one in &used {
        let mut there = billed.iter().filter(|other| is_pair(one, other));
        let (Some(other), None) = (there.next(), there.next()) else { continue };
        let is_only_one = used.iter().filter(|another| is_pair(another, other)).count() == 1;
        if is_only_one {
            moves.push(Move { used: one.0, billed: other.0 });
        }
    }
    moves
}

fn variance(row: &OutcomeRow) -> Decimal {
    row.compared.as_ref().and_then(|compared| compared.figures.as_ref()).map_or(Decimal::ZERO, |one| one.variance)
}

fn is_about_as_much(used: &OutcomeRow, billed: &OutcomeRow) -> bool {
    let (more, less) = (variance(used), -variance(billed));
    let (far, allowed) = ((more - less).abs(), more.checked_mul(PERCENT_MAX).unwrap_or(Decimal::MAX));
    more >= UNITS_MIN && far.checked_mul(Decimal::ONE_HUNDRED).is_some_and(|far| far <= allowed)
}

/// The clients that moved: one entry for each pair.
pub(crate) fn moved_clients(kept: &[KeptClient<'_>], inputs: &RunInputs, moves: &[Move]) -> Vec<MovedClient> {
    let mut moved: Vec<MovedClient> = Vec::new();
    for one in moves {
        let ((from, used), (to, billed)) = (one.used, one.billed);
        let rows = (kept[from].rows[&used].clone(), kept[to].rows[&billed].clone());
        let (from, to) = (inputs.clients[from].id.clone(), inputs.clients[to].id.clone());
        match moved.iter_mut().find(|known| known.from == from && known.to == to) {
            Some(known) => known.services.push(rows),
            None => moved.push(MovedClient { from, to, services: vec![rows] }),
        }
    }
    moved
}
