//! Shows what a file is taken for, or reads a list of items as the product does, for measuring.
//!
//! usage: exports show FILE
//! usage: exports write FILE ROWS
//! usage: exports read FILE

use std::{
    error::Error,
    fs::File,
    io::{self, BufWriter, Read, Write},
    path::PathBuf,
    sync::Arc,
};

use toml::Table;
use truecount_exports::{Export, ExportGatherer, ExportProfile, recognise};
use truecount_tabular::{Input, SeekableInput};

const HEADER: &str = "account_id,account_name,item_id,kind,status,last_seen";
const PROFILE: &str = r#"
side = "used"
as_of = "2026-06-30"
[columns]
account_id = "account_id"
account_name = "account_name"
item_id = "item_id"
kind = "kind"
status = "status"
last_seen = "last_seen"
"#;

/// A file that is opened again for each pass.
struct OnDisk(PathBuf);

impl Input for OnDisk {
    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(File::open(&self.0)?))
    }

    fn open_seekable(&self) -> io::Result<Box<dyn SeekableInput + '_>> {
        Ok(Box::new(File::open(&self.0)?))
    }
}

#[expect(clippy::print_stdout, reason = "an example at a prompt")]
fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["show", file] => show(&OnDisk(file.into()), file),
        ["write", file, rows] => write(file, rows.parse()?),
        ["read", file] => {
            println!("{} rows used", read(&OnDisk(file.into()))?);
            Ok(())
        }
        _ => Err("usage: exports show FILE | write FILE ROWS | read FILE".into()),
    }
}

#[expect(clippy::print_stdout, reason = "an example at a prompt")]
fn show(input: &OnDisk, name: &str) -> Result<(), Box<dyn Error>> {
    let recognised = recognise(input, name, &Table::new())?;
    println!("{}", recognised.preset.map_or("no preset fits", |preset| preset.title.as_str()));
    for column in &recognised.columns {
        let taken = column.taken_as.iter().map(|one| format!("{}{}", one.field, if one.is_sure { "" } else { "?" }));
        println!("`{}` {:?}: {}", column.heading, column.samples, taken.collect::<Vec<_>>().join(" "));
    }
    recognised.questions.iter().for_each(|question| println!("? {question}"));
    Ok(())
}

fn write(file: &str, rows: u64) -> Result<(), Box<dyn Error>> {
    let mut out = BufWriter::new(File::create(file)?);
    writeln!(out, "{HEADER}")?;
    for row in 0..rows {
        let account = row / 40;
        writeln!(out, "a-{account},Customer {account},d-{row},workstation,active,2026-06-{:02}", 1 + row % 28)?;
    }
    Ok(out.flush()?)
}

fn read(input: &OnDisk) -> Result<u64, Box<dyn Error>> {
    let table: Table = PROFILE.parse()?;
    let profile = Arc::new(ExportProfile::read(&table).map_err(|faults| format!("{faults:?}"))?);
    let export = Export::open(&profile, input, "items-2026-06-30.csv")?;
    let mut gatherer = ExportGatherer::new(&profile, jiff::civil::date(2026, 6, 30));
    let mut rows = export.rows(input)?;
    while let Some(row) = rows.next_row()? {
        gatherer.take(export.layout(), &row).map_err(|faults| format!("{faults:?}"))?;
    }
    Ok(gatherer.finish().receipt().used)
}
