//! A secret that a person renews while its source is read, at each of the sample's vendors.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use truecount_app::SyncAnswer;
use truecount_billing::SourceId;
use truecount_platform::{Fields, SecretError, Secrets, fields_from_json};
use truecount_sandbox::{Sample, Vendors};

use crate::backend::TestBackend;

/// Hands out an old secret so many times, and then the one that the vendors accept.
struct Renewed {
    sample: Arc<Sample>,
    old: usize,
    asked: AtomicUsize,
}

#[async_trait]
impl Secrets for Renewed {
    async fn source(&self, source: &SourceId) -> Result<Fields, SecretError> {
        let is_old = self.asked.fetch_add(1, Ordering::SeqCst) < self.old;
        let mut fields = self.sample.secrets()[source.as_str()].clone();
        if is_old {
            fields.values_mut().for_each(|value| value.push_str("-old"));
        }
        Ok(fields_from_json(&serde_json::to_string(&fields).unwrap()).unwrap())
    }
}

#[tokio::test]
async fn a_renewed_secret_is_taken_at_the_next_refusal_and_looked_up_once() {
    let sample = Arc::new(Sample::small(3, "2026-06".parse().unwrap()));
    let vendors = Vendors::start(Arc::clone(&sample)).await.unwrap();
    let settings = sample.settings_toml(&vendors.endpoints());
    let mut backend = TestBackend::new(&settings, &sample.rules_toml(), &[]).await;
    for source in vendors.endpoints().keys() {
        for (old, is_committed) in [(2, false), (1, true)] {
            let secrets = Arc::new(Renewed { sample: Arc::clone(&sample), old, asked: AtomicUsize::new(0) });
            backend.env.secrets = secrets.clone();
            let answer = backend.sync(source).await;
            match &answer {
                SyncAnswer::Committed { .. } => assert!(is_committed, "{source} {answer:?}"),
                SyncAnswer::Failed { remedy, .. } => {
                    assert!(
                        !is_committed && *remedy == truecount_billing::Remedy::FixCredentials,
                        "{source} {answer:?}"
                    )
                }
                _ => panic!("{source} {answer:?}"),
            }
            assert_eq!(secrets.asked.load(Ordering::SeqCst), 2, "{source}: at the start, and once more");
        }
    }
}
