//! stub
use crate::connector::{Connector, SettingsError};
pub(crate) const SECRET: &[&str] = &["client_id", "client_secret"];
pub(crate) const OPTIONS: &str = r#"# One of the two: the tenants by name, or your own tenant, whose delegated customers are then asked.
tenants = [
  { id = "8f2b3c1a-0000-4000-8000-000000000001", name = "Contoso Dental" },
]
# partner_tenant = "8f2b3c1a-0000-4000-8000-0000000000ff"
# sign_in_activity = true  # when users last signed in; a tenant without Entra ID P1 is asked again without it
# base_url = "https://graph.microsoft.com"
# login_url = "https://login.microsoftonline.com"
# requests_per_minute = 600
# concurrency = 4
"#;
pub(crate) fn make(_: &toml::Table) -> Result<Box<dyn Connector>, SettingsError> {
    Err(super::refuse("microsoft-graph", "not yet"))
}
