//! One-to-one assignment of accounts to clients with the greatest total probability.

use hashbrown::HashMap;

use crate::model::probability;
use crate::suggest::Likely;

/// Less probable pairs are not assigned.
const PROBABILITY_MIN: f32 = 0.05;
/// Maximum bidding rounds for one group of names; after that, the assignment found so far is kept.
const BIDS_MAX: usize = 200_000;
/// The minimum bid increment. Sums of probabilities that differ by less count as equal.
const RAISE: f32 = 1e-4;

/// Assigns each client to at most one account so that the sum of probabilities is greatest (Bertsekas's auction). A client
/// that an account does not get drops below even odds, with the account that got it as the reason.
pub(crate) fn one_to_one(scored: &mut [Vec<Likely>], clients: usize) {
    let mut prices = vec![0.0_f32; clients];
    let mut takers: Vec<Option<usize>> = vec![None; clients];
    let mut open: Vec<usize> = (0..scored.len()).rev().collect();
    let mut bids = 0;
    while let Some(account) = open.pop() {
        bids += 1;
        if bids > BIDS_MAX.max(scored.len() * 20) {
            break;
        }
        // staying without a client has value 0 and is always possible
        let (mut best, mut second) = ((0.0, None), 0.0);
        for known in &scored[account] {
            let chance = probability(known.odds);
            let gain = chance - prices[known.client];
            if chance >= PROBABILITY_MIN && gain > best.0 {
                second = best.0;
                best = (gain, Some(known.client));
            } else if gain > second {
                second = gain;
            }
        }
        let (gain, Some(client)) = best else { continue };
        prices[client] += gain - second + RAISE;
        if let Some(outbid) = takers[client].replace(account) {
            open.push(outbid);
        }
    }
    let by_client: HashMap<usize, usize> =
        takers.iter().enumerate().filter_map(|(client, taker)| taker.map(|taker| (client, taker))).collect();
    for (account, likely) in scored.iter_mut().enumerate() {
        for known in likely.iter_mut() {
            match by_client.get(&known.client) {
                Some(taker) if *taker != account => {
                    known.better = Some(*taker);
                    known.odds = known.odds.min(0.0) - SET_BACK;
                }
                _ => {}
            }
        }
        likely.sort_by(|a, b| b.odds.total_cmp(&a.odds));
    }
}

/// A client assigned to another account may still be right here: the other may be wrong.
const SET_BACK: f32 = 1.0;
