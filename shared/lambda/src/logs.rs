//! Log lines as JSON on standard output, for CloudWatch.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::{layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// Sets up the log at the level of `TRUECOUNT_LOG` (one word; `info` if it is missing or unknown). The level is that of
/// Truecount's own lines.
pub(crate) fn set_up() {
    let lines = tracing_subscriber::fmt::layer().json().with_current_span(false).without_time();
    let levels = filter(std::env::var("TRUECOUNT_LOG").ok().as_deref());
    if tracing_subscriber::registry().with(lines).with(levels).try_init().is_err() {
        tracing::debug!("logs were set up before");
    }
}

// Libraries only warn, whatever the level: their traces may hold requests and answers, and with them credentials.
fn filter(level: Option<&str>) -> Targets {
    let level = level.and_then(|word| word.parse().ok()).unwrap_or(LevelFilter::INFO);
    Targets::new().with_default(LevelFilter::WARN).with_target("truecount", level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_only_warn_at_every_level() {
        for (level, expected) in [
            (None, "truecount=info,warn"),
            (Some("trace"), "truecount=trace,warn"),
            (Some("TRACE"), "truecount=trace,warn"),
            (Some("aws_smithy_runtime=trace"), "truecount=info,warn"),
        ] {
            assert_eq!(filter(level).to_string(), expected, "{level:?}");
        }
    }
}
