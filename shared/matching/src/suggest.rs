//! For each account the clients that it may belong to, best first, with a probability and reasons for and against.

use crate::candidates::{Candidate, Index};
use crate::evidence::{EvidenceIndex, Said};
use crate::explain::{Explained, explain};
use crate::lists::Lists;
use crate::measure::{Measures, Rivals, measure, twins};
use crate::name::Name;
use crate::{Party, Reason, Score, Sites, Suggestion, assign, model};

/// Maximum suggestions for an account.
pub const SUGGESTIONS_MAX: usize = 5;

/// A client within this similarity of the best counts as nearly as similar.
const NEAR: f32 = 0.15;

/// Clients with a lower probability, in thousandths, are left out. With at most [`SUGGESTIONS_MAX`] clients an account, the
/// right client of an account with a shared word or initials is kept in at least 98 of 100 cases of the labelled sets, at
/// less than two clients an account (`.ci/matching` measures both).
const THOUSANDTHS_MIN: u32 = 5;

/// Clients with a lower probability, in thousandths, may be right and are proposed to nobody: of twenty such, less than one is.
const PROPOSED_THOUSANDTHS_MIN: u32 = 50;

/// From this probability on, in millionths, a name can be clearly more like another client's. On the labelled sets this and
/// [`TIMES_MORE_LIKELY`] hold back 2 of 100 right identifiers and 94 of 100 wrong ones.
const LIKELY_MILLIONTHS: u32 = 200_000;

/// How many times more probable the other client must be.
const TIMES_MORE_LIKELY: u32 = 2;

/// Whether a name with these probabilities, by the names alone, is clearly another client's.
#[must_use]
pub fn is_clearly_more_like(other: Score, own: Score) -> bool {
    other.millionths() >= LIKELY_MILLIONTHS && other.millionths() >= own.millionths().saturating_mul(TIMES_MORE_LIKELY)
}

impl Suggestion {
    /// Whether it is probable enough to be offered to a person. The others only say whose the account may be.
    #[must_use]
    pub const fn is_proposed(&self) -> bool {
        self.score.thousandths() >= PROPOSED_THOUSANDTHS_MIN
    }

    /// Whether evidence speaks for another client, or against these two being the same.
    #[must_use]
    pub fn is_contradicted(&self) -> bool {
        self.against.iter().any(Reason::contradicts)
    }
}

/// A pair of names with its features: what the model is trained on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// The client's index in the list of clients.
    pub client: usize,
    /// The features.
    pub measures: Measures,
}

/// For each account, in the order given, the clients that it may belong to, the most probable first: at most
/// [`SUGGESTIONS_MAX`], unless further ones are exactly as probable as the last; none, if it resembles nobody. A suggestion
/// confirms nothing, and not every one [is proposed](Suggestion::is_proposed). An account that resembles nobody may still be
/// anybody's.
///
/// The order of accounts and clients affects only the order of the result. Words are weighted by their rarity in the two
/// lists, so pass the whole lists, including what is mapped already.
#[must_use]
pub fn suggest(accounts: &[Party<'_>], clients: &[Party<'_>], sites: Sites) -> Vec<Vec<Suggestion>> {
    let pairs = Pairs::new(accounts, clients);
    let mut suggestions = vec![Vec::new(); accounts.len()];
    for (left, likely) in pairs.likely(sites).into_iter().enumerate() {
        suggestions[pairs.account_order[left]] = pairs.told(left, &likely);
    }
    suggestions
}

/// The candidates of each account with their features, in the order of the accounts.
#[must_use]
pub fn measure_pairs(accounts: &[Party<'_>], clients: &[Party<'_>]) -> Vec<Vec<Measured>> {
    let pairs = Pairs::new(accounts, clients);
    let mut measured = vec![Vec::new(); accounts.len()];
    for (left, candidates) in pairs.candidates.iter().enumerate() {
        let rivals = pairs.rivals(candidates);
        measured[pairs.account_order[left]] = candidates
            .iter()
            .zip(&rivals)
            .map(|(candidate, rivals)| Measured {
                client: pairs.owners[candidate.right as usize],
                measures: measure(&pairs.lists, left, *candidate, rivals).0,
            })
            .collect();
    }
    measured
}

/// A client of an account, with its odds.
#[derive(Debug, Clone)]
pub(crate) struct Likely {
    pub client: usize,
    pub odds: f32,
    /// By the names alone.
    pub by_name: f32,
    /// The client's name that was compared, if one was.
    pub candidate: Option<Candidate>,
    pub said: Said,
    /// The account to which the client was assigned instead.
    pub better: Option<usize>,
}

/// Both lists in a fixed order, and the pairs worth comparing.
pub(crate) struct Pairs<'a> {
    accounts: &'a [Party<'a>],
    clients: &'a [Party<'a>],
    /// By left name the account.
    pub(crate) account_order: Vec<usize>,
    /// The client of each right name: a client may have several names.
    owners: Vec<usize>,
    /// The right names as they came.
    right_names: Vec<&'a str>,
    lists: Lists,
    candidates: Vec<Vec<Candidate>>,
    /// By left name the right names that are its initials, beside its candidates.
    abbreviations: Vec<Vec<Candidate>>,
    /// By right name: the two best similarities, and how many left names are nearly as similar.
    of_rights: Vec<OfRight>,
}

