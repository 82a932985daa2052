//! `truecount rules schema`: the rules language over the sources of the settings, for editors. The rules file itself is not
//! read: it may be half written.

use anyhow::Context;
use truecount_app::Settings;
use truecount_rules::rules_schema;
use truecount_store::SETTINGS_FILE;

use crate::args::BackendArgs;
use crate::open::{Purpose, open_backend};
use crate::output::{Ending, json};

pub(super) async fn schema(args: &BackendArgs) -> anyhow::Result<Ending> {
    let backend = open_backend(Purpose::Look, args).await?;
    let place = backend.env.config.place(SETTINGS_FILE);
    let settings = backend.env.config.get(SETTINGS_FILE).await?;
    let settings = settings.with_context(|| format!("`{place}` does not exist: `truecount init` writes one"))?;
    let settings = String::from_utf8(settings).with_context(|| format!("`{place}` is not UTF-8"))?;
    json(&rules_schema(&Settings::parse(&settings)?.vocabulary()))?;
    Ok(Ending::Clean)
}
