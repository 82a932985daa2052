//! A world as the reconciliation takes it.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::ToSpan;
use jiff::civil::Date;
use truecount_billing::{
    AccountId, AccountList, Agreement, AgreementId, ClientId, Commitment, Currency, IdError, Identities, ItemId,
    LineId, Money, ProductCode, Quantity, SourceId, Unit, UsageItem,
};
use truecount_matching::{Party, Sites, confirmed_by_name};
use truecount_reconciliation::{
    AccountBelonging, AgreementLine, BilledAgreement, BilledClient, ItemColumns, ItemsRead, KnownMoves, LinesRead,
    RunContext, RunInputs, TooManyItems, UsageAccount, UsageSource, WordsOfSource,
};
use truecount_rules::{DrawnFrom, IdentityKey, KindVocabulary, Rules, RulesFileError, SourceVocabulary};

use super::{
    World, WorldAccount, WorldAccountRead, WorldAgreement, WorldBelonging, WorldClient, WorldClientRead, WorldIdentity,
    WorldItem, WorldItemKind, WorldList, WorldSource,
};

/// A snapshot is used for so many days.
const FRESH_DAYS: u32 = 3;
const FRESH_DAYS_OF_A_FILE: u32 = 35;
/// The kind of an item that nobody has explained.
const UNKNOWN_KIND: &str = "unknown";
/// The currency of a world whose rules name none.
const USUAL_CURRENCY: &str = "USD";

