//! The archive in an S3 bucket. Deliberately absent: encryption, versions and expiry, which are the bucket's own
//! settings, and multipart uploads: a file here has a few megabytes, and what people hand over goes up in one piece.

use std::{fmt, path::Path, time::Duration};

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_s3::{
    Client,
    config::{Builder, http::HttpResponse},
    error::{ProvideErrorMetadata, SdkError},
    operation::put_object::builders::PutObjectFluentBuilder,
    primitives::{ByteStream, SdkBody},
};
use jiff::Timestamp;
use tokio::io::AsyncRead;
use url::Url;

use super::{Aws, LazyClient, Service, count::Count, retries, timeouts};
use crate::{
    Archive, ArchiveEntry, ArchiveError, CreateOutcome, Detail, PortErrorKind,
    archive::{LIST_ENTRIES_MAX, checked_key, content_type},
    backoff,
};

/// How often a write is repeated that S3 refuses because another one to the same key is under way.
const CONFLICT_TRIES_MAX: u32 = 8;

/// The time of an attempt; more for a large file.
const ATTEMPT: Duration = Duration::from_secs(60);
/// The most that S3 takes in one piece.
const UPLOAD_BYTES_MAX: u64 = 5 << 30;
/// The slowest line on which an upload is not given up.
const UPLOAD_BYTES_PER_SECOND_MIN: u64 = 256 << 10;

/// Files as objects of one bucket.
pub struct S3Archive {
    bucket: String,
    client: LazyClient<Client>,
}

impl S3Archive {
    pub(super) fn new(aws: &Aws, bucket: &str) -> Self {
        let build = |config: &SdkConfig, endpoint: Option<&Url>| {
            let mut builder = Builder::from(config)
                .retry_config(retries())
                .timeout_config(timeouts(ATTEMPT, 3 * ATTEMPT))
                .interceptor(Count(Service::Archive));
            builder.set_endpoint_url(endpoint.map(Url::to_string));
            builder.set_force_path_style(endpoint.map(|_| true));
            Client::from_conf(builder.build())
        };
        Self { bucket: bucket.to_owned(), client: LazyClient::new(aws, Service::Archive, build) }
    }

    /// Creates the bucket unless it exists: for tests. A deployed bucket comes from the template.
    ///
    /// # Errors
    /// [`ArchiveError`] if it does not exist in the end.
    pub async fn create_if_missing(&self) -> Result<(), ArchiveError> {
        let create = self.client("creating", "").await?.create_bucket().bucket(&self.bucket);
        match create.send().await {
            Err(error) if error.code() != Some("BucketAlreadyOwnedByYou") => Err(self.failed("creating", "", error)),
            _ => Ok(()),
        }
    }

    async fn client(&self, operation: &'static str, key: &str) -> Result<&Client, ArchiveError> {
        self.client.get().await.map_err(|cause| self.error(operation, key, cause))
    }

    async fn write(&self, key: &str) -> Result<PutObjectFluentBuilder, ArchiveError> {
        self.checked("writing", key)?;
        let client = self.client("writing", key).await?;
        Ok(client.put_object().bucket(&self.bucket).key(key).content_type(content_type(key)))
    }

    async fn read(&self, key: &str) -> Result<Option<ByteStream>, ArchiveError> {
        self.checked("reading", key)?;
        let client = self.client("reading", key).await?;
        match client.get_object().bucket(&self.bucket).key(key).send().await {
            Ok(object) => Ok(Some(object.body)),
            Err(error) if error.code() == Some("NoSuchKey") => Ok(None),
            Err(error) => Err(self.failed("reading", key, error)),
        }
    }

    /// The bytes of a file on this machine, read anew for each attempt, and the time that they may take.
    async fn body_of(&self, key: &str, file: &Path) -> Result<(SdkBody, Builder), ArchiveError> {
        let unreadable = |error: &dyn fmt::Display| {
            let why = format!("`{}` cannot be read: {error}", file.display());
            self.error("writing", key, PortErrorKind::Invalid(why.into()))
        };
        let bytes = tokio::fs::metadata(file).await.map_err(|error| unreadable(&error))?.len();
        if bytes > UPLOAD_BYTES_MAX {
            let why = format!("{bytes} bytes, more than the {UPLOAD_BYTES_MAX} of one upload: divide the file");
            return Err(self.error("writing", key, PortErrorKind::TooMuch(why.into())));
        }
        let body = ByteStream::from_path(file).await.map_err(|error| unreadable(&error))?;
        let attempt = ATTEMPT + Duration::from_secs(bytes / UPLOAD_BYTES_PER_SECOND_MIN);
        let limits = Builder::new().timeout_config(timeouts(attempt, 3 * attempt));
        Ok((body.into_inner(), limits))
    }

    async fn put_new_body(
        &self,
        key: &str,
        body: SdkBody,
        limits: Option<Builder>,
    ) -> Result<CreateOutcome, ArchiveError> {
        let mut tries = 0;
        loop {
            // A clone shares the bytes, or reads the file again.
            let Some(bytes) = body.try_clone() else {
                return Err(self.error(
                    "writing",
                    key,
                    PortErrorKind::Invalid("the bytes cannot be sent twice".into()),
                ));
            };
            let mut request = self.write(key).await?.if_none_match("*").body(ByteStream::new(bytes)).customize();
            if let Some(limits) = &limits {
                request = request.config_override(limits.clone());
            }
            let Err(error) = request.send().await else { return Ok(CreateOutcome::Created) };
            match error.raw_response().map(|response| response.status().as_u16()) {
                Some(412) => return Ok(CreateOutcome::AlreadyExists),
                Some(409) if tries < CONFLICT_TRIES_MAX => {
                    tries += 1;
                    backoff::wait(tries).await;
                }
                Some(409) => {
                    let conflict =
                        PortErrorKind::Throttled(Detail::new("another write to the same key is under way", error));
                    return Err(self.error("writing", key, conflict));
                }
                _ => return Err(self.failed("writing", key, error)),
            }
        }
    }

