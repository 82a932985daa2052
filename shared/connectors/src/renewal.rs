//! A secret that was renewed while its source is read: looked up once more when the vendor refuses the old one.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use crate::auth::{Auth, SecretFields};

/// Looks a source's secret up again.
#[async_trait]
pub trait CredentialProvider: Send + Sync {
    /// The fields as they are now; `None`: they cannot be read.
    async fn secret(&self) -> Option<BTreeMap<String, SecretString>>;
}

/// The secret in use, and the one chance of a new one.
pub(crate) struct CredentialCache {
    current: RwLock<(u32, Arc<SecretFields>)>,
    /// The one that was in use before, which the vendor knows as well.
    earlier: RwLock<Option<Arc<SecretFields>>>,
    /// Taken when the chance is.
    renewal: Mutex<Option<Arc<dyn CredentialProvider>>>,
}

impl CredentialCache {
    pub(crate) fn new(secret: SecretFields, renewal: Option<Arc<dyn CredentialProvider>>) -> Self {
        Self { current: RwLock::new((0, Arc::new(secret))), earlier: RwLock::default(), renewal: Mutex::new(renewal) }
    }

    /// The secret in use.
    pub(crate) fn secret(&self) -> Arc<SecretFields> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner).1)
    }

    /// The secret in use and the one before it.
    pub(crate) fn known(&self) -> Vec<Arc<SecretFields>> {
        let earlier = self.earlier.read().unwrap_or_else(PoisonError::into_inner).clone();
        earlier.into_iter().chain([self.secret()]).collect()
    }

    /// How often it was replaced.
    pub(crate) fn number(&self) -> u32 {
        self.current.read().unwrap_or_else(PoisonError::into_inner).0
    }

    /// Whether there is another secret than that of `number`, which was refused. Of many who ask at once one looks it
    /// up and the others wait.
    pub(crate) async fn renewed_since(&self, number: u32, auth: &Auth) -> bool {
        let mut renewal = self.renewal.lock().await;
        if self.number() > number {
            return true;
        }
        let Some(renewal) = renewal.take() else { return false };
        let Some(fields) = renewal.secret().await.map(SecretFields) else { return false };
        if fields.is_same(&self.secret()) || auth.check(&fields).is_err() {
            return false;
        }
        *self.earlier.write().unwrap_or_else(PoisonError::into_inner) = Some(self.secret());
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = (number + 1, Arc::new(fields));
        true
    }
}

impl SecretFields {
    fn is_same(&self, other: &Self) -> bool {
        let texts = |fields: &Self| -> Vec<(String, String)> {
            fields.0.iter().map(|(name, value)| (name.clone(), value.expose_secret().to_owned())).collect()
        };
        texts(self) == texts(other)
    }
}
