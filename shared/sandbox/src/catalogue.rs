//! What the sample MSP sells: its products, what each is counted by, and the vendors' names for them.

/// A product of the PSA with the service that counts it.
#[derive(Debug)]
pub(crate) struct Product {
    pub(crate) code: &'static str,
    /// The id of its catalogue item in the PSA.
    pub(crate) psa_id: u64,
    pub(crate) description: &'static str,
    pub(crate) source: &'static str,
    /// The kinds of the source that are counted.
    pub(crate) kinds: &'static [&'static str],
    /// Of these, what has this SKU; empty: all.
    pub(crate) sku: &'static str,
    /// Of these, what the MSP has sold, not what the client bought itself.
    pub(crate) is_sold_by_us: bool,
    /// Items count however long ago they were seen.
    pub(crate) is_of_any_age: bool,
    /// One of the kinds may be there at nobody.
    pub(crate) may_be_empty: bool,
    pub(crate) included: u64,
    pub(crate) minimum: u64,
    pub(crate) tolerance: u64,
    /// Pounds a month, as ten-thousandths.
    pub(crate) list_price: i64,
}

/// A product of the PSA that nothing is counted for.
#[derive(Debug)]
pub(crate) struct FixedProduct {
    pub(crate) code: &'static str,
    pub(crate) psa_id: u64,
    pub(crate) description: &'static str,
}

/// A fixed fee: only that the line stands.
pub(crate) const NETWORK: FixedProduct =
    FixedProduct { code: "NET-MGT", psa_id: 501, description: "Network management, fixed fee" };
/// What it costs a month, as ten-thousandths of a pound.
pub(crate) const NETWORK_FEE: i64 = 85_0000;
/// One that the rules do not name.
pub(crate) const FAX: FixedProduct = FixedProduct { code: "FAX-LINE", psa_id: 502, description: "Fax number" };

/// A product that `sold.toml` counts, and what it costs a month, as ten-thousandths of a pound.
pub(crate) type SoldProduct = (FixedProduct, i64);

const fn sold(code: &'static str, psa_id: u64, description: &'static str, list_price: i64) -> SoldProduct {
    (FixedProduct { code, psa_id, description }, list_price)
}

/// What is sold in other ways than by the piece.
pub(crate) const SOLD_PRODUCTS: [SoldProduct; 12] = [
    sold("SEAT-FULL", 601, "All-in seat", 62_0000),
    sold("SEAT-MAIL", 602, "Mail-only seat", 9_0000),
    sold("SOC-24X7", 603, "Security watch", 7_5000),
    sold("DEF-BUS", 604, "Defender for Business", 2_4000),
    sold("AWR-M", 605, "Awareness training, monthly", 1_8000),
    sold("AWR-Y", 606, "Awareness training, yearly", 1_5000),
    sold("BKP-GLD", 611, "Device backup, gold", 19_0000),
    sold("BKP-SLV", 612, "Device backup, silver", 8_0000),
    sold("BKP-ARC", 613, "Archive storage, 100 GB", 11_0000),
    sold("BKP-CLD", 614, "Cloud storage, GB", 600),
    sold("BKP-MBA", 615, "Mailbox archive", 2_0000),
    sold("BKP-TMS", 616, "Teams backup", 2_0000),
];

/// The id of a product's catalogue item, and its description.
pub(crate) fn catalogue_item(code: &str) -> (u64, &'static str) {
    let counted = PRODUCTS.iter().map(|one| (one.code, one.psa_id, one.description));
    let fixed = [NETWORK, FAX].into_iter().chain(SOLD_PRODUCTS.map(|(product, _)| product));
    let fixed = fixed.map(|one| (one.code, one.psa_id, one.description));
    counted.chain(fixed).find(|one| one.0 == code).map_or((0, ""), |(_, id, description)| (id, description))
}