    fn checked(&self, operation: &'static str, key: &str) -> Result<(), ArchiveError> {
        match checked_key(key) {
            Ok(_) => Ok(()),
            Err(error) => Err(self.error(operation, key, PortErrorKind::Invalid(Detail::of(error)))),
        }
    }

    fn error(&self, operation: &'static str, key: &str, cause: PortErrorKind) -> ArchiveError {
        ArchiveError { operation, place: self.place(key), cause }
    }

    fn failed<E>(&self, operation: &'static str, key: &str, error: SdkError<E, HttpResponse>) -> ArchiveError
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let cause = match error.code() {
            Some("NoSuchBucket") => PortErrorKind::Missing(Detail::new(
                format!(
                    "the bucket does not exist in {}: create it, or correct its name or the region",
                    self.client.place()
                ),
                error,
            )),
            _ => PortErrorKind::from_sdk(error),
        };
        self.error(operation, key, cause)
    }
}

#[async_trait]
impl Archive for S3Archive {
    async fn put_new(&self, key: &str, bytes: Vec<u8>) -> Result<CreateOutcome, ArchiveError> {
        self.put_new_body(key, SdkBody::from(bytes), None).await
    }

    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), ArchiveError> {
        let request = self.write(key).await?.body(ByteStream::from(bytes));
        request.send().await.map_err(|error| self.failed("writing", key, error))?;
        Ok(())
    }

    async fn put_new_from(&self, key: &str, file: &Path) -> Result<CreateOutcome, ArchiveError> {
        let (body, limits) = self.body_of(key, file).await?;
        self.put_new_body(key, body, Some(limits)).await
    }

    async fn put_from(&self, key: &str, file: &Path) -> Result<(), ArchiveError> {
        let (body, limits) = self.body_of(key, file).await?;
        let request = self.write(key).await?.body(ByteStream::new(body)).customize().config_override(limits);
        request.send().await.map_err(|error| self.failed("writing", key, error))?;
        Ok(())
    }

    async fn replace(&self, key: &str, earlier: &[u8], bytes: Vec<u8>) -> Result<bool, ArchiveError> {
        self.checked("reading", key)?;
        let found = self.client("reading", key).await?.get_object().bucket(&self.bucket).key(key).send().await;
        let found = match found {
            Ok(found) => found,
            Err(error) if error.code() == Some("NoSuchKey") => return Ok(false),
            Err(error) => return Err(self.failed("reading", key, error)),
        };
        let version = found.e_tag.unwrap_or_default();
        let there = found.body.collect().await;
        let there = there.map_err(|error| self.error("reading", key, PortErrorKind::Unreachable(Detail::of(error))))?;
        if there.to_vec() != earlier {
            return Ok(false);
        }
        match self.write(key).await?.if_match(version).body(ByteStream::from(bytes)).send().await {
            Ok(_) => Ok(true),
            // Another write came first, or is under way.
            Err(error) if error.raw_response().is_some_and(|r| matches!(r.status().as_u16(), 409 | 412)) => Ok(false),
            Err(error) => Err(self.failed("writing", key, error)),
        }
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, ArchiveError> {
        let Some(body) = self.read(key).await? else { return Ok(None) };
        match body.collect().await {
            Ok(bytes) => Ok(Some(bytes.to_vec())),
            Err(error) => Err(self.error("reading", key, PortErrorKind::Unreachable(Detail::of(error)))),
        }
    }

    async fn open(&self, key: &str) -> Result<Option<Box<dyn AsyncRead + Send + Unpin>>, ArchiveError> {
        let body = self.read(key).await?;
        Ok(body.map(|body| Box::new(body.into_async_read()) as Box<dyn AsyncRead + Send + Unpin>))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<ArchiveEntry>, ArchiveError> {
        let request = self.client("listing", prefix).await?.list_objects_v2().bucket(&self.bucket).prefix(prefix);
        let mut entries = Vec::new();
        let mut from = None;
        loop {
            let page = request.clone().set_continuation_token(from).send().await;
            let page = page.map_err(|error| self.failed("listing", prefix, error))?;
            for object in page.contents.unwrap_or_default() {
                let Some(key) = object.key else { continue };
                // The console's folders are empty objects whose key ends with a slash.
                if !key.ends_with('/') {
                    let size = object.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
                    let written = object.last_modified.and_then(|time| time.to_millis().ok());
                    let modified = written.and_then(|time| Timestamp::from_millisecond(time).ok());
                    entries.push(ArchiveEntry { key, size, modified });
                }
            }
            if entries.len() > LIST_ENTRIES_MAX {
                let cause = PortErrorKind::TooMuch(format!("{LIST_ENTRIES_MAX} files in one listing").into());
                return Err(self.error("listing", prefix, cause));
            }
            from = page.next_continuation_token;
            if from.is_none() {
                entries.sort_unstable();
                return Ok(entries);
            }
        }
    }

    fn place(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }
}

impl fmt::Debug for S3Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Archive").field("bucket", &self.bucket).finish_non_exhaustive()
    }
}
