//! Which client a vendor account belongs to: automatic confirmation of equal names, and suggestions for a person.
//!
//! Only names that are equal after normalisation, unique on both sides, and without lookalike characters are confirmed
//! automatically ([`confirmed_by_name`]). The legal form is kept: "Acme Ltd" and "Acme Inc" are two clients. Everything
//! else is suggested by [`suggest`], with a probability and reasons for and against, and confirmed by a person. Until then
//! [`may_be`] says whose an account may be.
//!
//! ```
//! use truecount_matching::{Party, Sites, suggest};
//! let accounts = [Party::named("Brown & Partners (London)"), Party::named("Zebra Bakery")];
//! let clients = [Party::named("Brown and Partners LLP"), Party::named("Green Partners LLP")];
//! let suggestions = suggest(&accounts, &clients, Sites::ManyToOne);
//! let best = &suggestions[0][0];
//! assert_eq!(clients[best.client].name, "Brown and Partners LLP");
//! println!("{} {}%", best.reasons[0].for_people(), best.score.percent());
//! ```
//!
//! **Architecture invariant:** pure. Nothing is confirmed by similarity: no count is based on a suggestion.

#![expect(
    clippy::float_arithmetic,
    reason = "similarities and probabilities are neither money nor quantities; nothing is counted by them"
)]

mod align;
mod assign;
mod by_name;
mod candidates;
mod confusable;
mod edit;
mod evidence;
mod explain;
mod fold;
mod lists;
mod lookalike;
mod may_be;
mod measure;
mod model;
mod name;
mod normalise;
mod number;
mod party;
mod products;
#[cfg(test)]
mod properties;
mod reason;
mod stem;
mod suggest;
mod words;

pub use by_name::{ByName, HeldBack, WhyHeldBack, confirmed_by_name};
pub use confusable::{Confusable, Looks, look};
pub use lookalike::has_lookalikes;
pub use may_be::may_be;
pub use measure::{MEASURES, Measures};
pub use normalise::normalise;
pub use party::{MatchEvidence, Party, Score, Sites, Suggestion};
pub use products::{Sku, suggest_products};
pub use reason::Reason;
pub use stem::equal_but_for_legal_form;
pub use suggest::{Measured, SUGGESTIONS_MAX, is_clearly_more_like, measure_pairs, suggest};
