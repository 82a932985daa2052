//! The lines of two syncs of the PSA held against each other: what became of a change that a closing asked for, and what
//! changed beside that. What was not read is not known, on either side.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rust_decimal::Decimal;
use truecount_billing::{Account, BilledLine, ClientId, LineId, ProductCode, ReadReason, ReadState};
use truecount_reconciliation::{ChangeRecord, ClientRecord, RowRecord};
use truecount_rules::Rules;
use truecount_store::{FrozenRun, FrozenSource, SnapshotEntry, SnapshotManifest};

use crate::{AppError, Environment};

/// A line as far as it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SeenLine {
    client: ClientId,
    product: ProductCode,
    quantity: Decimal,
    from: Option<Date>,
    until: Option<Date>,
    /// Who changed it last, where the PSA tells.
    changed_by: Option<String>,
}

/// What one sync of the PSA says of a day: the lines that are billed on it, and of whom not all is known.
#[derive(Debug, Default)]
pub(super) struct SeenLines {
    /// Of several rows of a line the one that begins last.
    lines: BTreeMap<LineId, SeenLine>,
    /// Clients that were not read completely, and whether what is there of them is sure.
    unread: BTreeMap<ClientId, IsSeenSure>,
    /// Whether something is missing, and nobody knows of which client.
    is_partial: bool,
}

/// Of a client that was not read completely: whether the lines that are there are sure.
type IsSeenSure = bool;

/// A change that a closing asked for.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) client: &'a ClientRecord,
    pub(super) row: &'a RowRecord,
    pub(super) change: &'a ChangeRecord,
}

/// What became of a change that the closing asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Became {
    Done,
    Open,
    /// The line has another quantity than before and than was asked for.
    Otherwise,
    /// It was not read.
    Unknown,
}

/// The lines of the closing and those of the newest sync.
pub(super) struct ComparedLines<'a> {
    pub(super) before: SeenLines,
    pub(super) now: SeenLines,
    pub(super) rules: &'a Rules,
}

/// A change of the quantity of a product at a client.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ChangedQuantity<'a> {
    pub(super) client: &'a ClientId,
    pub(super) product: &'a ProductCode,
    /// `None`: it was not billed.
    pub(super) from: Option<Decimal>,
    /// `None`: it is not billed any longer.
    pub(super) to: Option<Decimal>,
    /// Who changed the lines last, where the PSA tells.
    pub(super) by: BTreeSet<&'a str>,
}

/// The units of lines that ended and of those that began, and who changed these.
type Replaced<'a> = ([Option<Decimal>; 2], BTreeSet<&'a str>);

impl SeenLines {
    /// What the newest sync says.
    pub(super) async fn synced(
        env: &Environment,
        manifest: &SnapshotManifest,
        billed_on: Date,
    ) -> Result<Self, AppError> {
        let mut seen = Self { is_partial: manifest.missing.is_some(), ..Self::default() };
        for entry in manifest.accounts(&env.store).await? {
            seen.account(&entry.account)?;
        }
        manifest.each_line(&env.store, |line| seen.line(line, billed_on)).await?;
        Ok(seen.without_ended(billed_on))
    }

    /// What a run has frozen.
    pub(super) async fn frozen(run: &FrozenRun, psa: &FrozenSource, billed_on: Date) -> Result<Self, AppError> {
        let mut seen = Self { is_partial: !psa.read_state.is_complete(), ..Self::default() };
        let mut accounts = run.accounts(psa);
        while let Some(group) = accounts.next_group().await? {
            for account in &group {
                seen.account(&account.listed.account)?;
                for entry in &account.entries {
                    if let SnapshotEntry::Line(line) = entry {
                        seen.line(line, billed_on);
                    }
                }
            }
        }
        Ok(seen.without_ended(billed_on))
    }

    fn account(&mut self, account: &Account) -> Result<(), AppError> {
        let is_seen_sure = match &account.read_state {
            ReadState::Complete => return Ok(()),
            // Only what is no longer there is in doubt.
            ReadState::Doubtful(ReadReason::Dropped { .. }) => true,
            ReadState::Partial(_) | ReadState::Failed(_) | ReadState::Doubtful(_) => false,
        };
        let id = ClientId::new(account.id.as_str()).map_err(|error| AppError::damaged(account.id.as_str(), error))?;
        self.unread.insert(id, is_seen_sure);
        Ok(())
    }

    fn line(&mut self, line: &BilledLine, billed_on: Date) {
        if line.effective_from.is_some_and(|from| from > billed_on) {
            return;
        }
        let seen = SeenLine {
            client: line.client_id.clone(),
            product: line.product_code.clone(),
            quantity: line.quantity,
            from: line.effective_from,
            until: line.effective_to,
            changed_by: line.changed_by.clone(),
        };
        if self.lines.get(&line.line_id).is_none_or(|known| known.from <= seen.from) {
            self.lines.insert(line.line_id.clone(), seen);
        }
    }

    /// Leaves out what ended before a day.
    fn without_ended(mut self, billed_on: Date) -> Self {
        self.lines.retain(|_, line| line.until.is_none_or(|until| until >= billed_on));
        self
    }

    /// Whether it is known what a line is that is there.
    fn knows(&self, client: &ClientId) -> bool {
        self.unread.get(client).is_none_or(|is_seen_sure| *is_seen_sure)
    }

    /// Whether a line that is not there is really not billed.
    fn knows_absent(&self, client: &ClientId) -> bool {
        !self.is_partial && !self.unread.contains_key(client)
    }
}

