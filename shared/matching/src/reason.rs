//! Named evidence for and against, in the words that a person reads.

use std::fmt;

/// Why an account may or may not be a client's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The vendor stores the client's id of the PSA.
    SameIdentifier(String),
    /// Devices with the same serial numbers, so many.
    SharedSerials(usize),
    /// The same domain of mail addresses, tenant or web site.
    SameDomain(String),
    /// A domain that is the client's name.
    DomainIsName(String),
    /// The same telephone number.
    SamePhone,
    /// The same town.
    SameCity(String),
    /// A person confirmed an account of this name for the client in another source.
    KnownAs(String),
    /// The names are equal but for case, punctuation and spaces.
    SameName,
    /// The names are equal but for legal form, accents, joining words or short forms.
    SameCore,
    /// The same words in another order.
    SameWords,
    /// The same letters, with other spaces.
    SameLetters,
    /// Words that few names have stand in both.
    SharedRareWords(Vec<String>),
    /// Only words that many names have stand in both.
    SharedCommonWords(Vec<String>),
    /// Letters of one are the initials of the other.
    Initials {
        /// The letters.
        short: String,
        /// The words they stand for.
        long: String,
    },
    /// A word that is spelled nearly as another.
    Spelling {
        /// In the account's name.
        account: String,
        /// In the client's name.
        client: String,
    },
    /// A word that is the beginning of another.
    Shortened {
        /// In the account's name.
        account: String,
        /// In the client's name.
        client: String,
    },
    /// All words of the one stand in the other.
    Subset,
    /// Legal forms of two kinds: "Acme Ltd" and "Acme Inc" are two clients.
    DifferentLegalForm {
        /// In the account's name.
        account: String,
        /// In the client's name.
        client: String,
    },
    /// Other numbers, such as II and III, or a number on one side only.
    DifferentNumber,
    /// A place that only one of them has: it may be a branch.
    DifferentPlace(Vec<String>),
    /// Words that only the account has.
    OnlyInAccount(Vec<String>),
    /// Words that only the client has.
    OnlyInClient(Vec<String>),
    /// Another client is nearly as like.
    NearTwin(String),
    /// Another account is liker to this client.
    BetterAccount(String),
    /// The vendor stores the id of another client.
    OtherIdentifier,
    /// The town is another.
    OtherCity(String),
    /// The name has letters that imitate others.
    Lookalike,
}

impl Reason {
    /// The words that a person reads.
    #[must_use]
    pub fn for_people(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SameIdentifier(id) => write!(out, "the vendor stores the client's id {id}"),
            Self::SharedSerials(1) => out.write_str("a device with the same serial number"),
            Self::SharedSerials(count) => write!(out, "{count} devices with the same serial numbers"),
            Self::SameDomain(domain) => write!(out, "same domain {domain}"),
            Self::DomainIsName(domain) => write!(out, "the domain {domain} is the client's name"),
            Self::SamePhone => out.write_str("same telephone number"),
            Self::SameCity(city) => write!(out, "same town {city}"),
            Self::KnownAs(name) => write!(out, "confirmed in another source as {name}"),
            Self::SameName => out.write_str("same name"),
            Self::SameCore => out.write_str("same name but for legal form, accents or short forms"),
            Self::SameWords => out.write_str("same words in another order"),
            Self::SameLetters => out.write_str("same letters with other spaces"),
            Self::SharedRareWords(words) => write!(out, "both have the rare {}", Listed(words)),
            Self::SharedCommonWords(words) => write!(out, "both have only the common {}", Listed(words)),
            Self::Initials { short, long } => write!(out, "{short} are the initials of {long}"),
            Self::Spelling { account, client } => write!(out, "{account} is spelled nearly as {client}"),
            Self::Shortened { account, client } => write!(out, "{account} and {client} begin alike"),
            Self::Subset => out.write_str("all words of one are in the other"),
            Self::DifferentLegalForm { account, client } => write!(out, "legal forms differ: {account}, {client}"),
            Self::DifferentNumber => out.write_str("numbers differ"),
            Self::DifferentPlace(words) => write!(out, "only one has the place {}", Listed(words)),
            Self::OnlyInAccount(words) => write!(out, "only the account has {}", Listed(words)),
            Self::OnlyInClient(words) => write!(out, "only the client has {}", Listed(words)),
            Self::NearTwin(name) => write!(out, "nearly as like: {name}"),
            Self::BetterAccount(name) => write!(out, "another account is liker: {name}"),
            Self::OtherIdentifier => out.write_str("the vendor stores another client's id"),
            Self::OtherCity(city) => write!(out, "another town {city}"),
            Self::Lookalike => out.write_str("letters that imitate others"),
        }
    }
}

/// Words with commas between them.
struct Listed<'a>(&'a [String]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, word) in self.0.iter().enumerate() {
            out.write_str(if at == 0 { "" } else { ", " })?;
            out.write_str(word)?;
        }
        Ok(())
    }
}