/// What one of a product costs a month by the list, as ten-thousandths.
pub(crate) fn list_price(code: &str) -> i64 {
    let counted = PRODUCTS.iter().map(|one| (one.code, one.list_price));
    let sold = SOLD_PRODUCTS.iter().map(|(product, price)| (product.code, *price));
    counted.chain(sold).chain([(NETWORK.code, NETWORK_FEE)]).find(|one| one.0 == code).map_or(0, |(_, price)| price)
}

pub(crate) const CONNECTWISE: &str = "connectwise";
pub(crate) const NINJAONE: &str = "ninjaone";
pub(crate) const GRAPH: &str = "microsoft-graph";
pub(crate) const PAX8: &str = "pax8";
pub(crate) const BACKUP: &str = "backup";
pub(crate) const EDR: &str = "edr";

pub(crate) const BUSINESS_PREMIUM: &str = "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46";
pub(crate) const BUSINESS_BASIC: &str = "3b555118-da6a-4418-894f-7df1e2096870";
pub(crate) const EXCHANGE_PLAN_1: &str = "4b9405b0-7788-4568-add1-99614e613b69";
pub(crate) const DEFENDER: &str = "3f9f06f5-3c31-472c-985f-62d9c10ec167";
pub(crate) const TEAMS_PHONE: &str = "e43b5b99-8dfb-405f-9987-dc307f34bcbd";

/// Microsoft's part number of a SKU.
pub(crate) fn part_number(sku_id: &str) -> &'static str {
    match sku_id {
        BUSINESS_PREMIUM => "SPB",
        BUSINESS_BASIC => "O365_BUSINESS_ESSENTIALS",
        EXCHANGE_PLAN_1 => "EXCHANGESTANDARD",
        DEFENDER => "MDE_SMB",
        _ => "MCOEV",
    }
}

/// A product of Pax8: id, SKU, vendor's SKU, name.
pub(crate) struct PaxProduct {
    pub(crate) id: &'static str,
    pub(crate) sku: &'static str,
    pub(crate) vendor_sku: &'static str,
    pub(crate) vendor: &'static str,
    pub(crate) name: &'static str,
    /// What the MSP pays a month, as ten-thousandths.
    pub(crate) cost: i64,
}

/// The password manager among them.
pub(crate) const PAX_PASSWORDS: usize = 1;
/// Training, by the month or by the year.
pub(crate) const PAX_TRAINING: usize = 2;
/// Defender for Business, by the year.
pub(crate) const PAX_DEFENDER: usize = 3;

pub(crate) const PAX_PRODUCTS: [PaxProduct; 4] = [
    PaxProduct {
        id: "6b0c5a0e-2f55-4c29-9d5b-51f3a3a7c101",
        sku: "MSH-MAIL-STD-C100",
        vendor_sku: "MSH-STD",
        vendor: "Mailshelter",
        name: "Mailshelter Standard",
        cost: 1_0500,
    },
    PaxProduct {
        id: "0d9df1a7-7c3e-4b53-8a86-3f7f9cbe2202",
        sku: "KSK-PWD-BUS-C100",
        vendor_sku: "KSK-BUS",
        vendor: "Keyskep",
        name: "Keyskep Business",
        cost: 1_6000,
    },
    PaxProduct {
        id: "c4a8b1d2-5e90-4b7e-9a0c-1d5f6e7a3303",
        sku: "PHF-AWR-C100",
        vendor_sku: "PHF-AWR",
        vendor: "Phishfarer",
        name: "Phishfarer Awareness",
        cost: 7000,
    },
    PaxProduct {
        id: "e81f7d36-0b2a-4c65-8f1d-2a9b8c7d4404",
        sku: "MST-DEF-BUS-C100",
        vendor_sku: "DEF-BUS-SMB",
        vendor: "Microsoft",
        name: "Microsoft Defender for Business",
        cost: 1_9000,
    },
];

const BASE: Product = Product {
    code: "",
    psa_id: 0,
    description: "",
    source: "",
    kinds: &[],
    sku: "",
    is_sold_by_us: false,
    is_of_any_age: false,
    may_be_empty: false,
    included: 0,
    minimum: 0,
    tolerance: 0,
    list_price: 0,
};

