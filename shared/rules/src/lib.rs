//! The rules language: what is counted, what is billed, and for whom.
//!
//! A rules file names what the PSA bills (services, by product code) and what counts each of them (kinds of items of
//! the sources). It is read beside the vocabulary of the sources ([`SourceVocabulary`]), so that a misspelt kind or
//! attribute is refused with its line, column and the nearest right word. [`Rules::service_for`] says what holds for one
//! client and one agreement.
//!
//! **Architecture invariant:** pure. The same file and vocabulary give the same rules.

mod model;
mod vocabulary;

pub use model::{
    CountPart, CountSpec, Filter, FilterTable, NoLine, NotSold, Pattern, RulePrice, ServiceBasis, ServiceRule,
    StalePolicy, Tolerance, UnknownPolicy, When,
};
pub use vocabulary::{IdentityKey, KindVocabulary, SourceVocabulary};
