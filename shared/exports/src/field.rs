//! The fields that a column of an export can be: names, what each holds, and whether a line or an item has it.

use std::fmt;

/// What the value of a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// A key: compared as it is, and refused where a spreadsheet has damaged it.
    Key,
    /// Characters for people.
    Text,
    /// An exact number.
    Number,
    /// A calendar day.
    Day,
    /// A moment; a day is its beginning.
    Moment,
    /// A currency's three letters.
    Currency,
    /// A word of which it is known what it means.
    Word(WordKind),
}

/// What a word says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordKind {
    /// Whether an item counts.
    State,
    /// What kind of item it is.
    Kind,
    /// What a line is on its agreement.
    Role,
    /// Whether a line is billed.
    BillingStatus,
    /// Whether a line still stands.
    LineStatus,
    /// In advance or in arrears.
    Timing,
    /// How many months a cycle has.
    Cycle,
    /// Yes or no.
    YesNo,
}

/// What has a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldOf {
    /// Billed lines.
    Lines,
    /// Usage items.
    Items,
    /// Both.
    Both,
}

macro_rules! fields {
    ($($(#[$doc:meta])* $variant:ident $name:literal $of:ident $holds:expr;)*) => {
        /// A field of a line or an item.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ExportField { $($(#[$doc])* $variant,)* }

        impl ExportField {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in a profile.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What has it.
            #[must_use]
            pub const fn of(self) -> FieldOf {
                match self { $(Self::$variant => FieldOf::$of,)* }
            }

            /// What its value is.
            #[must_use]
            pub const fn holds(self) -> Holds {
                match self { $(Self::$variant => $holds,)* }
            }
        }
    };
}

fields! {
    /// The vendor account's id; where an export has none, its name serves.
    AccountId "account_id" Items Holds::Key;
    /// The vendor account's name.
    AccountName "account_name" Items Holds::Text;
    /// The PSA's client of the account, as the vendor holds it.
    PsaClientId "psa_client_id" Items Holds::Key;
    /// The item's id.
    ItemId "item_id" Items Holds::Key;
    /// What people call the item.
    ItemName "item_name" Items Holds::Text;
    /// What kind of item it is.
    Kind "kind" Items Holds::Word(WordKind::Kind);
    /// The vendor's product.
    Sku "sku" Items Holds::Text;
    /// Whether it counts.
    Status "status" Items Holds::Word(WordKind::State);
    /// Units bought, where a row says beside them how many are in use.
    PurchasedQuantity "purchased_quantity" Items Holds::Number;
    /// What a person holds, several in one cell.
    Holds "holds" Items Holds::Text;
    /// A device's serial number.
    Serial "serial" Items Holds::Key;
    /// A device's network address.
    MacAddress "mac_address" Items Holds::Text;
    /// A device's name in its network.
    HostName "host_name" Items Holds::Text;
    /// An id in a directory.
    ObjectId "object_id" Items Holds::Key;
    /// A person's address.
    MailAddress "mail_address" Items Holds::Text;
    /// When it was first known.
    FirstSeen "first_seen" Items Holds::Moment;
    /// When it was last heard of.
    LastSeen "last_seen" Items Holds::Moment;
    /// The last day for which it must be paid.
    CommittedUntil "committed_until" Items Holds::Day;
    /// The last day on which it can be cancelled.
    CancellableUntil "cancellable_until" Items Holds::Day;
    /// What all units cost for one cycle.
    Cost "cost" Items Holds::Number;
    /// What is charged for the units; less than nothing takes them back.
    Charged "charged" Items Holds::Number;
    /// The first day that a charge is for, where rows are charges of one item.
    PeriodFrom "period_from" Items Holds::Day;
    /// The last day that a charge is for.
    PeriodTo "period_to" Items Holds::Day;
    /// Units.
    Quantity "quantity" Both Holds::Number;
    /// What one unit costs for one cycle.
    UnitCost "unit_cost" Both Holds::Number;
    /// The currency of prices and costs.
    CurrencyCode "currency" Both Holds::Currency;
    /// How often it is billed.
    Cycle "cycle" Both Holds::Word(WordKind::Cycle);
    /// The line's id.
    LineId "line_id" Lines Holds::Key;
    /// The client's id; where an export has none, its name serves.
    ClientId "client_id" Lines Holds::Key;
    /// The client's name.
    ClientName "client_name" Lines Holds::Text;
    /// Who is billed, where that is another client.
    BillTo "bill_to" Lines Holds::Key;
    /// The product's code.
    ProductCode "product_code" Lines Holds::Key;
    /// The product's name.
    ProductName "product_name" Lines Holds::Text;
    /// The product's category in the catalogue.
    Category "category" Lines Holds::Text;
    /// What the line is on its agreement.
    Role "role" Lines Holds::Word(WordKind::Role);
    /// Units that the base price includes.
    LessIncluded "less_included" Lines Holds::Number;
    /// What one unit is billed at for one cycle.
    UnitPrice "unit_price" Lines Holds::Number;
    /// What the catalogue asks for one.
    CataloguePrice "catalogue_price" Lines Holds::Number;
    /// First day billed.
    EffectiveFrom "effective_from" Lines Holds::Day;
    /// Last day billed.
    EffectiveTo "effective_to" Lines Holds::Day;
    /// Billed, at no charge, or not billed.
    BillingStatus "billing_status" Lines Holds::Word(WordKind::BillingStatus);
    /// Whether the line still stands.
    LineStatus "line_status" Lines Holds::Word(WordKind::LineStatus);
    /// What the client reads on the invoice.
    ClientTerm "client_term" Lines Holds::Text;
    /// The agreement's id.
    AgreementId "agreement_id" Lines Holds::Key;
    /// The agreement's name.
    AgreementName "agreement" Lines Holds::Text;
    /// The agreement's type.
    AgreementType "agreement_type" Lines Holds::Text;
    /// The agreement that it is part of.
    ParentAgreement "parent_agreement" Lines Holds::Key;
    /// The agreement's first day.
    AgreementFrom "agreement_from" Lines Holds::Day;
    /// The agreement's last day.
    AgreementTo "agreement_to" Lines Holds::Day;
    /// In advance or in arrears.
    Timing "timing" Lines Holds::Word(WordKind::Timing);
    /// Whether a change within a cycle is billed in part.
    Prorates "prorates" Lines Holds::Word(WordKind::YesNo);
    /// The next invoice date.
    NextInvoiceDate "next_invoice_date" Lines Holds::Day;
}

/// Attributes that every profile may map; a profile's own kinds may declare more.
pub const ATTRIBUTES: &[&str] = &[
    "billing",
    "category",
    "class",
    "department",
    "domain",
    "group",
    "sign_in",
    "site",
    "sold_by",
    "term",
    "trial",
    "vendor",
];

impl ExportField {
    /// How many there are.
    pub(crate) const COUNT: usize = Self::ALL.len();

    /// The field of a name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|field| field.name() == name).copied()
    }

    /// Whether billed lines have it, or otherwise items.
    #[must_use]
    pub fn belongs_to(self, lines: FieldOf) -> bool {
        self.of() == lines || self.of() == FieldOf::Both
    }
}

impl fmt::Display for ExportField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl WordKind {
    /// The words that have a meaning by themselves; empty: any word is one.
    #[must_use]
    pub fn known(self) -> &'static [&'static str] {
        match self {
            Self::State | Self::Kind => &[],
            Self::Role => &["recurring", "flat", "credit", "proration", "one_time"],
            Self::BillingStatus => &["billable", "no_charge", "do_not_bill"],
            Self::LineStatus => &["active", "ended"],
            Self::Timing => &["advance", "arrears"],
            Self::Cycle => &["1", "2", "3", "6", "12", "24", "36", "none"],
            Self::YesNo => &["yes", "no"],
        }
    }
}
