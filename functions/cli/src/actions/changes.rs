//! `actions changes`: what changed in the PSA since the last closing.

use truecount_app::actions::changes_since_closing;
use truecount_reconciliation::{LineChanged, LineDifference, LineTerms};
use truecount_reports::{amount, quantity, sanitize};

use crate::args::Cli;
use crate::open::Session;
use crate::output::{Ending, counted, json, say_text};

pub(super) async fn changes(cli: &Cli, session: &Session, client: Option<&str>) -> anyhow::Result<Ending> {
    let found = changes_since_closing(&session.env, &session.config).await?;
    let Some(mut found) = found else {
        if cli.json {
            json(&serde_json::Value::Null)?;
        } else {
            say_text("Nothing to compare: no month was closed yet, or the PSA was not read since.");
        }
        return Ok(Ending::Clean);
    };
    if let Some(wanted) = client {
        let part = wanted.trim().to_lowercase();
        let lines = &mut found.differences.lines;
        let is_id = lines.iter().any(|one| one.client_id.as_str() == wanted);
        lines.retain(|one| match is_id {
            true => one.client_id.as_str() == wanted,
            false => one.client_name.to_lowercase().contains(&part),
        });
    }
    if cli.json {
        json(&found)?;
        return Ok(Ending::Clean);
    }
    for one in &found.differences.lines {
        let (client, agreement) = (sanitize::visible(&one.client_name), sanitize::visible(&one.agreement_name));
        let product = sanitize::visible(one.product_code.as_str()).into_owned();
        let by = one.by.as_deref().map(|by| format!(", by {}", sanitize::visible(by))).unwrap_or_default();
        say_text(&format!("{client}, {product}: {}{by} ({agreement})", told(one)));
    }
    for name in &found.differences.unread {
        say_text(&format!("! {}: not read completely; what changed is not known", sanitize::visible(name)));
    }
    let lines = counted(found.differences.lines.len(), "line", "lines");
    say_text(&format!(
        "{lines} changed in {} from {} (the closing of {}) to {}",
        found.source, found.before, found.month, found.now
    ));
    Ok(Ending::Clean)
}

/// `quantity 2 → 3, price 10.00 → 12.00`.
fn told(one: &LineDifference) -> String {
    let (before, now) = (&one.before, &one.now);
    match (one.changed, before, now) {
        (LineChanged::Added, _, Some(now)) => format!("new, {}", terms(now)),
        (LineChanged::Ended, Some(before), _) => format!("ended, it was {}", terms(before)),
        (_, Some(before), Some(now)) => {
            let is_replaced = one.changed == LineChanged::Replaced;
            let mut parts: Vec<String> = is_replaced.then(|| "another line".to_owned()).into_iter().collect();
            if before.quantity != now.quantity {
                parts.push(format!("quantity {} → {}", quantity(before.quantity), quantity(now.quantity)));
            }
            if before.unit_price != now.unit_price {
                parts.push(format!("price {} → {}", price(before), price(now)));
            }
            if before.until != now.until {
                parts.push(match now.until {
                    Some(until) => format!("until {until}"),
                    None => "open again".to_owned(),
                });
            }
            parts.join(", ")
        }
        _ => String::new(),
    }
}

fn terms(terms: &LineTerms) -> String {
    format!("{} at {}", quantity(terms.quantity), price(terms))
}

fn price(terms: &LineTerms) -> String {
    terms.unit_price.map_or_else(|| "no price".to_owned(), amount)
}
