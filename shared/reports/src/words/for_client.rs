//! A change of a bill as it can be told to the client: what was counted when, what is billed, and from when on what is.

use truecount_reconciliation::RowRecord;

use crate::{came_and_went, cells, label};

/// `On 30 June 2026 we counted 13 × Managed workstation; "Managed services" bills 12. From the invoice of 1 July 2026 on it
/// is 13.` Empty: the row changes no bill. Holds foreign text.
pub(crate) fn for_client(row: &RowRecord) -> String {
    let (Some(should_bill), true) = (row.should_bill, row.kind.changes_a_bill()) else { return String::new() };
    let (should_bill, billed) = (label::quantity(should_bill), label::quantity(row.billed));
    let on = cells::counted_on(row).map_or_else(String::new, |day| format!("On {} ", label::day(day)));
    let we = if on.is_empty() { "We" } else { "we" };
    let product = cells::product(row);
    let counted = match row.counted.map(label::quantity) {
        Some(counted) if counted == should_bill => format!("{counted} × {product}"),
        Some(counted) => format!("{counted} × {product}, of which {should_bill} are to be billed"),
        None => format!("at least {should_bill} × {product}"),
    };
    let agreement = cells::agreements(row);
    let is_billed = match agreement.as_str() {
        "" => format!("{billed} are billed"),
        name => format!("\"{name}\" bills {billed}"),
    };
    let from = row.due.or(row.next_invoice_date);
    let from = from
        .map_or_else(|| "From the next invoice".to_owned(), |day| format!("From the invoice of {}", label::day(day)));
    let is_more = row.variance.is_some_and(|variance| variance.is_sign_positive());
    let (word, names) =
        if is_more { ("New", came_and_went::came(row)) } else { ("No longer counted", came_and_went::went(row)) };
    let names = if names.is_empty() { String::new() } else { format!(" {word}: {names}.") };
    format!("{on}{we} counted {counted}; {is_billed}. {from} on it is {should_bill}.{names}")
}