#[derive(Debug, Clone, Copy, Default)]
struct OfRight {
    best: f32,
    second: f32,
    near: usize,
}

impl<'a> Pairs<'a> {
    pub(crate) fn new(accounts: &'a [Party<'a>], clients: &'a [Party<'a>]) -> Self {
        let mut account_order: Vec<usize> = (0..accounts.len()).collect();
        account_order.sort_by(|a, b| accounts[*a].cmp(&accounts[*b]));
        let names = |(client, party): (usize, &'a Party<'a>)| {
            std::iter::once(party.name).chain(party.evidence.known_as.iter().copied()).map(move |name| (name, client))
        };
        let mut rights: Vec<(&str, usize)> = clients.iter().enumerate().flat_map(names).collect();
        rights.sort_by(|a, b| a.0.cmp(b.0).then_with(|| clients[a.1].cmp(&clients[b.1])));
        let lists = Lists::new(
            account_order.iter().map(|account| Name::new(accounts[*account].name)).collect(),
            rights.iter().map(|(name, _)| Name::new(name)).collect(),
        );
        let (right_names, owners) = rights.into_iter().unzip();
        let (candidates, abbreviations) = all_candidates(&lists);
        let mut of_rights = vec![OfRight::default(); lists.rights.len()];
        for candidate in candidates.iter().flatten() {
            let of_right = &mut of_rights[candidate.right as usize];
            let likeness = candidate.likeness();
            if likeness > of_right.best {
                of_right.second = std::mem::replace(&mut of_right.best, likeness);
            } else if likeness > of_right.second {
                of_right.second = likeness;
            }
        }
        for candidate in candidates.iter().flatten() {
            let of_right = &mut of_rights[candidate.right as usize];
            of_right.near += usize::from(candidate.likeness() > of_right.best - NEAR);
        }
        Self { accounts, clients, account_order, owners, right_names, lists, candidates, abbreviations, of_rights }
    }

    /// How each candidate of a left name ranks among the others.
    fn rivals(&self, candidates: &[Candidate]) -> Vec<Rivals> {
        candidates.iter().map(|candidate| self.rank(candidate, candidates)).collect()
    }

    fn rank(&self, candidate: &Candidate, candidates: &[Candidate]) -> Rivals {
        let others = || {
            let owner = self.owners[candidate.right as usize];
            candidates.iter().filter(move |other| self.owners[other.right as usize] != owner)
        };
        let likeness = candidate.likeness();
        let of_right = self.of_rights[candidate.right as usize];
        let best_other = others().map(|other| other.likeness()).fold(0.0, f32::max);
        let near = others().filter(|other| other.likeness() > likeness - NEAR);
        let right = &self.lists.rights[candidate.right as usize];
        let twin = others().next().map_or(0.0, |other| twins(right, &self.lists.rights[other.right as usize]));
        Rivals {
            rank: others().filter(|other| other.likeness() > likeness).count(),
            best_other,
            best_other_left: if likeness >= of_right.best { of_right.second } else { of_right.best },
            near_rights: near.count(),
            near_lefts: of_right.near,
            twin,
        }
    }

    /// By left name the clients and their odds, best first.
    pub(crate) fn likely(&self, sites: Sites) -> Vec<Vec<Likely>> {
        let mut scored = self.scored();
        if sites == Sites::OneToOne {
            assign::one_to_one(&mut scored, self.clients.len());
        }
        scored
    }

    fn scored(&self) -> Vec<Vec<Likely>> {
        let any_domains = self.accounts.iter().any(|account| !account.evidence.domains.is_empty());
        let evidence = EvidenceIndex::new(self.clients, any_domains);
        let score = |(left, candidates): (usize, &Vec<Candidate>)| {
            let account = &self.accounts[self.account_order[left]];
            let mut said = evidence.of(account);
            let mut likely: Vec<Likely> = Vec::with_capacity(candidates.len());
            for candidate in candidates.iter().chain(&self.abbreviations[left]) {
                let rivals = self.rank(candidate, candidates);
                let client = self.owners[candidate.right as usize];
                let odds = model::odds(&measure(&self.lists, left, *candidate, &rivals).0);
                let known = Likely {
                    client,
                    odds,
                    by_name: odds,
                    candidate: Some(*candidate),
                    said: Said::default(),
                    better: None,
                };
                match likely.iter_mut().find(|before| before.client == client) {
                    Some(before) if before.odds >= odds => {}
                    Some(before) => *before = known,
                    None => likely.push(known),
                }
            }
            for (client, said) in said.drain() {
                let unlike = Likely {
                    client,
                    odds: UNLIKE,
                    by_name: UNLIKE,
                    candidate: None,
                    said: Said::default(),
                    better: None,
                };
                match likely.iter_mut().find(|before| before.client == client) {
                    Some(before) => before.said = said,
                    None => likely.push(Likely { said, ..unlike }),
                }
            }
            for known in &mut likely {
                evidence.also(account, known.client, &mut known.said);
                known.odds += known.said.odds;
            }
            self.sort(&mut likely);
            likely
        };
        self.candidates.iter().enumerate().map(score).collect()
    }

    /// Most probable first; ties by name.
    fn sort(&self, likely: &mut [Likely]) {
        likely.sort_by(|a, b| {
            let by_name = || self.clients[a.client].cmp(&self.clients[b.client]).then(a.client.cmp(&b.client));
            b.odds.total_cmp(&a.odds).then_with(by_name)
        });
    }

    fn told(&self, left: usize, likely: &[Likely]) -> Vec<Suggestion> {
        let scores: Vec<Score> = likely.iter().map(Likely::score).collect();
        let name_of = |client: usize| self.clients[client].name.to_owned();
        let tell = |place: usize| {
            let known = &likely[place];
            let Explained { mut reasons, mut against } = self.explained(left, known);
            let by_name = Score::of(model::probability(known.by_name));
            let is_other = |other: &&Likely| {
                self.other_name(other).is_none()
                    && is_clearly_more_like(Score::of(model::probability(other.by_name)), by_name)
            };
            let other = likely.iter().find(is_other).filter(|_| !known.said.reasons.is_empty());
            let elsewhere = other.map(|other| Reason::NameOfOther(name_of(other.client)));
            reasons.splice(0..0, known.said.reasons.iter().cloned());
            against.splice(0..0, elsewhere.into_iter().chain(known.said.against.iter().cloned()));
            if let Some(better) = known.better {
                against.insert(0, Reason::BetterAccount(self.accounts[self.account_order[better]].name.to_owned()));
            }
            against.extend(rival(&scores, place).map(|(rival, reason)| reason(name_of(likely[rival].client))));
            let name = self.accounts[self.account_order[left]].name;
            if crate::has_lookalikes(name) || crate::has_lookalikes(self.clients[known.client].name) {
                against.insert(0, Reason::Lookalike);
            }
            Suggestion { client: known.client, score: scores[place], reasons, against }
        };
        (0..kept(&scores)).map(tell).collect()
    }
}