pub(crate) const WORKSTATION: usize = 0;
pub(crate) const SERVER: usize = 1;
pub(crate) const DETECTION: usize = 2;
pub(crate) const MOBILE: usize = 3;
pub(crate) const PREMIUM: usize = 4;
pub(crate) const BASIC: usize = 5;
pub(crate) const EXCHANGE: usize = 6;
pub(crate) const PHONE: usize = 7;
pub(crate) const MAIL: usize = 8;
pub(crate) const PASSWORDS: usize = 9;
pub(crate) const BACKUP_SERVER: usize = 10;
pub(crate) const BACKUP_MAILBOX: usize = 11;
pub(crate) const BACKUP_STORAGE: usize = 12;

/// Indexed by the constants above.
pub(crate) const PRODUCTS: [Product; 13] = [
    Product {
        code: "MNG-WKS",
        psa_id: 101,
        description: "Managed workstation",
        source: NINJAONE,
        kinds: &["workstation"],
        list_price: 32_5000,
        ..BASE
    },
    Product {
        code: "MNG-SRV",
        psa_id: 102,
        description: "Managed server",
        source: NINJAONE,
        kinds: &["server"],
        list_price: 95_0000,
        ..BASE
    },
    Product {
        code: "EDR-AGT",
        psa_id: 103,
        description: "Endpoint detection",
        source: NINJAONE,
        kinds: &["workstation", "server"],
        may_be_empty: true,
        tolerance: 1,
        list_price: 4_7500,
        ..BASE
    },
    Product {
        code: "MDM-MOB",
        psa_id: 104,
        description: "Managed mobile",
        source: NINJAONE,
        kinds: &["mobile"],
        is_of_any_age: true,
        included: 2,
        list_price: 5_2500,
        ..BASE
    },
    Product {
        code: "M365-BP",
        psa_id: 201,
        description: "Microsoft 365 Business Premium",
        source: GRAPH,
        kinds: &["licence"],
        sku: "SPB",
        is_sold_by_us: true,
        list_price: 18_1000,
        ..BASE
    },
    Product {
        code: "M365-BB",
        psa_id: 202,
        description: "Microsoft 365 Business Basic",
        source: GRAPH,
        kinds: &["licence"],
        sku: "O365_BUSINESS_ESSENTIALS",
        list_price: 4_9000,
        ..BASE
    },
    Product {
        code: "EXO-P1",
        psa_id: 203,
        description: "Exchange Online mailbox",
        source: GRAPH,
        kinds: &["licence"],
        sku: "EXCHANGESTANDARD",
        list_price: 3_3000,
        ..BASE
    },
    Product {
        code: "TEAMS-PHN",
        psa_id: 204,
        description: "Teams Phone",
        source: GRAPH,
        kinds: &["subscription"],
        sku: "MCOEV",
        list_price: 6_6000,
        ..BASE
    },
    Product {
        code: "MAIL-SEC",
        psa_id: 301,
        description: "Mail security",
        source: PAX8,
        kinds: &["subscription"],
        sku: "MSH-STD",
        minimum: 5,
        list_price: 2_1500,
        ..BASE
    },
    Product {
        code: "PWD-MGR",
        psa_id: 302,
        description: "Password manager",
        source: PAX8,
        kinds: &["subscription"],
        sku: "KSK-BUS",
        list_price: 3_2500,
        ..BASE
    },
    Product {
        code: "BKP-SRV",
        psa_id: 401,
        description: "Server backup",
        source: BACKUP,
        kinds: &["server"],
        list_price: 24_0000,
        ..BASE
    },
    Product {
        code: "BKP-MBX",
        psa_id: 402,
        description: "Mailbox backup",
        source: BACKUP,
        kinds: &["mailbox"],
        list_price: 1_9500,
        ..BASE
    },
    Product {
        code: "BKP-STO",
        psa_id: 403,
        description: "Backup storage, TB",
        source: BACKUP,
        kinds: &["storage"],
        included: 1,
        list_price: 18_0000,
        ..BASE
    },
];
