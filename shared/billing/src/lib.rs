//! The values that everything else speaks in: exact numbers, money, months, billed lines and usage items.
//!
//! **Architecture invariant:** pure. Nothing here reads a file, a clock or a network, and no float is ever
//! made on the way of money or a quantity.

mod day;
mod ids;
mod item;
mod line;
mod money;
mod number;
mod quantity;
mod remedy;
mod source;

pub use day::{BillingMonth, CountDay, DayError, ServicePeriod};
pub use ids::{
    AccountId, AgreementId, ClientId, Currency, ID_BYTES_MAX, IdError, ItemId, LineId, ProductCode, RuleId, SourceId,
};
pub use item::{Account, AccountFacts, ReadState, UsageItem};
pub use line::{Agreement, BilledLine, BillingStatus, InvoiceTiming};
pub use money::{Money, MoneyError, UnitPrice};
pub use number::{DIGITS_MAX, FieldError, NumberError, Place, decimal_from_json, decimal_from_text, round_for_people};
pub use quantity::{CountBasis, Quantity, QuantityError, Unit};
pub use remedy::Remedy;
pub use source::{FILE_STATUS_WORDS, Side, SideError, StatusMeaning, StatusWord};
