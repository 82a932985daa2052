//! stub
use crate::connector::{Connector, SettingsError};
pub(crate) const SECRET: &[&str] = &["client_id", "client_secret"];
pub(crate) const OPTIONS: &str = r#"# base_url = "https://api.pax8.com/v1"
# token_url = "https://api.pax8.com/v1/token"
# requests_per_minute = 300
# concurrency = 1
"#;
pub(crate) fn make(_: &toml::Table) -> Result<Box<dyn Connector>, SettingsError> {
    Err(super::refuse("pax8", "not yet"))
}