impl Pairs<'_> {
    /// The name that was compared, if it is not the client's own but that of an account of it in another source.
    fn other_name(&self, known: &Likely) -> Option<&str> {
        let name = *self.right_names.get(known.candidate?.right as usize)?;
        (name != self.clients[known.client].name).then_some(name)
    }

    /// What speaks for and against a client by the names.
    fn explained(&self, left: usize, known: &Likely) -> Explained {
        let Some(candidate) = known.candidate else { return Explained::default() };
        let mut explained = explain(&self.lists, left, candidate.right as usize);
        match self.other_name(known) {
            // nothing that is not said by it
            Some(_) if known.said.reasons.iter().any(|reason| matches!(reason, Reason::KnownAs(_))) => {
                Explained::default()
            }
            Some(name) => {
                explained.reasons.insert(0, Reason::UnderName(name.to_owned()));
                explained
            }
            None => explained,
        }
    }
}

impl Likely {
    pub(crate) fn score(&self) -> Score {
        Score::of(model::probability(self.odds))
    }
}

/// How many of the scores, best first, are kept.
pub(crate) fn kept(scores: &[Score]) -> usize {
    let last = scores.get(SUGGESTIONS_MAX - 1).copied().unwrap_or_default();
    let is_kept = |score: &&Score| score.thousandths() >= THOUSANDTHS_MIN && **score >= last;
    scores.iter().take_while(is_kept).count()
}

/// The most probable other client that is worth a word, and what is said of it.
fn rival(scores: &[Score], place: usize) -> Option<(usize, MakeReason)> {
    let own = scores[place].percent();
    let is_near = |other: &usize| *other != place && scores[*other].percent() * 2 >= own.max(RIVAL_PERCENT_MIN * 2);
    let rival = (0..scores.len()).find(is_near)?;
    let is_better = scores[rival].percent() > own * 2;
    Some((rival, if is_better { Reason::BetterClient as MakeReason } else { Reason::NearTwin }))
}

/// A reason with a client's name.
type MakeReason = fn(String) -> Reason;

/// A less probable client is no rival of another.
const RIVAL_PERCENT_MIN: u32 = 10;

/// By left name its candidates, and the right names that are its initials.
fn all_candidates(lists: &Lists) -> (Vec<Vec<Candidate>>, Vec<Vec<Candidate>>) {
    let index = Index::new(lists);
    let mut scratch = index.scratch();
    let both = |left: usize| {
        let candidates = index.candidates(left, &mut scratch);
        let abbreviations = index.abbreviations(left, &candidates);
        (candidates, abbreviations)
    };
    (0..lists.lefts.len()).map(both).unzip()
}

/// The odds of a client whose name is not similar to the account's.
const UNLIKE: f32 = -6.0;
