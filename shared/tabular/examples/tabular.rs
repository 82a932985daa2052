//! Shows what a survey finds in a file; reads a file as the product does, or with the csv crate's empty loop beside it,
//! for measuring.
//!
//! usage: tabular show FILE
//! usage: tabular write FILE ROWS
//! usage: tabular read FILE | survey FILE | csv FILE

use std::{
    error::Error,
    fs::File,
    io::{self, BufWriter, Read, Write},
    path::PathBuf,
};

use truecount_tabular::{Input, SeekableInput, SurveyOptions, TableReader, WantedColumn, WantedValues, survey};

const HEADER: &str = "account_id,account_name,item_id,kind,status,quantity,price,last_seen";

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
    let count = match words.as_slice() {
        ["show", file] => show(&OnDisk(file.into()))?,
        ["write", file, rows] => write(file, rows.parse()?)?,
        ["read", file] => read(&OnDisk(file.into()))?,
        ["survey", file] => survey(&OnDisk((*file).into()), &SurveyOptions::default())?.counts().given,
        ["csv", file] => empty_loop(file)?,
        _ => return Err("usage: tabular show FILE | write FILE ROWS | read FILE | survey FILE | csv FILE".into()),
    };
    println!("{count} rows");
    Ok(())
}

#[expect(clippy::print_stdout, reason = "an example at a prompt")]
fn show(input: &OnDisk) -> Result<u64, Box<dyn Error>> {
    let found = survey(input, &SurveyOptions::default())?;
    println!("{:?}, header on line {:?}, {:?}", found.layout(), found.header_line(), found.counts());
    for column in found.columns() {
        println!(
            "`{}` {} filled, {:?}; {} numbers {:?}; {} days {:?}",
            column.heading,
            column.filled_count,
            column.samples,
            column.numbers.count(),
            column.numbers.finding(),
            column.dates.count(),
            column.dates.finding(),
        );
    }
    println!("{}", found.obstacles());
    Ok(found.counts().given)
}

/// Surveys the file, settles four columns, and reads every row's text, number and moment.
fn read(input: &OnDisk) -> Result<u64, Box<dyn Error>> {
    let wanted = [
        WantedColumn::new("account_id", WantedValues::Ids),
        WantedColumn::new("item_id", WantedValues::Ids),
        WantedColumn::new("quantity", WantedValues::Numbers { mark: None }),
        WantedColumn::new("price", WantedValues::Numbers { mark: None }),
        WantedColumn::new("last_seen", WantedValues::Moments { order: None, zone: None }),
    ];
    let found = survey(input, &SurveyOptions::default())?;
    let form = found.settle(&wanted).map_err(|obstacles| obstacles.to_string())?;
    let mut table = TableReader::open(input, &form)?;
    let (mut count, mut bytes, mut newest) = (0, 0, None);
    let mut total = rust_decimal::Decimal::ZERO;
    while let Some(row) = table.next_row()? {
        count += 1;
        bytes += row.text(0).len() + row.text(1).len();
        total += row.decimal(2)?.unwrap_or_default() * row.decimal(3)?.unwrap_or_default();
        newest = newest.max(row.moment(4)?);
    }
    std::hint::black_box((bytes, total, newest));
    Ok(count)
}

fn empty_loop(file: &str) -> Result<u64, Box<dyn Error>> {
    let mut reader = csv::Reader::from_path(file)?;
    let mut record = csv::ByteRecord::new();
    let mut count = 0;
    while reader.read_byte_record(&mut record)? {
        count += 1;
    }
    Ok(count)
}

fn write(file: &str, rows: u64) -> Result<u64, Box<dyn Error>> {
    let mut out = BufWriter::new(File::create(file)?);
    writeln!(out, "{HEADER}")?;
    for row in 0..rows {
        let (account, day, hour) = (row % 5_003, 1 + row % 28, row % 24);
        let quoted = if row % 50 == 0 { "\"Harbour Dental, Ltd\"" } else { "Harbour Dental" };
        let status = if row % 7 == 0 { "retired" } else { "active" };
        writeln!(
            out,
            "C{account:05},{quoted},S-{row:012X},workstation,{status},{},{}.{:02},2026-06-{day:02}T{hour:02}:15:00Z",
            1 + row % 9,
            row % 90,
            row % 100,
        )?;
    }
    out.flush()?;
    Ok(rows)
}
