//! What a column of an unknown export most likely is: by its heading, and by what its values look like.
//!
//! A guess is sure only where a heading has one meaning on that side, the values agree, and no other column could be
//! meant. Everything else is open, and asked.

use truecount_tabular::ColumnSurvey;

use crate::field::{ExportField as F, FieldOf, Holds};

/// A guess about one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Guess {
    /// The column, counted from 0.
    pub(crate) position: usize,
    pub(crate) field: F,
    pub(crate) is_sure: bool,
}

/// Headings that have one meaning, and headings that may have it.
struct Headings {
    field: F,
    sure: &'static [&'static str],
    open: &'static [&'static str],
}

const fn headings(field: F, sure: &'static [&'static str], open: &'static [&'static str]) -> Headings {
    Headings { field, sure, open }
}

const ID_OF_CUSTOMER: &[&str] = &[
    "client id",
    "customer id",
    "company id",
    "organization id",
    "organisation id",
    "tenant id",
    "client number",
    "customer number",
    "customer no",
];
const CUSTOMER: &[&str] = &[
    "client",
    "client name",
    "customer",
    "customer name",
    "company",
    "company name",
    "organization",
    "organization name",
    "organisation",
    "organisation name",
];
const MAYBE_CUSTOMER: &[&str] = &["account", "account name", "account id", "tenant", "tenant name", "site", "name"];

const LINES: &[Headings] = &[
    headings(F::ClientId, ID_OF_CUSTOMER, MAYBE_CUSTOMER),
    headings(F::ClientName, CUSTOMER, MAYBE_CUSTOMER),
    headings(F::LineId, &["line id", "addition id"], &["id", "line", "line number", "line no"]),
    headings(
        F::ProductCode,
        &["product code", "item code"],
        &[
            "product",
            "product id",
            "product name",
            "item",
            "item name",
            "item id",
            "service",
            "service name",
            "sku",
            "part number",
            "description",
        ],
    ),
    headings(F::ProductName, &[], &["product name", "item name", "service name", "description", "product", "item"]),
    headings(
        F::Quantity,
        &["quantity", "qty"],
        &[
            "units",
            "seats",
            "count",
            "number",
            "billed quantity",
            "quantity billed",
            "billable quantity",
            "total",
            "licenses",
            "licences",
            "amount",
            "billed qty",
        ],
    ),
    headings(F::LessIncluded, &["less included"], &["included", "included quantity", "qty included"]),
    headings(F::UnitPrice, &["unit price", "price per unit"], &["price", "rate", "amount", "list price", "ext price"]),
    headings(F::UnitCost, &["unit cost", "cost per unit"], &["cost", "ext cost"]),
    headings(F::CurrencyCode, &["currency", "currency code"], &[]),
    headings(
        F::EffectiveFrom,
        &["effective from", "line start date"],
        &["effective date", "start date", "start", "from"],
    ),
    headings(F::EffectiveTo, &["effective to", "line end date"], &["cancelled date", "end date", "end", "to"]),
    headings(F::BillingStatus, &["billing status"], &["billable", "bill", "bill customer"]),
    headings(F::LineStatus, &[], &["status", "line status", "active", "state"]),
    headings(F::AgreementId, &["agreement id", "contract id"], &[]),
    headings(F::AgreementName, &["agreement name", "contract name"], &["agreement", "contract"]),
    headings(F::AgreementType, &["agreement type", "contract type"], &[]),
    headings(F::AgreementFrom, &["agreement start date", "contract start date"], &["start date"]),
    headings(F::AgreementTo, &["agreement end date", "contract end date"], &["end date"]),
    headings(F::Cycle, &["billing cycle", "billing frequency"], &["frequency", "period", "billing period", "cycle"]),
    headings(F::NextInvoiceDate, &["next invoice date"], &["next bill date", "next billing date"]),
];

const ITEMS: &[Headings] = &[
    headings(F::AccountId, ID_OF_CUSTOMER, MAYBE_CUSTOMER),
    headings(F::AccountName, CUSTOMER, MAYBE_CUSTOMER),
    headings(
        F::ItemId,
        &["device id", "subscription id", "agent id", "endpoint id"],
        &["id", "asset id", "user id", "uid", "guid", "node id", "object id"],
    ),
    headings(
        F::ItemName,
        &["device name"],
        &[
            "display name",
            "name",
            "asset name",
            "computer name",
            "system name",
            "subscription name",
            "product name",
            "product",
        ],
    ),
    headings(
        F::Kind,
        &[],
        &["kind", "type", "device type", "device class", "device role", "role", "class", "asset type"],
    ),
    headings(F::Sku, &["sku"], &["sku name", "license", "licence", "product", "product name", "part number", "plan"]),
    headings(F::Status, &[], &["status", "state", "device status", "subscription status", "approval status", "active"]),
    // In use, or bought: both are quantities.
    headings(
        F::Quantity,
        &[],
        &["quantity", "qty", "units", "seats", "count", "assigned", "used", "licenses", "licences"],
    ),
    headings(F::Serial, &["serial number"], &["serial", "serial no"]),
    headings(F::MacAddress, &["mac address", "mac addresses"], &["mac"]),
    headings(F::HostName, &["hostname", "host name"], &["computer name", "system name", "dns name"]),
    headings(F::ObjectId, &["object id"], &[]),
    headings(F::MailAddress, &["user principal name"], &["email", "email address", "mail", "upn", "primary email"]),
    headings(F::FirstSeen, &["first seen"], &["created", "created on", "when created", "date added"]),
    headings(F::LastSeen, &["last seen", "last contact"], &["last online", "last check in", "last communication"]),
    headings(F::CommittedUntil, &["commitment end date"], &["commitment end", "term end date", "renewal date"]),
    headings(F::CurrencyCode, &["currency", "currency code"], &[]),
    headings(F::UnitCost, &["unit cost", "cost per unit"], &["cost", "price", "partner cost"]),
    headings(F::Cycle, &[], &["billing cycle", "billing frequency", "billing term", "frequency", "period"]),
];

