//! Settings and rules of a small MSP whose PSA and RMM are CSV files.

macro_rules! csv_sources {
    () => {
        r#"
[[sources]]
id = "psa"
connector = "file"
side = "agreed"

[[sources]]
id = "rmm"
connector = "file"
side = "used"
"#
    };
}

/// The sources `psa` (what is agreed) and `rmm` (what is used), both CSV files.
pub const CSV_SOURCES: &str = csv_sources!();

/// A sender and [`CSV_SOURCES`].
pub const SETTINGS: &str = concat!("[mail]\nfrom = \"truecount@msp.example\"\n", csv_sources!());

/// A rules file in which one product is counted by one kind of the `rmm`'s items.
#[must_use]
pub fn rule(product_code: &str, kind: &str) -> String {
    format!("currency = \"GBP\"\n[services]\n{product_code} = {{ count = \"rmm.{kind}\" }}\n")
}
