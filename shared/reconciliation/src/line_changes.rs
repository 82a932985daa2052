//! What changed in the PSA between two syncs: lines that came, ended or were replaced, quantities, prices, last days. Only
//! of clients whose lines were read completely both times; the others are named.
//!
//! Deliberately absent: credits, prorations and what is billed once, which come and go by themselves.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;
use truecount_billing::{AgreementId, BilledLine, ClientId, Currency, LineId, LineRole, ProductCode};

/// The lines of all clients, as one sync had them.
#[derive(Debug)]
pub struct SyncedLines {
    day: Date,
    /// Whether a client that is not there may have been missed.
    is_partial: bool,
    clients: BTreeMap<ClientId, ReadClient>,
    lines: BTreeMap<LineId, BilledLine>,
}

#[derive(Debug)]
struct ReadClient {
    name: String,
    is_complete: bool,
}

/// What of a line is compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LineTerms {
    /// The PSA's id.
    pub line_id: LineId,
    /// Units.
    pub quantity: Decimal,
    /// Price of one unit for one billing cycle; `None`: the PSA did not say.
    pub unit_price: Option<Decimal>,
    /// The last day billed; `None`: open.
    pub until: Option<Date>,
}

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LineChanged {
    /// It is new.
    Added,
    /// It is no longer billed.
    Ended,
    /// It ended, and another of the product at the client begins.
    Replaced,
    /// Its quantity, price or last day is another.
    Changed,
}

/// A line that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LineDifference {
    /// The client.
    pub client_id: ClientId,
    /// Its name. Foreign text.
    pub client_name: String,
    /// The product.
    pub product_code: ProductCode,
    /// The agreement.
    pub agreement_id: AgreementId,
    /// Its name. Foreign text.
    pub agreement_name: String,
    /// Of which currency its price is; `None`: the home currency.
    pub currency: Option<Currency>,
    /// What became of it.
    pub changed: LineChanged,
    /// Who changed the line last, where the PSA tells; of one that is gone it does not. Foreign text.
    pub by: Option<String>,
    /// As it was; `None`: it was not.
    pub before: Option<LineTerms>,
    /// As it is; `None`: it is not.
    pub now: Option<LineTerms>,
}

/// What changed, and of whom nothing is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LineDifferences {
    /// The lines, by client and product.
    pub lines: Vec<LineDifference>,
    /// Names of clients whose lines were not read completely at either time. Foreign text.
    pub unread: Vec<String>,
}

impl SyncedLines {
    /// None yet, of a sync of a day.
    #[must_use]
    pub fn of(day: Date) -> Self {
        Self { day, is_partial: false, clients: BTreeMap::new(), lines: BTreeMap::new() }
    }

    /// The same of a sync that did not read all clients.
    #[must_use]
    pub fn partial(self) -> Self {
        Self { is_partial: true, ..self }
    }

    /// Adds a client. `is_complete`: all of its lines were read.
    pub fn client(&mut self, id: ClientId, name: &str, is_complete: bool) {
        self.clients.insert(id, ReadClient { name: name.to_owned(), is_complete });
    }

    /// Adds a row of a line: of several the one that begins last stands.
    pub fn line(&mut self, line: &BilledLine) {
        let is_standing = matches!(line.role, LineRole::Recurring | LineRole::Flat);
        let known = self.lines.get(&line.line_id);
        if is_standing && known.is_none_or(|known| known.effective_from <= line.effective_from) {
            self.lines.insert(line.line_id.clone(), line.clone());
        }
    }

    /// What is different now.
    #[must_use]
    pub fn differences(&self, now: &Self) -> LineDifferences {
        let ids: BTreeSet<&LineId> = self.lines.keys().chain(now.lines.keys()).collect();
        let is_read = |client: &ClientId| {
            // Whom a whole sync does not have was not there.
            let complete = |one: &Self| one.clients.get(client).map_or(!one.is_partial, |client| client.is_complete);
            complete(self) && complete(now)
        };
        let mut lines: Vec<LineDifference> = Vec::new();
        for id in ids {
            let (old, new) = (self.standing(id), now.standing(id));
            if let Some(one) = old.or(new).filter(|line| is_read(&line.client_id)) {
                lines.extend(self.difference(now, one, old, new));
            }
        }
        let mut lines = replaced(lines);
        lines.sort_by(|a, b| order(a).cmp(&order(b)));
        let all: BTreeSet<&ClientId> = self.clients.keys().chain(now.clients.keys()).collect();
        let unread = all.into_iter().filter(|client| !is_read(client));
        LineDifferences { lines, unread: unread.map(|client| self.name(now, client)).collect() }
    }

