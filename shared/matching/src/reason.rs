//! Named evidence for and against, in the words that a person reads.

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
        let list = |words: &[String]| words.join(", ");
        match self {
            Self::SameIdentifier(id) => format!("the vendor stores the client's id {id}"),
            Self::SharedSerials(1) => "a device with the same serial number".to_owned(),
            Self::SharedSerials(count) => format!("{count} devices with the same serial numbers"),
            Self::SameDomain(domain) => format!("same domain {domain}"),
            Self::DomainIsName(domain) => format!("the domain {domain} is the client's name"),
            Self::SamePhone => "same telephone number".to_owned(),
            Self::SameCity(city) => format!("same town {city}"),
            Self::KnownAs(name) => format!("confirmed in another source as {name}"),
            Self::SameName => "same name".to_owned(),
            Self::SameCore => "same name but for legal form, accents or short forms".to_owned(),
            Self::SameWords => "same words in another order".to_owned(),
            Self::SameLetters => "same letters with other spaces".to_owned(),
            Self::SharedRareWords(words) => format!("both have the rare {}", list(words)),
            Self::SharedCommonWords(words) => format!("both have only the common {}", list(words)),
            Self::Initials { short, long } => format!("{short} are the initials of {long}"),
            Self::Spelling { account, client } => format!("{account} is spelled nearly as {client}"),
            Self::Shortened { account, client } => format!("{account} and {client} begin alike"),
            Self::Subset => "all words of one are in the other".to_owned(),
            Self::DifferentLegalForm { account, client } => format!("legal forms differ: {account}, {client}"),
            Self::DifferentNumber => "numbers differ".to_owned(),
            Self::DifferentPlace(words) => format!("only one has the place {}", list(words)),
            Self::OnlyInAccount(words) => format!("only the account has {}", list(words)),
            Self::OnlyInClient(words) => format!("only the client has {}", list(words)),
            Self::NearTwin(name) => format!("nearly as like: {name}"),
            Self::BetterAccount(name) => format!("another account is liker: {name}"),
            Self::OtherIdentifier => "the vendor stores another client's id".to_owned(),
            Self::OtherCity(city) => format!("another town {city}"),
            Self::Lookalike => "letters that imitate others".to_owned(),
        }
    }
}