/// Guesses about all columns; side unknown, or a heading of both sides: nothing is sure but what both sides say.
pub(crate) fn guesses(columns: &[ColumnSurvey], side: Option<FieldOf>) -> Vec<Guess> {
    let mut guesses = Vec::new();
    let lists: &[&[Headings]] = match side {
        Some(FieldOf::Lines) => &[LINES],
        Some(FieldOf::Items) => &[ITEMS],
        Some(FieldOf::Both) | None => &[LINES, ITEMS],
    };
    for one in lists.iter().flat_map(|list| list.iter()) {
        let named = |names: &[&str]| -> Vec<&ColumnSurvey> {
            columns.iter().filter(|column| names.contains(&plain_heading(&column.heading).as_str())).collect()
        };
        let (sure, open) = (named(one.sure), named(one.open));
        let is_only = sure.len() == 1 && open.iter().all(|column| !could_be(column, one.field));
        for column in sure.iter().chain(&open).filter(|column| could_be(column, one.field)) {
            let is_named = sure.iter().any(|sure| sure.position == column.position);
            let is_sure = side.is_some() && is_only && is_named && column.filled_count > 0;
            let guess = Guess { position: column.position, field: one.field, is_sure };
            let is_new = |known: &Guess| known.position != guess.position || known.field != guess.field;
            if guesses.iter().all(is_new) {
                guesses.push(guess);
            }
        }
    }
    guesses.sort_by_key(|guess| (guess.position, guess.field));
    guesses
}

/// Whether a heading means a field, whatever export it stands in.
pub(crate) fn has_one_meaning(heading: &str, field: &str) -> bool {
    let heading = plain_heading(heading);
    let means = |one: &Headings| one.field.name() == field && one.sure.contains(&heading.as_str());
    LINES.iter().chain(ITEMS).any(means)
}

/// Whether a column's values can be what a field holds.
pub(crate) fn could_be(column: &ColumnSurvey, field: F) -> bool {
    if column.filled_count == 0 {
        return true;
    }
    let (numbers, dates) = (&column.numbers, &column.dates);
    let samples = || column.samples.iter().map(|sample| sample.trim());
    let is_days = dates.count() > 0 && dates.other_count() == 0;
    match field.holds() {
        Holds::Number => numbers.count() > 0 && numbers.other_count() == 0 && !is_days,
        Holds::Day | Holds::Moment => is_days,
        Holds::Currency => samples().all(|text| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic())),
        Holds::Word(_) => !is_days,
        Holds::Key | Holds::Text => match field {
            F::MailAddress => samples().all(|text| text.contains('@')),
            F::MacAddress => samples().all(is_mac_addresses),
            F::ClientName | F::AccountName | F::ItemName | F::ProductName | F::HostName => {
                !is_days && (numbers.count() == 0 || numbers.other_count() > 0)
            }
            _ => !is_days,
        },
    }
}

fn is_mac_addresses(text: &str) -> bool {
    let digits = |part: &str| part.chars().filter(char::is_ascii_hexdigit).count();
    let is_one = |part: &str| digits(part) == 12 && part.chars().all(|c| c.is_ascii_hexdigit() || ":-. ".contains(c));
    text.split([';', ',']).map(str::trim).filter(|part| !part.is_empty()).all(is_one)
}

/// A heading as words: `CustomerID`, `customer_id` and `Customer Id` are the same.
fn plain_heading(heading: &str) -> String {
    let mut plain = String::with_capacity(heading.len() + 4);
    let mut before: Option<char> = None;
    for c in heading.chars() {
        let is_joint = !c.is_alphanumeric();
        let begins_word = c.is_uppercase() && before.is_some_and(|before| before.is_lowercase() || before.is_numeric());
        if (is_joint || begins_word) && !plain.is_empty() && !plain.ends_with(' ') {
            plain.push(' ');
        }
        if !is_joint {
            plain.extend(c.to_lowercase());
        }
        before = Some(c);
    }
    plain.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_is_its_words() {
        for (heading, plain) in [
            ("CustomerID", "customer id"),
            ("customer_id", "customer id"),
            (" Customer  Id. ", "customer id"),
            ("Qty.", "qty"),
            ("E-Mail", "e mail"),
            ("Serial #", "serial"),
            ("", ""),
        ] {
            assert_eq!(plain_heading(heading), plain, "{heading}");
        }
    }

    #[test]
    fn every_heading_has_one_meaning_or_is_open() {
        for list in [LINES, ITEMS] {
            for one in list {
                for heading in one.sure {
                    assert_eq!(plain_heading(heading), *heading);
                    let elsewhere =
                        list.iter().filter(|other| other.field != one.field && other.sure.contains(heading));
                    assert_eq!(elsewhere.count(), 0, "{heading} is sure twice");
                    assert!(!one.open.contains(heading), "{heading}");
                }
            }
        }
    }
}
