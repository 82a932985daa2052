//! Whether this machine, user or role can do what the commands do: every write here is one whose condition cannot be
//! met, so that nothing is written.

use std::path::Path;

use jiff::SignedDuration;
use truecount_app::{Environment, keys};
use truecount_platform::{ArchiveError, PortErrorKind, Row, TableError, Value};

use super::{Health, Line, remedy};
use crate::cloud::Cloud;

/// A row that is never there.
const NOWHERE: (&str, &str) = ("DOCTOR", "-");

/// Free bytes below which a month's run may not find room.
const FREE_BYTES_MIN: u64 = 1_000_000_000;

pub(super) async fn identity(cloud: &Cloud, lines: &mut Vec<Line>, skews: &mut Vec<(String, SignedDuration)>) {
    match cloud.caller().await {
        Ok(caller) => {
            skews.extend(caller.skew.map(|skew| ("AWS".to_owned(), skew)));
            let says = format!("{} in account {}, region {}", caller.arn, caller.account, cloud.region());
            lines.push(Line::good("identity", says));
        }
        Err(cause) => {
            let remedy = "sign in to AWS in this shell (AWS_PROFILE, or the variables of a key), and name a region";
            lines.push(Line::bad(Health::Fault, "identity", cause.to_string(), remedy));
        }
    }
}

pub(super) async fn table(env: &Environment, lines: &mut Vec<Line>) {
    let table = &env.table;
    let (pk, sk) = NOWHERE;
    let never = Value::Text("is never there".to_owned());
    let fault = |action: &str, error: TableError| {
        let remedy = remedy(&error.cause, action);
        Line::bad(Health::Fault, "table", format!("{error} ({action})"), remedy)
    };
    let asked: [(&str, Result<(), TableError>); 5] = [
        ("dynamodb:GetItem", table.get(pk, sk).await.map(drop)),
        ("dynamodb:BatchGetItem", table.batch_get(&[(pk.to_owned(), sk.to_owned())]).await.map(drop)),
        ("dynamodb:Query", table.query(pk, sk).await.map(drop)),
        ("dynamodb:PutItem", table.put_if(Row::new(pk, sk), "doctor", &never).await.map(drop)),
        ("dynamodb:DeleteItem", table.delete_if(pk, sk, "doctor", &never).await.map(drop)),
    ];
    let first = asked.into_iter().find_map(|(action, answer)| answer.err().map(|error| fault(action, error)));
    lines.push(first.unwrap_or_else(|| Line::good("table", format!("`{}` can be read and written", table.name()))));
}

/// Whether settings and rules are there and can be read.
pub(super) async fn bucket(env: &Environment, lines: &mut Vec<Line>) -> bool {
    let archive = &env.config;
    let fault = |action: &str, error: ArchiveError| {
        let remedy = match &error.cause {
            PortErrorKind::Disk(_) => "give this user the right to the folder and its files".to_owned(),
            cause => remedy(cause, action),
        };
        Line::bad(Health::Fault, "files", format!("{error} ({action})"), remedy)
    };
    if let Err(error) = archive.list("config/").await {
        lines.push(fault("s3:ListBucket", error));
        return false;
    }
    for key in [keys::SETTINGS, keys::RULES] {
        match archive.get(key).await {
            Ok(Some(_)) => {}
            Ok(None) => {
                let says = format!("`{}` is not there", archive.place(key));
                let remedy = "`truecount init --data DIR` writes one to begin with; `truecount config push DIR/config` puts it in place";
                lines.push(Line::bad(Health::Fault, "files", says, remedy));
                return false;
            }
            Err(error) => {
                lines.push(fault("s3:GetObject", error));
                return false;
            }
        }
    }
    // It is there, so this writes nothing.
    if let Err(error) = archive.put_new(keys::SETTINGS, Vec::new()).await {
        lines.push(fault("s3:PutObject", error));
        return true;
    }
    lines.push(Line::good("files", format!("`{}` can be read and written", archive.place("config"))));
    true
}

#[cfg(unix)]
pub(super) fn disk(folder: &Path, lines: &mut Vec<Line>) {
    lines.push(match rustix::fs::statvfs(folder) {
        Ok(found) => room(found.f_bavail.saturating_mul(found.f_frsize)),
        Err(error) => Line::bad(
            Health::Fault,
            "disk",
            format!("`{}`: {error}", folder.display()),
            "name a folder that is there with --data",
        ),
    });
}

/// Other systems are asked by no call that is safe everywhere.
#[cfg(not(unix))]
pub(super) fn disk(_: &Path, _: &mut Vec<Line>) {}

fn room(free: u64) -> Line {
    let says = format!("{} MB free", free / 1_000_000);
    if free >= FREE_BYTES_MIN {
        return Line::good("disk", says);
    }
    Line::bad(Health::Gap, "disk", says, "make room: a month's pages and reports may not fit")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told() {
        assert_eq!(room(FREE_BYTES_MIN).health, Health::Good);
        let line = room(20_000_000);
        assert_eq!((line.health, line.says.as_str()), (Health::Gap, "20 MB free"));
    }
}
