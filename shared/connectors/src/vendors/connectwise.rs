//! stub
use crate::connector::{Connector, SettingsError};
pub(crate) const SECRET: &[&str] = &["public_key", "private_key", "client_id"];
pub(crate) const OPTIONS: &str = r#"base_url = "https://api-eu.myconnectwise.net"  # api-na, api-eu, api-au, or your own host
company = "acme"  # the company id that you sign in with
# codebase = "v4_6_release"  # left out: asked of /login/companyinfo/{company}
# timing = "advance"  # or "arrears": when agreements bill
# timing_by_agreement_type = { "Backup usage" = "arrears" }
# agreement_conditions = "endDate > [2025-01-01T00:00:00Z] or noEndingDateFlag = true"  # leave old agreements out
# requests_per_minute = 240
# concurrency = 2
"#;
pub(crate) fn make(_: &toml::Table) -> Result<Box<dyn Connector>, SettingsError> {
    Err(super::refuse("connectwise", "not yet"))
}
