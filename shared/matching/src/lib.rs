//! Which client a vendor organization's name means, as far as two equal names say it.
//!
//! Only names that are equal after light normalising, unique on both sides, and written without lookalike letters
//! confirm themselves. The legal form is kept: "Acme Ltd" and "Acme Inc" are two clients.
//!
//! **Architecture invariant:** pure. Nothing here scores or guesses, and nothing is confirmed by likeness.

mod by_name;
mod lookalike;
mod normalise;
mod stem;

pub use by_name::{ByName, HeldBack, WhyHeldBack, confirmed_by_name};
pub use lookalike::has_lookalikes;
pub use normalise::normalise;
pub use stem::equal_but_for_legal_form;