    /// A line, if it is billed on the day of the sync or later.
    fn standing(&self, id: &LineId) -> Option<&BilledLine> {
        let line = self.lines.get(id)?;
        let ends = [line.effective_to, line.agreement.to];
        ends.into_iter().flatten().all(|last| last >= self.day).then_some(line)
    }

    fn name(&self, now: &Self, client: &ClientId) -> String {
        let known = now.clients.get(client).or_else(|| self.clients.get(client));
        known.map_or_else(|| client.to_string(), |client| client.name.clone())
    }

    fn difference(
        &self,
        now: &Self,
        one: &BilledLine,
        old: Option<&BilledLine>,
        new: Option<&BilledLine>,
    ) -> Option<LineDifference> {
        let (before, after) = (old.map(LineTerms::of), new.map(LineTerms::of));
        if before == after {
            return None;
        }
        let of = new.unwrap_or(one);
        Some(LineDifference {
            client_id: of.client_id.clone(),
            client_name: self.name(now, &of.client_id),
            product_code: of.product_code.clone(),
            agreement_id: of.agreement.id.clone(),
            agreement_name: of.agreement.name.clone(),
            currency: of.currency,
            changed: match (&before, &after) {
                (None, _) => LineChanged::Added,
                (_, None) => LineChanged::Ended,
                _ => LineChanged::Changed,
            },
            by: new.and_then(|line| line.changed_by.clone()),
            before,
            now: after,
        })
    }
}

impl LineTerms {
    fn of(line: &BilledLine) -> Self {
        Self {
            line_id: line.line_id.clone(),
            quantity: line.quantity.normalize(),
            unit_price: line.unit_price.map(|price| price.normalize()),
            until: line.effective_to,
        }
    }
}

/// Takes each line that ended together with one of the same product that came at the client.
fn replaced(all: Vec<LineDifference>) -> Vec<LineDifference> {
    let (mut ended, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.changed == LineChanged::Ended);
    let mut lines = Vec::with_capacity(others.len());
    for one in others {
        let is_before = |old: &LineDifference| {
            one.changed == LineChanged::Added
                && (&old.client_id, &old.product_code) == (&one.client_id, &one.product_code)
        };
        match ended.iter().position(is_before) {
            Some(at) => {
                let before = ended.remove(at).before;
                lines.push(LineDifference { changed: LineChanged::Replaced, before, ..one });
            }
            None => lines.push(one),
        }
    }
    lines.extend(ended);
    lines
}

