//! The values that everything else speaks in: exact numbers, money, months, billed lines and usage items.
//!
//! **Architecture invariant:** pure. Nothing here reads a file, a clock or a network, and no float is ever
//! made on the way of money or a quantity.

mod day;
mod ids;
mod item;
mod item_move;
mod item_state;
mod line;
mod money;
mod number;
mod quantity;
mod read_state;
mod receipt;
mod remedy;
mod side;

pub use day::{BillingMonth, CountDay, DayError, start_of_day};
pub use ids::{
    AccountId, AgreementId, ClientId, Currency, ID_BYTES_MAX, IdError, ItemId, LineId, ProductCode, SourceId,
};
pub use item::{Account, AccountFacts, Commitment, HOLDS, Identities, UsageItem, attribute_words};
pub use item_move::{ItemMove, ItemMoveKind, MOVES_KEPT_DAYS, item_moves};
pub use item_state::{ItemState, LeftOutReason};
pub use line::{Agreement, BilledLine, BillingStatus, InvoiceTiming, LineRole};
pub use money::Money;
pub use number::{DIGITS_MAX, FieldError, NumberError, Place, decimal_from_json, decimal_from_text, round_for_people};
pub use quantity::{Quantity, Unit};
pub use read_state::{FetchFailure, FetchProblem, Measure, ReadReason, ReadState, RefusedFile};
pub use receipt::{ControlTotals, Receipt, RowReason, StreamReceipt, UnknownWord};
pub use remedy::Remedy;
pub use side::{AccountList, Side, SideError};
