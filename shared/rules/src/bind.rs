//! Which client each `[clients.X]` means, and what the rules say of a client besides its services.

use std::collections::{BTreeMap, BTreeSet};

use truecount_billing::{AgreementId, ClientId};

use crate::model::BoughtAt;
use crate::problem::nearest;
use crate::rules::{AgreementSection, AgreementTypeRules, ClientRules, Rules, folded, is_folded_of};

/// The number of a client's part of the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientNumber(usize);

/// What a client of the PSA is known by.
#[derive(Debug, Clone, Copy)]
pub struct NamedClient<'a> {
    /// The PSA's id.
    pub id: &'a ClientId,
    /// The PSA's short identifier, where it has one.
    pub identifier: Option<&'a str>,
    /// As the PSA shows it.
    pub name: &'a str,
}

/// Which client each part of the rules means.
#[derive(Debug, Clone, Default)]
pub struct ClientBinding {
    numbers: BTreeMap<ClientId, ClientNumber>,
    /// Parts that mean no client, several, or one that another part means, in the order of the file. Nothing of them
    /// holds; it stops nothing else.
    pub problems: Vec<BindingProblem>,
}

/// A part of the rules that does not say which client it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindingProblem {
    /// The client as written.
    pub written: String,
    /// Its line in the file, from 1.
    pub line: usize,
    /// Its column, from 1.
    pub column: usize,
    /// What is wrong.
    pub fault: BindingFault,
}

/// Why it is not known which client is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BindingFault {
    /// No client has this id, short identifier or name; the nearest name there is.
    Nobody {
        /// The name, or the short identifier, that resembles it most.
        nearest: Option<String>,
    },
    /// Several clients have this short identifier or name.
    Several {
        /// Their ids.
        clients: Vec<ClientId>,
    },
    /// An earlier part means the same client.
    Twice {
        /// The client.
        client: ClientId,
        /// As the earlier part writes it.
        first: String,
    },
}

impl ClientBinding {
    /// The part of the rules that means a client.
    #[must_use]
    pub fn number_of(&self, client: &ClientId) -> Option<ClientNumber> {
        self.numbers.get(client).copied()
    }

    /// The clients that the rules name.
    pub fn clients(&self) -> impl ExactSizeIterator<Item = (&ClientId, ClientNumber)> {
        self.numbers.iter().map(|(client, number)| (client, *number))
    }
}

impl Rules {
    /// Finds the client of each `[clients.X]`: by its id, else its short identifier, else its name if only one has it;
    /// capitals of the last two, and blanks around them, make no difference.
    pub fn bind<'a>(&self, clients: impl IntoIterator<Item = NamedClient<'a>>) -> ClientBinding {
        let mut binding = ClientBinding::default();
        if self.clients.is_empty() {
            return binding;
        }
        let known = KnownClients::of(clients);
        let mut first: BTreeMap<ClientId, &str> = BTreeMap::new();
        for (index, rules) in self.clients.iter().enumerate() {
            let fault = match known.meant_by(&rules.written) {
                Err(fault) => fault,
                Ok(client) => match first.get(client) {
                    Some(earlier) => BindingFault::Twice { client: client.clone(), first: (*earlier).to_owned() },
                    None => {
                        first.insert(client.clone(), &rules.written);
                        binding.numbers.insert(client.clone(), ClientNumber(index));
                        continue;
                    }
                },
            };
            let (written, line, column) = (rules.written.clone(), rules.line, rules.column);
            binding.problems.push(BindingProblem { written, line, column, fault });
        }
        binding
    }

    /// What the rules say of a client that they name. The number comes from [`Rules::bind`] of the same rules.
    #[must_use]
    pub fn client(&self, number: ClientNumber) -> &ClientRules {
        &self.clients[number.0]
    }
}

/// The clients by what they are known by.
struct KnownClients<'a> {
    ids: BTreeSet<&'a ClientId>,
    by_identifier: BTreeMap<String, Vec<&'a ClientId>>,
    by_name: BTreeMap<String, Vec<&'a ClientId>>,
    /// As written, for the nearest one.
    words: Vec<&'a str>,
}

impl<'a> KnownClients<'a> {
    fn of(clients: impl IntoIterator<Item = NamedClient<'a>>) -> Self {
        let (ids, by_identifier, by_name) = (BTreeSet::new(), BTreeMap::new(), BTreeMap::new());
        let mut known = Self { ids, by_identifier, by_name, words: Vec::new() };
        for NamedClient { id, identifier, name } in clients {
            known.ids.insert(id);
            known.by_name.entry(folded(name)).or_default().push(id);
            known.words.push(name);
            if let Some(identifier) = identifier {
                known.by_identifier.entry(folded(identifier)).or_default().push(id);
                known.words.push(identifier);
            }
        }
        known
    }

    fn meant_by(&self, written: &str) -> Result<&'a ClientId, BindingFault> {
        if let Some(id) = ClientId::new(written.trim()).ok().and_then(|id| self.ids.get(&id).copied()) {
            return Ok(id);
        }
        let written_folded = folded(written);
        let found = self.by_identifier.get(&written_folded).or_else(|| self.by_name.get(&written_folded));
        match found.map(Vec::as_slice) {
            Some(&[id]) => Ok(id),
            Some(several) => Err(BindingFault::Several { clients: several.iter().map(|id| (*id).clone()).collect() }),
            None => {
                let nearest = nearest(written, self.words.iter().copied()).map(str::to_owned);
                Err(BindingFault::Nobody { nearest })
            }
        }
    }
}

impl ClientRules {
    /// The client as written in the file.
    #[must_use]
    pub fn written(&self) -> &str {
        &self.written
    }

    /// The line of its table, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// What is decided of products that it buys at two sources.
    #[must_use]
    pub fn bought(&self) -> Option<&BoughtAt> {
        self.bought.as_ref()
    }

    /// Whether it is the MSP itself: nothing of it is a finding.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        self.is_internal
    }

    /// Whether what it uses is not for resale.
    #[must_use]
    pub fn is_nfr(&self) -> bool {
        self.is_nfr
    }

    /// What somebody wrote about it.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Its agreements that are compared apart, by their numbers.
    #[must_use]
    pub fn sections(&self) -> &[AgreementSection] {
        &self.sections
    }

    /// The section of an agreement: that with its id, else that with its name.
    #[must_use]
    pub fn section_of_agreement(&self, id: &AgreementId, name: &str) -> Option<usize> {
        let by_id = self.sections.iter().position(|section| section.written.trim() == id.as_str());
        by_id.or_else(|| self.sections.iter().position(|section| is_folded_of(&folded(&section.written), name)))
    }
}

impl AgreementSection {
    /// The agreement's name or id as written in the file: one that the client does not have is for a person to look at.
    #[must_use]
    pub fn written(&self) -> &str {
        &self.written
    }

    /// The line of its table, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// What somebody wrote about it.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }
}

impl AgreementTypeRules {
    /// The kind of agreement as written in the file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The line of its table, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// What somebody wrote about it.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }
}
