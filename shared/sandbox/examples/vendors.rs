//! Serves the sample's vendors in the foreground, for tests that run the product as a process.
//!
//! `cargo run -p truecount-sandbox --example vendors -- --dir DIR [--month 2026-06] [--clients 60 | --small 6 |
//! --large ACCOUNTS,ITEMS] [--seed 1] [--fault SOURCE=NAME]… [--seconds N]`
//!
//! Writes `config/`, `inbox/`, `decisions.csv`, `nones.csv` and `answer-sheet.csv` below DIR, prints a line `SOURCE URL` for each
//! vendor and then `ready`. Stops at the end of stdin or after so many seconds. Lines on stdin: `fault SOURCE NAME`
//! (`none`: heal it) and `requests`.

use std::{error::Error, fs, io::Write, path::Path, sync::Arc, time::Duration};

use tokio::sync::mpsc;
use truecount_sandbox::{COLUMNS, FaultProfile, Sample, SampleSize, Vendors};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::read()?;
    let sample = Arc::new(arguments.sample()?);
    let vendors = Vendors::start(Arc::clone(&sample)).await?;
    for (source, name) in &arguments.faults {
        set_fault(&vendors, source, name).await?;
    }
    if let Some(dir) = &arguments.dir {
        write_files(Path::new(dir), &sample, &vendors)?;
    }
    for (source, url) in vendors.endpoints() {
        say(&format!("{source} {url}"));
    }
    say(&format!("foreign {}", vendors.foreign_url()));
    say("ready");
    let serve = listen_to_stdin(&vendors);
    match arguments.seconds {
        Some(seconds) => tokio::time::timeout(Duration::from_secs(seconds), serve).await.unwrap_or(Ok(()))?,
        None => serve.await?,
    }
    report(&vendors);
    vendors.stop().await;
    Ok(())
}

async fn listen_to_stdin(vendors: &Vendors) -> Result<(), Box<dyn Error>> {
    // A thread of its own: one that waits for stdin must not keep the program alive.
    let (send, mut lines) = mpsc::unbounded_channel();
    std::thread::spawn(move || std::io::stdin().lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
    while let Some(line) = lines.recv().await {
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["fault", source, name] => {
                set_fault(vendors, source, name).await?;
                say("done");
            }
            ["requests"] => report(vendors),
            [] => {}
            _ => say("say `fault SOURCE NAME` or `requests`"),
        }
    }
    Ok(())
}

async fn set_fault(vendors: &Vendors, source: &str, name: &str) -> Result<(), Box<dyn Error>> {
    let fault = match name {
        "none" => None,
        name => Some(FaultProfile::named(name, &vendors.foreign_url()).ok_or(format!("there is no fault `{name}`"))?),
    };
    Ok(vendors.set_fault(source, fault).await?)
}

fn report(vendors: &Vendors) {
    for (source, count) in vendors.requests() {
        say(&format!("requests {source} {count}"));
    }
    say(&format!("requests foreign {}", vendors.foreign_requests()));
    say(&format!("writes refused {}", vendors.writes_refused()));
}

fn write_files(dir: &Path, sample: &Sample, vendors: &Vendors) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(dir.join("config"))?;
    fs::write(dir.join("config/settings.toml"), sample.settings_toml(&vendors.endpoints()))?;
    fs::write(dir.join("config/rules.toml"), sample.rules_toml())?;
    write_private(&dir.join("config/secrets.toml"), &sample.secrets_toml())?;
    for file in sample.inbox() {
        let folder = dir.join("inbox/sources").join(&file.source);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(&file.name), &file.bytes)?;
    }
    let mut decisions = "source,account_id,client_id,who,why\n".to_owned();
    for one in sample.decisions() {
        let client = one.client_id.clone().unwrap_or_default();
        let fields = [&one.source, &one.account_id, &client, &one.who, &one.why];
        decisions.push_str(&(fields.map(|field| quoted(field)).join(",") + "\n"));
    }
    fs::write(dir.join("decisions.csv"), decisions)?;
    let mut nones = "source,client_id,who,why\n".to_owned();
    for one in sample.nones() {
        let fields = [&one.source, &one.client_id, &one.who, &one.why];
        nones.push_str(&(fields.map(|field| quoted(field)).join(",") + "\n"));
    }
    fs::write(dir.join("nones.csv"), nones)?;
    let mut sheet = COLUMNS.join(",") + ",story\n";
    for row in sample.answer_sheet() {
        let columns = row.columns();
        let fields: Vec<String> = COLUMNS.iter().map(|column| quoted(&columns[*column])).collect();
        sheet.push_str(&format!("{},{}\n", fields.join(","), quoted(row.story)));
    }
    fs::write(dir.join("answer-sheet.csv"), sheet)?;
    Ok(())
}

#[cfg(unix)]
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?.write_all(text.as_bytes())
}

#[cfg(not(unix))]
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    fs::write(path, text)
}

fn quoted(field: &str) -> String {
    if field.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

/// Nobody may be reading any more: that ends nothing.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

struct Arguments {
    dir: Option<String>,
    month: String,
    clients: usize,
    small: Option<usize>,
    large: Option<(u64, u64)>,
    seed: u64,
    faults: Vec<(String, String)>,
    seconds: Option<u64>,
}

impl Arguments {
    fn read() -> Result<Self, Box<dyn Error>> {
        let mut read = Self {
            dir: None,
            month: "2026-06".to_owned(),
            clients: SampleSize::default().clients,
            small: None,
            large: None,
            seed: 1,
            faults: Vec::new(),
            seconds: None,
        };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let value = words.next().ok_or(format!("`{word}` needs a value"))?;
            let pair =
                |sign| value.split_once(sign).ok_or(format!("`{word} {value}`: two values with `{sign}` between"));
            match word.as_str() {
                "--dir" => read.dir = Some(value),
                "--month" => read.month = value,
                "--clients" => read.clients = value.parse()?,
                "--small" => read.small = Some(value.parse()?),
                "--large" => read.large = Some((pair(',')?.0.parse()?, pair(',')?.1.parse()?)),
                "--seed" => read.seed = value.parse()?,
                "--fault" => read.faults.push((pair('=')?.0.to_owned(), pair('=')?.1.to_owned())),
                "--seconds" => read.seconds = Some(value.parse()?),
                _ => return Err(format!("there is no option `{word}`").into()),
            }
        }
        Ok(read)
    }

    fn sample(&self) -> Result<Sample, Box<dyn Error>> {
        let month = self.month.parse()?;
        Ok(match (self.small, self.large) {
            (Some(clients), _) => Sample::small(clients, month),
            (_, Some((accounts, items))) => Sample::large(accounts, items, month),
            _ => Sample::new(SampleSize { clients: self.clients }, self.seed, month),
        })
    }
}
