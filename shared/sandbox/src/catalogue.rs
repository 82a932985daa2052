//! What the sample MSP sells: its products, from which count each is billed, and the vendors' names for them.

/// A product of the PSA with the service mapping that joins it to a count.
#[derive(Debug)]
pub(crate) struct Product {
    pub(crate) code: &'static str,
    /// The id of its catalogue item in the PSA.
    pub(crate) psa_id: u64,
    pub(crate) description: &'static str,
    pub(crate) rule_id: &'static str,
    pub(crate) source: &'static str,
    pub(crate) kinds: &'static [&'static str],
    pub(crate) skus: &'static [&'static str],
    pub(crate) count_basis: &'static str,
    pub(crate) included: u64,
    pub(crate) minimum: u64,
    pub(crate) tolerance: u64,
    /// Pounds a month, as ten-thousandths.
    pub(crate) list_price: i64,
}

pub(crate) const CONNECTWISE: &str = "connectwise";
pub(crate) const NINJAONE: &str = "ninjaone";
pub(crate) const GRAPH: &str = "microsoft-graph";
pub(crate) const PAX8: &str = "pax8";
pub(crate) const BACKUP: &str = "backup";

pub(crate) const BUSINESS_PREMIUM: &str = "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46";
pub(crate) const BUSINESS_BASIC: &str = "3b555118-da6a-4418-894f-7df1e2096870";
pub(crate) const EXCHANGE_PLAN_1: &str = "4b9405b0-7788-4568-add1-99614e613b69";
pub(crate) const TEAMS_PHONE: &str = "e43b5b99-8dfb-405f-9987-dc307f34bcbd";

/// Microsoft's part number of a SKU.
pub(crate) fn part_number(sku_id: &str) -> &'static str {
    match sku_id {
        BUSINESS_PREMIUM => "SPB",
        BUSINESS_BASIC => "O365_BUSINESS_ESSENTIALS",
        EXCHANGE_PLAN_1 => "EXCHANGESTANDARD",
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

pub(crate) const PAX_PRODUCTS: [PaxProduct; 2] = [
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
];

const BASE: Product = Product {
    code: "",
    psa_id: 0,
    description: "",
    rule_id: "",
    source: "",
    kinds: &[],
    skus: &[],
    count_basis: "device_all",
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
        rule_id: "managed-workstation",
        source: NINJAONE,
        kinds: &["workstation"],
        count_basis: "device_fresh",
        list_price: 32_5000,
        ..BASE
    },
    Product {
        code: "MNG-SRV",
        psa_id: 102,
        description: "Managed server",
        rule_id: "managed-server",
        source: NINJAONE,
        kinds: &["server"],
        count_basis: "device_fresh",
        list_price: 95_0000,
        ..BASE
    },
    Product {
        code: "EDR-AGT",
        psa_id: 103,
        description: "Endpoint detection",
        rule_id: "endpoint-detection",
        source: NINJAONE,
        kinds: &["workstation", "server"],
        count_basis: "device_fresh",
        tolerance: 1,
        list_price: 4_7500,
        ..BASE
    },
    Product {
        code: "MDM-MOB",
        psa_id: 104,
        description: "Managed mobile",
        rule_id: "managed-mobile",
        source: NINJAONE,
        kinds: &["mobile"],
        included: 2,
        list_price: 5_2500,
        ..BASE
    },
    Product {
        code: "M365-BP",
        psa_id: 201,
        description: "Microsoft 365 Business Premium",
        rule_id: "m365-business-premium",
        source: GRAPH,
        kinds: &["licence"],
        skus: &["SPB"],
        count_basis: "assigned",
        list_price: 18_1000,
        ..BASE
    },
    Product {
        code: "M365-BB",
        psa_id: 202,
        description: "Microsoft 365 Business Basic",
        rule_id: "m365-business-basic",
        source: GRAPH,
        kinds: &["licence"],
        skus: &["O365_BUSINESS_ESSENTIALS"],
        count_basis: "assigned",
        list_price: 4_9000,
        ..BASE
    },
    Product {
        code: "EXO-P1",
        psa_id: 203,
        description: "Exchange Online mailbox",
        rule_id: "exchange-online-1",
        source: GRAPH,
        kinds: &["licence"],
        skus: &["EXCHANGESTANDARD"],
        count_basis: "assigned",
        list_price: 3_3000,
        ..BASE
    },
    Product {
        code: "TEAMS-PHN",
        psa_id: 204,
        description: "Teams Phone",
        rule_id: "teams-phone",
        source: GRAPH,
        kinds: &["subscription"],
        skus: &["MCOEV"],
        count_basis: "purchased",
        list_price: 6_6000,
        ..BASE
    },
    Product {
        code: "MAIL-SEC",
        psa_id: 301,
        description: "Mail security",
        rule_id: "mail-security",
        source: PAX8,
        kinds: &["subscription"],
        skus: &["MSH-STD"],
        count_basis: "purchased",
        minimum: 5,
        list_price: 2_1500,
        ..BASE
    },
    Product {
        code: "PWD-MGR",
        psa_id: 302,
        description: "Password manager",
        rule_id: "password-manager",
        source: PAX8,
        kinds: &["subscription"],
        skus: &["KSK-BUS"],
        count_basis: "purchased",
        list_price: 3_2500,
        ..BASE
    },
    Product {
        code: "BKP-SRV",
        psa_id: 401,
        description: "Server backup",
        rule_id: "backup-server",
        source: BACKUP,
        kinds: &["server"],
        list_price: 24_0000,
        ..BASE
    },
    Product {
        code: "BKP-MBX",
        psa_id: 402,
        description: "Mailbox backup",
        rule_id: "backup-mailbox",
        source: BACKUP,
        kinds: &["mailbox"],
        count_basis: "vendor_billed",
        list_price: 1_9500,
        ..BASE
    },
    Product {
        code: "BKP-STO",
        psa_id: 403,
        description: "Backup storage, TB",
        rule_id: "backup-storage",
        source: BACKUP,
        kinds: &["storage"],
        count_basis: "vendor_billed",
        included: 1,
        list_price: 18_0000,
        ..BASE
    },
];
