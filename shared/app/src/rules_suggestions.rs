//! Rules that fit the newest syncs, for the products that have none.
//!
//! Nothing is stored: whoever asks decides what is taken over.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;
use truecount_billing::SourceId;
use truecount_store::RULES_FILE;
use truecount_suggestions::{SuggestionInputs, Suggestions, WhichProducts, suggest};

use crate::rules_review::of_newest_syncs;
use crate::{AppError, Config, Environment};

/// Suggestions with the syncs that they were made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RulesSuggestions {
    /// The sources with the day of their newest sync; `None`: there is none.
    pub synced_on: BTreeMap<SourceId, Option<Date>>,
    /// What is suggested.
    #[serde(flatten)]
    pub suggestions: Suggestions,
}

impl RulesSuggestions {
    /// Tries rules at the clients of the newest syncs.
    ///
    /// # Errors
    /// [`AppError`] if something cannot be read.
    pub async fn load(env: &Environment, config: &Config, which: WhichProducts) -> Result<Self, AppError> {
        let rules_text = String::from_utf8_lossy(&config.rules_bytes);
        of_newest_syncs(env, config, |comparison| {
            env.progress.step("trying rules");
            let inputs = SuggestionInputs {
                inputs: &comparison.inputs,
                context: comparison.context(),
                rules: &config.rules,
                rules_text: &rules_text,
                vocabulary: &config.settings.vocabulary(),
                which,
            };
            let suggestions = suggest(&inputs).map_err(|error| AppError::damaged(RULES_FILE, error))?;
            Ok(Self { synced_on: comparison.synced_on(), suggestions })
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use truecount_suggestions::SuggestedBasis;

    use super::*;
    use crate::test_environment::{Content, FLAT_RULES, SETTINGS, TODAY, TestEnvironment, billed, config, used};

    #[tokio::test]
    async fn a_product_without_a_rule_gets_the_count_that_is_billed_at_the_clients() {
        let mut test = TestEnvironment::new();
        test.config = config(SETTINGS, FLAT_RULES);
        let with_product = |number: u32| {
            let mut content = billed(&format!("c{number}"), &format!("Client {number}"), number);
            content.lines[0].product_code = "HOSTS".parse().unwrap();
            content
        };
        let clients: Vec<Content> = (1..=7).map(with_product).collect();
        test.commit("psa", TODAY, &clients).await;
        let accounts: Vec<Content> =
            (1..=7).map(|number| used(&format!("a{number}"), &format!("Client {number}"), number)).collect();
        test.commit("rmm", TODAY, &accounts).await;
        let of = |which| RulesSuggestions::load(&test.env, &test.config, which);
        let found = of(WhichProducts::WithoutRule).await.unwrap();
        let [product] = found.suggestions.products.as_slice() else { panic!("{found:?}") };
        assert_eq!((product.product.as_str(), product.basis), ("HOSTS", SuggestedBasis::Counted));
        assert_eq!(product.rule.as_deref(), Some("{ count = \"rmm.server\" }"));
        assert_eq!((product.fit.equal, product.fit.clients, &product.caution), (7, 7, &None));
        assert_eq!(found.synced_on.values().flatten().map(ToString::to_string).collect::<Vec<_>>(), [TODAY, TODAY]);

        test.config = config(SETTINGS, "[services]\nHOSTS = { count = \"rmm.nas\" }\n");
        let of = |which| RulesSuggestions::load(&test.env, &test.config, which);
        assert_eq!(of(WhichProducts::WithoutRule).await.unwrap().suggestions.products, []);
        assert_eq!(of(WhichProducts::All).await.unwrap().suggestions.products.len(), 1);
    }
}