/// Why a world has no outcome.
#[derive(Debug, thiserror::Error)]
pub enum WorldRunError {
    /// Its rules cannot be used.
    #[error(transparent)]
    Rules(#[from] RulesFileError),
    /// A name in it is no name.
    #[error("a name of the world cannot be used")]
    Name(#[from] IdError),
    /// It is too large.
    #[error(transparent)]
    TooLarge(#[from] TooManyItems),
}

/// A world, ready to be compared.
pub(crate) struct ReadyWorld {
    pub(crate) rules: Rules,
    pub(crate) inputs: RunInputs,
    pub(crate) context: RunContext,
}

impl World {
    /// What rules of this world can ask its sources for.
    ///
    /// # Errors
    /// [`IdError`] if a source's id is none.
    pub fn vocabulary(&self) -> Result<Vec<SourceVocabulary>, IdError> {
        let of = |source: &WorldSource| {
            Ok(SourceVocabulary {
                source: SourceId::new(&source.id)?,
                kinds: source.kinds.iter().map(kind).collect(),
                is_open: source.is_open,
                sku_names: Vec::new(),
                skus_left_out: source.skus_left_out.clone(),
            })
        };
        self.sources.iter().map(of).collect()
    }

    pub(crate) fn ready(&self) -> Result<ReadyWorld, WorldRunError> {
        let rules = Rules::parse("rules.toml", &self.rules, &self.vocabulary()?)?;
        let home_currency = match rules.currency() {
            Some(currency) => currency,
            None => Currency::new(USUAL_CURRENCY)?,
        };
        let context = RunContext { count_day: self.count_day, next_closing: self.next_closing, home_currency };
        let inputs = Builder { world: self, home_currency, items: ItemColumns::default() }.inputs(&rules)?;
        Ok(ReadyWorld { rules, inputs, context })
    }
}

fn kind(kind: &WorldItemKind) -> KindVocabulary {
    let identity = kind.identity.iter().map(|identity| match identity {
        WorldIdentity::Serial => IdentityKey::Serial,
        WorldIdentity::Mac => IdentityKey::Mac,
        WorldIdentity::Name => IdentityKey::Name,
        WorldIdentity::ObjectId => IdentityKey::ObjectId,
        WorldIdentity::Mail => IdentityKey::Mail,
    });
    KindVocabulary {
        name: kind.name.clone(),
        unit: kind.unit,
        identity: identity.collect(),
        stale_days: kind.stale_days,
        usual: kind.usual.iter().map(|(attribute, words)| (attribute.clone(), words.clone())).collect(),
        attributes: kind.attributes.clone(),
        is_person: kind.is_person,
        drawn_from: kind.drawn_from.clone().map(|(kind, told_by)| DrawnFrom { kind, told_by }),
    }
}

struct Builder<'w> {
    world: &'w World,
    home_currency: Currency,
    items: ItemColumns,
}

impl Builder<'_> {
    fn inputs(mut self, rules: &Rules) -> Result<RunInputs, WorldRunError> {
        let mut clients = self.clients()?;
        let sources: Vec<UsageSource> =
            self.world.sources.iter().map(|source| self.source(source, rules)).collect::<Result<_, _>>()?;
        let may_be = self.may_be(&clients);
        let mut accounts = Vec::new();
        for (account, may_be) in self.world.accounts.iter().zip(may_be) {
            let source = self.world.sources.iter().position(|source| source.id == account.source).unwrap_or(0);
            let belongs = belonging(account, may_be, &mut clients)?;
            let reading = self.reading(account, &sources[source].kinds)?;
            let id = AccountId::new(&account.id)?;
            let days = self.days(account, sources[source].synced_on, reading.now(), &sources[source].kinds)?;
            let known = UsageAccount::new(source, id, account.name.clone(), belongs, reading);
            accounts.push(UsageAccount { days, ..known });
        }
        if !self.world.psa_was_read {
            // A client that the world does not list may still be in the PSA.
            clients.iter_mut().for_each(|client| client.read = LinesRead::Failed);
        }
        Ok(RunInputs { sources, accounts, items: self.items, clients, moves: KnownMoves::default() })
    }

    fn source(&self, source: &WorldSource, rules: &Rules) -> Result<UsageSource, WorldRunError> {
        let id = SourceId::new(&source.id)?;
        let mut kinds: Vec<KindVocabulary> = source.kinds.iter().map(kind).collect();
        if source.is_open {
            let of_items = self.items_of(source).filter_map(|item| item.kind.clone());
            let of_words = source.words.get("kind").into_iter().flatten().cloned();
            let of_rules = rules.kinds_counted().into_iter().filter(|(of, _)| **of == id);
            let of_rules = of_rules.map(|(_, kind)| kind.to_owned());
            for name in of_items.chain(of_words).chain(of_rules) {
                if !kinds.iter().any(|known| known.name == name) {
                    kinds.push(KindVocabulary::of_open_source(&name));
                }
            }
        }
        let none = source.none.iter().map(ClientId::new).collect::<Result<_, _>>()?;
        Ok(UsageSource {
            id,
            kinds,
            list: match source.list {
                WorldList::Owned => AccountList::Owned,
                WorldList::ByGrant => AccountList::ByGrant,
                WorldList::Exported => AccountList::Exported,
            },
            was_read: source.was_read,
            synced_on: source.synced_on.unwrap_or(self.world.count_day),
            fresh_days: if source.list == WorldList::Exported { FRESH_DAYS_OF_A_FILE } else { FRESH_DAYS },
            last_failure: source.last_failure,
            unread_since: None,
            none_for_rest: source.none_for_rest,
            none,
            words: self.words(source),
        })
    }

    /// Every item of a source, now and before.
    fn items_of(&self, source: &WorldSource) -> impl Iterator<Item = &WorldItem> {
        let accounts = self.world.accounts.iter().filter(move |account| account.source == source.id);
        accounts.flat_map(|account| {
            let before: &[WorldItem] = match &account.read {
                WorldAccountRead::Failed(Some((_, items))) => items,
                WorldAccountRead::Fell { before } | WorldAccountRead::Gone { before, .. } => before,
                _ => &[],
            };
            let of_days = account.days.iter().filter_map(|days| days.items.as_ref()).flatten();
            account.items.iter().chain(before).chain(of_days)
        })
    }

    fn words(&self, source: &WorldSource) -> WordsOfSource {
        let mut words = WordsOfSource::default();
        for item in self.items_of(source) {
            let Some(kind) = &item.kind else { continue };
            words.add_kind(kind);
            let own = item.attributes.iter().map(|(attribute, value)| (attribute.as_str(), value.as_str()));
            let named = [("sku", &item.sku), ("name", &item.name)];
            let named = named.into_iter().filter_map(|(attribute, value)| Some((attribute, value.as_deref()?)));
            own.chain(named).for_each(|(attribute, value)| words.add(kind, attribute, value));
        }
        for (key, more) in &source.words {
            match key.split_once('.') {
                Some((kind, attribute)) => more.iter().for_each(|word| words.add(kind, attribute, word)),
                None => more.iter().for_each(|kind| words.add_kind(kind)),
            }
        }
        words
    }

    fn reading(&mut self, account: &WorldAccount, kinds: &[KindVocabulary]) -> Result<ItemsRead, WorldRunError> {
        let now = self.add(&account.items, kinds)?;
        Ok(match &account.read {
            WorldAccountRead::Complete => ItemsRead::Complete(now),
            WorldAccountRead::Partial => ItemsRead::Partial(now),
            WorldAccountRead::Failed(earlier) => ItemsRead::Failed {
                earlier: match earlier {
                    Some((day, items)) => Some((*day, self.add(items, kinds)?)),
                    None => None,
                },
            },
            WorldAccountRead::Doubtful => ItemsRead::Doubtful,
            WorldAccountRead::Fell { before } => ItemsRead::Fell { now, before: self.add(before, kinds)? },
            WorldAccountRead::Gone { before, confirmed } => {
                ItemsRead::Gone { before: self.add(before, kinds)?, confirmed: *confirmed }
            }
        })
    }

    /// What an account held on the days before its source's sync.
    fn days(
        &mut self,
        account: &WorldAccount,
        synced_on: Date,
        now: Range<u32>,
        kinds: &[KindVocabulary],
    ) -> Result<BTreeMap<Date, Range<u32>>, WorldRunError> {
        let mut days = BTreeMap::new();
        for one in &account.days {
            let items = match &one.items {
                Some(items) => self.add(items, kinds)?,
                None => now.clone(),
            };
            let of_range = one.from.series(1.day()).take_while(|day| *day <= one.to && *day < synced_on);
            days.extend(of_range.map(|day| (day, items.clone())));
        }
        Ok(days)
    }

    fn add(&mut self, items: &[WorldItem], kinds: &[KindVocabulary]) -> Result<Range<u32>, WorldRunError> {
        let items: Vec<UsageItem> =
            items.iter().map(|item| usage_item(item, self.home_currency)).collect::<Result<_, _>>()?;
        Ok(self.items.add(&items, kinds)?)
    }

    /// Whose each account may be by its name alone: one that equals it decides, others are possible.
    fn may_be(&self, clients: &[BilledClient]) -> Vec<AccountBelonging> {
        let by_source = |source: &str| {
            let accounts: Vec<&str> =
                self.world.accounts.iter().filter(|one| one.source == source).map(|one| one.name.as_str()).collect();
            let named = clients.iter().enumerate().map(|(number, client)| (number, client.name.as_str()));
            let equal = confirmed_by_name(accounts.iter().copied().enumerate(), named);
            let parties: Vec<Party<'_>> = accounts.iter().map(|name| Party::named(name)).collect();
            let of: Vec<Party<'_>> = clients.iter().map(|client| Party::named(&client.name)).collect();
            let alike = truecount_matching::may_be(&parties, &of, Sites::ManyToOne);
            let belongs = alike.into_iter().enumerate().map(|(at, may_be)| match equal.confirmed.get(&at) {
                Some(client) => AccountBelonging::Client(*client),
                None => AccountBelonging::Undecided { may_be },
            });
            belongs.collect::<Vec<_>>().into_iter()
        };
        // Worlds usually say whose every account is or may be; comparing names would take most of their time.
        let asks = |source: &str| {
            self.world.accounts.iter().any(|one| one.source == source && one.belongs == WorldBelonging::ByName)
        };
        let mut sources: BTreeMap<&str, _> = (self.world.sources.iter().map(|source| source.id.as_str()))
            .filter(|source| asks(source))
            .map(|source| (source, by_source(source)))
            .collect();
        let next = |account: &WorldAccount| sources.get_mut(account.source.as_str()).and_then(Iterator::next);
        self.world.accounts.iter().map(next).map(|found| found.unwrap_or(AccountBelonging::Ignored)).collect()
    }

    fn clients(&self) -> Result<Vec<BilledClient>, IdError> {
        self.world.clients.iter().map(|client| billed_client(client, self.world.psa_was_read)).collect()
    }
}

fn usage_item(item: &WorldItem, home_currency: Currency) -> Result<UsageItem, IdError> {
    let commitment = Commitment { until: item.committed_until, cancellable_until: item.cancellable_until };
    let kind = item.kind.clone().unwrap_or_else(|| UNKNOWN_KIND.to_owned());
    Ok(UsageItem {
        name: item.name.clone(),
        sku: item.sku.clone(),
        state: item.state.clone(),
        quantity: item.quantity.map(|amount| Quantity { amount, unit: Unit::Each }),
        identities: Identities {
            serial: item.serial.clone(),
            mac_addresses: item.mac.clone(),
            host_name: item.host.clone(),
            object_id: item.object_id.clone(),
            mail_addresses: item.mail.clone(),
        },
        attributes: item.attributes.clone(),
        first_seen: item.first_seen,
        last_seen: item.last_seen,
        commitment: (commitment != Commitment { until: None, cancellable_until: None }).then_some(commitment),
        cost: item.cost.map(|amount| Money { amount, currency: item.currency.unwrap_or(home_currency) }),
        ..UsageItem::new(ItemId::new(&item.id)?, kind)
    })
}

/// Whose an account is. A client that the PSA no longer has is one without agreements.
fn belonging(
    account: &WorldAccount,
    by_name: AccountBelonging,
    clients: &mut Vec<BilledClient>,
) -> Result<AccountBelonging, IdError> {
    Ok(match &account.belongs {
        WorldBelonging::Client(client) => AccountBelonging::Client(number_of(client, clients)?),
        WorldBelonging::Ignored(_) => AccountBelonging::Ignored,
        WorldBelonging::Split { by, parts } => {
            let number = |(part, client): (&String, &String)| Ok((part.clone(), number_of(client, clients)?));
            AccountBelonging::Split { by: by.clone(), parts: parts.iter().map(number).collect::<Result<_, IdError>>()? }
        }
        WorldBelonging::MayBe(may_be) => AccountBelonging::Undecided {
            may_be: may_be.iter().map(|client| number_of(client, clients)).collect::<Result<_, _>>()?,
        },
        WorldBelonging::ByName => by_name,
    })
}

fn number_of(client: &str, clients: &mut Vec<BilledClient>) -> Result<usize, IdError> {
    let id = ClientId::new(client)?;
    if let Some(known) = clients.iter().position(|one| one.id == id) {
        return Ok(known);
    }
    clients.push(BilledClient {
        id,
        name: client.to_owned(),
        identifier: None,
        read: LinesRead::Complete,
        last_known: Vec::new(),
        agreements: Vec::new(),
    });
    Ok(clients.len() - 1)
}

fn billed_client(client: &WorldClient, psa_was_read: bool) -> Result<BilledClient, IdError> {
    let agreements =
        |agreements: &[WorldAgreement]| agreements.iter().map(billed_agreement).collect::<Result<Vec<_>, _>>();
    Ok(BilledClient {
        id: ClientId::new(&client.id)?,
        name: client.name.clone(),
        identifier: client.identifier.clone(),
        read: match &client.read {
            _ if !psa_was_read => LinesRead::Failed,
            WorldClientRead::Complete => LinesRead::Complete,
            WorldClientRead::Partial => LinesRead::Partial,
            WorldClientRead::Failed => LinesRead::Failed,
            WorldClientRead::Fell => LinesRead::Fell { before: agreements(&client.before)? },
        },
        last_known: agreements(&client.before)?,
        // Of a client that was not read nothing is known, whatever the world says.
        agreements: match &client.read {
            WorldClientRead::Failed => Vec::new(),
            _ if !psa_was_read => Vec::new(),
            _ => agreements(&client.agreements)?,
        },
    })
}

fn billed_agreement(agreement: &WorldAgreement) -> Result<BilledAgreement, IdError> {
    let lines = agreement.lines.iter().map(|line| {
        Ok(AgreementLine {
            id: LineId::new(&line.id)?,
            product: ProductCode::new(&line.product)?,
            product_name: line.name.clone(),
            category: line.category.clone(),
            role: line.role,
            quantity: line.quantity,
            less_included: line.less_included,
            unit_price: line.price,
            catalogue_price: line.catalogue_price,
            unit_cost: line.cost,
            currency: line.currency,
            from: line.from,
            to: line.to,
            status: line.status,
        })
    });
    Ok(BilledAgreement {
        agreement: Agreement {
            agreement_type: agreement.agreement_type.clone(),
            parent: agreement.parent.as_ref().map(AgreementId::new).transpose()?,
            bill_to: agreement.bill_to.as_ref().map(ClientId::new).transpose()?,
            from: agreement.from,
            to: agreement.to,
            timing: agreement.timing,
            cycle_months: agreement.cycle_months,
            prorates: agreement.prorates,
            next_invoice_date: agreement.next_invoice_date,
            ..Agreement::new(AgreementId::new(&agreement.id)?, agreement.name.clone())
        },
        amount: agreement.amount,
        currency: agreement.currency,
        lines: lines.collect::<Result<_, IdError>>()?,
    })
}

/// The days are the world's: what is read again is what was read.
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_source_has_the_kinds_that_items_words_and_rules_name() {
        let case = r#"
            count_day = 2026-11-26
            sources  = [{ id = "backup", like = "open", words = { kind = ["tape"] } }]
            accounts = [{ source = "backup", id = "a", name = "Alder", may_be = [], items = [{ id = "v", kind = "disk" }] }]
        "#;
        let rules = "[services]\nB = { count = \"backup.storage\" }\n".to_owned();
        let ready = World::from_toml("open", case, rules).unwrap().ready().unwrap();
        let kinds: Vec<&str> = ready.inputs.sources[0].kinds.iter().map(|kind| kind.name.as_str()).collect();
        assert_eq!(kinds, ["disk", "tape", "storage"]);
        assert_eq!(ready.inputs.sources[0].synced_on, "2026-11-26".parse::<jiff::civil::Date>().unwrap());
    }
}