impl ComparedLines<'_> {
    /// What became of each change that was asked for. Notes the lines that are told by it.
    pub(super) fn became(&self, asked: &[Asked<'_>], told: &mut BTreeSet<LineId>) -> Vec<Became> {
        let wanted: BTreeMap<_, _> =
            asked.iter().filter_map(|one| Some((one.change.line_id.as_ref()?, one.change.to))).collect();
        asked.iter().map(|one| self.became_of(one, &wanted, told)).collect()
    }

    fn became_of(&self, asked: &Asked<'_>, wanted: &BTreeMap<&LineId, Decimal>, told: &mut BTreeSet<LineId>) -> Became {
        let Asked { client, row, change } = asked;
        let client = &client.client_id;
        let Some(id) = &change.line_id else {
            let of_service = |product: &ProductCode| self.rules.service_of_product(product) == Some(&row.service);
            let new: Vec<_> = self.new_lines(client, of_service).collect();
            told.extend(new.iter().map(|(id, _)| (*id).clone()));
            let is_known = match new.is_empty() {
                true => self.now.knows_absent(client),
                false => self.now.knows(client) && self.before.knows_absent(client),
            };
            return if is_known { became(sum(&new), change.from, change.to) } else { Became::Unknown };
        };
        told.insert(id.clone());
        if let Some(line) = self.now.lines.get(id) {
            return match self.now.knows(client) {
                true => became(line.quantity, change.from, change.to),
                false => Became::Unknown,
            };
        }
        if !self.now.knows_absent(client) {
            return Became::Unknown;
        }
        let Some(product) = self.before.lines.get(id).map(|line| &line.product) else {
            return became(Decimal::ZERO, change.from, change.to);
        };
        let new: Vec<_> = self.new_lines(client, |other| other == product).collect();
        if new.is_empty() {
            return became(Decimal::ZERO, change.from, change.to);
        }
        // Ended, and typed anew: together with the others of the product that ended they are one change.
        let ended: Vec<_> = self.ended_lines(client, product).collect();
        let asked_for = total(ended.iter().map(|(id, line)| wanted.get(id).copied().unwrap_or(line.quantity)));
        told.extend(new.iter().chain(&ended).map(|(id, _)| (*id).clone()));
        became(sum(&new), sum(&ended), asked_for)
    }

    /// What changed beside what is told already: lines that stand on both sides, and per client and product those that
    /// ended with those that began. What was not read on either side did not change as far as anybody knows.
    pub(super) fn changed_beside(&self, told: &BTreeSet<LineId>) -> Vec<ChangedQuantity<'_>> {
        let mut changed = Vec::new();
        let mut replaced: BTreeMap<(&ClientId, &ProductCode), Replaced<'_>> = BTreeMap::new();
        let ids: BTreeSet<_> = self.before.lines.keys().chain(self.now.lines.keys()).collect();
        for id in ids.into_iter().filter(|id| !told.contains(*id)) {
            let (old, new) = (self.before.lines.get(id), self.now.lines.get(id));
            let Some(line) = new.or(old) else { continue };
            let (client, product) = (&line.client, &line.product);
            let is_known = |seen: &SeenLines| match old.is_some() && new.is_some() {
                true => seen.knows(client),
                // Another line, of which nothing is known, may stand in for it.
                false => seen.knows_absent(client),
            };
            if !is_known(&self.before) || !is_known(&self.now) {
                continue;
            }
            match (old, new) {
                (Some(old), Some(new)) if old.quantity != new.quantity => {
                    let (from, to) = (Some(old.quantity), Some(new.quantity));
                    changed.push(ChangedQuantity {
                        client,
                        product,
                        from,
                        to,
                        by: new.changed_by.as_deref().into_iter().collect(),
                    });
                }
                (Some(_), Some(_)) => {}
                (old, new) => {
                    let (sums, changed_by) = replaced.entry((client, product)).or_default();
                    changed_by.extend(new.and_then(|line| line.changed_by.as_deref()));
                    for (sum, line) in sums.iter_mut().zip([old, new]) {
                        *sum = line.map(|line| sum.unwrap_or_default().saturating_add(line.quantity)).or(*sum);
                    }
                }
            }
        }
        let replaced = replaced.into_iter().filter(|(_, ([from, to], _))| from != to);
        changed.extend(replaced.map(|((client, product), ([from, to], by))| ChangedQuantity {
            client,
            product,
            from,
            to,
            by,
        }));
        changed.sort();
        changed
    }

    /// A client's lines that the closing did not have.
    fn new_lines<'s>(
        &'s self,
        client: &'s ClientId,
        is_wanted: impl Fn(&ProductCode) -> bool + 's,
    ) -> impl Iterator<Item = (&'s LineId, &'s SeenLine)> {
        let of_client = move |line: &SeenLine| line.client == *client && is_wanted(&line.product);
        self.now.lines.iter().filter(move |(id, line)| of_client(line) && !self.before.lines.contains_key(*id))
    }

    /// A client's lines of a product that the newest sync does not have.
    fn ended_lines<'s>(
        &'s self,
        client: &'s ClientId,
        product: &'s ProductCode,
    ) -> impl Iterator<Item = (&'s LineId, &'s SeenLine)> {
        let of_client = move |line: &SeenLine| line.client == *client && line.product == *product;
        self.before.lines.iter().filter(move |(id, line)| of_client(line) && !self.now.lines.contains_key(*id))
    }
}

fn sum(lines: &[(&LineId, &SeenLine)]) -> Decimal {
    total(lines.iter().map(|(_, line)| line.quantity))
}

/// Quantities are foreign: what is too large stays the largest.
fn total(quantities: impl Iterator<Item = Decimal>) -> Decimal {
    quantities.fold(Decimal::ZERO, Decimal::saturating_add)
}

fn became(now: Decimal, from: Decimal, to: Decimal) -> Became {
    match now {
        now if now == to => Became::Done,
        now if now == from => Became::Open,
        _ => Became::Otherwise,
    }
}