/// By client, then by product and line.
fn order(one: &LineDifference) -> (String, &ClientId, &ProductCode, Option<&LineId>) {
    let line = one.now.as_ref().or(one.before.as_ref()).map(|terms| &terms.line_id);
    (one.client_name.to_lowercase(), &one.client_id, &one.product_code, line)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use truecount_billing::Agreement;

    use super::*;

    const BEFORE: Date = date(2026, 6, 30);
    const NOW: Date = date(2026, 7, 5);

    fn line(id: &str, client: &str, product: &str, quantity: i64) -> BilledLine {
        let agreement = Agreement::new("A1".parse().unwrap(), "Managed");
        let ids = (id.parse().unwrap(), client.parse().unwrap(), product.parse().unwrap());
        BilledLine { unit_price: Some(10.into()), ..BilledLine::new(ids.0, ids.1, ids.2, quantity.into(), agreement) }
    }

    fn synced(day: Date, lines: &[BilledLine]) -> SyncedLines {
        let mut synced = SyncedLines::of(day);
        for line in lines {
            synced.client(line.client_id.clone(), &format!("Client {}", line.client_id), true);
            synced.line(line);
        }
        synced
    }

    /// `c1 SRV changed 2 → 3`.
    fn told(found: &LineDifferences) -> Vec<String> {
        let terms = |terms: &Option<LineTerms>| match terms {
            Some(terms) => {
                let until = terms.until.map(|until| format!(" until {until}")).unwrap_or_default();
                format!("{} at {}{until}", terms.quantity, terms.unit_price.unwrap_or_default())
            }
            None => "-".to_owned(),
        };
        let shown = |one: &LineDifference| {
            let (before, now) = (terms(&one.before), terms(&one.now));
            format!("{} {} {:?}: {before} → {now}", one.client_id, one.product_code, one.changed)
        };
        found.lines.iter().map(shown).collect()
    }

    #[test]
    fn what_came_ended_was_replaced_or_changed_is_told_once() {
        let before = [
            line("1", "c1", "SRV", 2),
            line("2", "c1", "WKS", 5),
            line("3", "c2", "SRV", 1),
            line("4", "c2", "WKS", 7),
            line("5", "c3", "SRV", 4),
            line("6", "c3", "FAX", 1),
        ];
        let now = [
            line("1", "c1", "SRV", 3),
            BilledLine { unit_price: Some(12.into()), ..line("2", "c1", "WKS", 5) },
            BilledLine { effective_to: Some(date(2026, 7, 31)), ..line("3", "c2", "SRV", 1) },
            BilledLine { effective_to: Some(date(2026, 7, 1)), ..line("4", "c2", "WKS", 7) },
            line("9", "c3", "SRV", 6),
            line("6", "c3", "FAX", 1),
            line("7", "c4", "SRV", 1),
        ];
        let found = synced(BEFORE, &before).differences(&synced(NOW, &now));
        assert_eq!(
            told(&found),
            [
                "c1 SRV Changed: 2 at 10 → 3 at 10",
                "c1 WKS Changed: 5 at 10 → 5 at 12",
                "c2 SRV Changed: 1 at 10 → 1 at 10 until 2026-07-31",
                "c2 WKS Ended: 7 at 10 → -",
                "c3 SRV Replaced: 4 at 10 → 6 at 10",
                "c4 SRV Added: - → 1 at 10",
            ]
        );
        assert!(found.unread.is_empty());
        assert_eq!(synced(BEFORE, &before).differences(&synced(NOW, &before)), LineDifferences::default());
    }

    #[test]
    fn of_a_client_that_was_not_read_nothing_is_said() {
        let before = synced(BEFORE, &[line("1", "c1", "SRV", 2), line("2", "c2", "SRV", 2)]);
        let mut now = synced(NOW, &[line("2", "c2", "SRV", 3)]);
        now.client("c1".parse().unwrap(), "Harbour Dental", false);
        let found = before.differences(&now);
        assert_eq!(told(&found), ["c2 SRV Changed: 2 at 10 → 3 at 10"]);
        assert_eq!(found.unread, ["Harbour Dental"]);
        let partly = synced(NOW, &[line("2", "c2", "SRV", 3)]).partial();
        assert_eq!(before.differences(&partly).unread, ["Client c1"]);
        let whole = synced(NOW, &[line("2", "c2", "SRV", 3)]);
        assert_eq!(told(&before.differences(&whole))[0], "c1 SRV Ended: 2 at 10 → -");
    }

    #[test]
    fn who_changed_a_line_last_is_told_where_it_still_stands() {
        let before = [line("1", "c1", "SRV", 2), line("2", "c1", "WKS", 5), line("3", "c1", "EDR", 1)];
        let by = |line| BilledLine { changed_by: Some("jharper".to_owned()), ..line };
        let now = [by(line("1", "c1", "SRV", 3)), by(line("2", "c1", "WKS", 5))];
        let found = synced(BEFORE, &before).differences(&synced(NOW, &now)).lines;
        let told: Vec<_> = found.iter().map(|one| (one.product_code.as_str(), one.by.as_deref())).collect();
        assert_eq!(told, [("EDR", None), ("SRV", Some("jharper"))]);
    }

    #[test]
    fn a_change_for_next_month_is_a_change_and_a_credit_is_none() {
        let before = [line("1", "c1", "SRV", 2)];
        let later = BilledLine { effective_from: Some(date(2026, 8, 1)), ..line("1", "c1", "SRV", 4) };
        let credit = BilledLine { role: LineRole::Credit, ..line("2", "c1", "SRV", -1) };
        let now = [line("1", "c1", "SRV", 2), later, credit];
        assert_eq!(
            told(&synced(BEFORE, &before).differences(&synced(NOW, &now))),
            ["c1 SRV Changed: 2 at 10 → 4 at 10"]
        );
    }
}
