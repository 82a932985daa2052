//! Services of AWS of which only a call or two are made, in AWS's JSON protocol. The SDK's own runtime signs, retries and
//! limits the requests; only the bodies are of this crate.
//!
//! Deliberately absent: the SDKs of these services, three hundred thousand generated lines for four calls.

use aws_config::BehaviorVersion;
use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::AuthSchemeOptionResolverParams;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::ErrorMetadata;
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use truecount_platform::{Detail, PortErrorKind};

use crate::inspector::{AwsInspector, cause, limits, retries};

/// A service in the JSON protocol.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JsonService {
    /// As `TRUECOUNT_ENDPOINT_…` names it.
    pub(crate) name: &'static str,
    /// The first label of its host, and the name that requests are signed for.
    host: &'static str,
    /// What stands before the action.
    target: &'static str,
    /// The version of the protocol.
    version: &'static str,
}

/// CloudWatch Logs.
pub(crate) const LOGS: JsonService =
    JsonService { name: "LOGS", host: "logs", target: "Logs_20140328", version: "1.1" };

/// Step Functions.
pub(crate) const STATES: JsonService =
    JsonService { name: "STATES", host: "states", target: "AWSStepFunctions", version: "1.0" };

/// CloudWatch.
pub(crate) const CLOUDWATCH: JsonService =
    JsonService { name: "CLOUDWATCH", host: "monitoring", target: "GraniteServiceVersion20100801", version: "1.0" };

/// What such a service says of a thing that does not exist.
const MISSING: [&str; 4] =
    ["ExecutionDoesNotExist", "ResourceNotFound", "ResourceNotFoundException", "StateMachineDoesNotExist"];

impl AwsInspector {
    /// The answer of a service to an action that only reads.
    ///
    /// # Errors
    /// [`PortErrorKind`] if the request fails: `Missing` if what it asks for does not exist.
    pub(crate) async fn ask<O: DeserializeOwned>(
        &self,
        service: JsonService,
        action: &str,
        input: &impl Serialize,
    ) -> Result<O, PortErrorKind> {
        let body = serde_json::to_string(input).map_err(|error| PortErrorKind::Invalid(Detail::of(error)))?;
        let operation = self.operation(service, action)?;
        let bytes = operation.invoke(body).await.map_err(|error| {
            let code = error.as_service_error().and_then(ErrorMetadata::code).unwrap_or_default().to_owned();
            match cause(error) {
                PortErrorKind::Invalid(detail) if MISSING.contains(&code.as_str()) => PortErrorKind::Missing(detail),
                kind => kind,
            }
        })?;
        serde_json::from_slice(&bytes)
            .map_err(|error| PortErrorKind::Unreachable(Detail::of(error).context("the answer cannot be read")))
    }

    fn operation(
        &self,
        service: JsonService,
        action: &str,
    ) -> Result<Operation<String, Vec<u8>, ErrorMetadata>, PortErrorKind> {
        let credentials = self.config.credentials_provider();
        let is_plain = |region: &str| region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let (Some(region), Some(credentials)) =
            (self.config.region().filter(|region| is_plain(region.as_ref())), credentials)
        else {
            let why = "no AWS region or no credentials are known: set AWS_REGION and AWS_PROFILE";
            return Err(PortErrorKind::NotSetUp(why.into()));
        };
        // China has a domain of its own.
        let domain = if region.as_ref().starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let usual = || format!("https://{}.{region}.{domain}", service.host);
        let mut signing = Layer::new("signing");
        signing
            .store_put(SigV4OperationSigningConfig::default())
            .store_put(SigningName::from_static(service.host))
            .store_put(SigningRegion::from(region.clone()))
            .store_put(AuthSchemeOptionResolverParams::new(()));
        let components = RuntimeComponentsBuilder::new("signing")
            .with_auth_scheme(SigV4AuthScheme::new())
            .with_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID])))
            .with_identity_resolver(SCHEME_ID, credentials);
        let plugin = StaticRuntimePlugin::new().with_config(signing.freeze()).with_runtime_components(components);
        let headers = (format!("{}.{action}", service.target), format!("application/x-amz-json-{}", service.version));
        Ok(Operation::builder()
            .service_name(service.host)
            .operation_name(action.to_owned())
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(&self.endpoint(service.name).unwrap_or_else(usual))
            .standard_retry(&retries())
            .retry_classifier(AwsErrorCodeClassifier::<ErrorMetadata>::new())
            .retry_classifier(TransientErrorClassifier::<ErrorMetadata>::new())
            .retry_classifier(HttpStatusCodeClassifier::default())
            .timeout_config(limits())
            .runtime_plugin(plugin)
            .serializer(move |body: String| request(body, &headers))
            .deserializer(answer)
            .build())
    }
}

fn request(body: String, (target, content_type): &(String, String)) -> Result<HttpRequest, BoxError> {
    let mut request = HttpRequest::new(SdkBody::from(body));
    request.set_method("POST")?;
    request.set_uri("/")?;
    request.headers_mut().try_insert("content-type", content_type.clone())?;
    request.headers_mut().try_insert("x-amz-target", target.clone())?;
    Ok(request)
}

fn answer(response: &HttpResponse) -> Result<Vec<u8>, OrchestratorError<ErrorMetadata>> {
    let bytes = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        return Ok(bytes.to_vec());
    }
    let error: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let code = error["__type"].as_str().or_else(|| response.headers().get("x-amzn-errortype"));
    // Such as `com.amazonaws.logs#ThrottlingException:http://…`.
    let code = code.and_then(|code| code.split(':').next()?.rsplit('#').next());
    let message = error["message"].as_str().or_else(|| error["Message"].as_str());
    let mut metadata = ErrorMetadata::builder();
    metadata = code.into_iter().fold(metadata, |metadata, code| metadata.code(code));
    metadata = message.into_iter().fold(metadata, |metadata, message| metadata.message(message));
    Err(OrchestratorError::operation(metadata.build()))
}
