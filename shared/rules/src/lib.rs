//! The rules language: what is counted, what is billed, and for whom.
//!
//! A rules file names what the PSA bills (services, by product code) and what counts each of them (kinds of items of
//! the sources). It is read beside the vocabulary of the sources ([`SourceVocabulary`]), so that a misspelt kind or
//! attribute is refused with its line, column and the nearest right word. [`Rules::service_for`] says what holds for one
//! client and one agreement.
//!
//! **Architecture invariant:** pure. The same file and vocabulary give the same rules.

mod bind;
mod count_reader;
mod currencies;
mod filter;
mod filter_reader;
mod for_whom_reader;
mod group;
mod group_reader;
mod join;
mod join_reader;
mod layers;
mod made;
mod model;
mod number_alone;
mod places;
mod problem;
mod products_left_out;
mod reader;
mod resolve;
mod rules;
mod rules_reader;
mod schema;
mod seat_reader;
mod service_reader;
mod tier_reader;
mod toml_advice;
mod unit;
mod value_reader;
mod vocabulary;
mod wrong_type;

pub use bind::{BindingFault, BindingProblem, ClientBinding, ClientNumber, NamedClient};
pub use filter::{Filter, FilterTable, Fit, Pattern, unseen_days};
pub use group::{GroupShare, GroupTaker, ServiceGroup};
pub use join::CountJoin;
pub use made::ProductNamedTwice;
pub use model::{
    BoughtAt, ClientCommitted, CountAt, CountPart, CountSpec, CutTerm, KindPolicies, NoLine, NotSold,
    PARTS_OF_A_SOURCE_MAX, PlannedPrice, PriceScale, PriceTier, Rounding, RulePrice, SectionShare, ServiceBasis,
    ServiceRule, StalePolicy, Tolerance, UnknownPolicy, VendorCommitment, When,
};
pub use places::RulePlace;
pub use problem::{RulesFileError, RulesProblem, nearest};
pub use products_left_out::{NamedProduct, ProductsLeftOut};
pub use resolve::{ClientPart, ResolvedService, RulesScope};
pub use rules::{
    AgreementSection, AgreementTypeRules, AskedWord, CategoryRule, ClientRules, OwnIdentity, Rules, WordUse,
};
pub use schema::rules_schema;
pub use unit::{DataUnit, UnitConversion};
pub use vocabulary::{DrawnFrom, IdentityKey, KindVocabulary, SourceVocabulary};
pub use wrong_type::wrong_value;
