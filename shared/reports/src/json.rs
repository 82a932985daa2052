//! The two JSON files: `run.json`, what a run came to beside its clients, and `manifest.json`, the SHA-256 of each input
//! and output. The clients are in the stored outcome, `outcomes.jsonl.gz`, and as rows in `lines.csv`.
//!
//! Decimals are strings, so that no reader makes floats of them. Text keeps every character, but those that act or
//! hide on a screen are written as `\u` escapes.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter};
use sha2::{Digest, Sha256};
use truecount_billing::{BillingMonth, CountDay};
use truecount_reconciliation::{MappingSuggestion, OUTCOMES_SCHEMA, PortfolioRecord, SetupFinding, SourceReading};

use crate::{AgreementFindingTotal, InputRef, ReportError, ReportFile, RunHeader, RunReport, sanitize};

/// `run.json`: the header, what the run adds up, how far each source was read, the setup, accounts to map, and how
/// many findings there are in the agreements by themselves. No client
/// is in it: each is a line of the stored outcome, `outcomes.jsonl.gz`.
///
/// # Errors
/// [`ReportError::Json`], which with well-formed values does not happen.
pub fn run_json(report: &RunReport<'_>) -> Result<ReportFile, ReportError> {
    #[derive(Serialize)]
    struct Run<'a> {
        format: &'static str,
        run: &'a RunHeader,
        portfolio: &'a PortfolioRecord,
        sources: &'a [SourceReading],
        setup: &'a [SetupFinding],
        suggestions: &'a [MappingSuggestion],
        agreement_findings: Vec<AgreementFindingTotal>,
    }
    let run = Run {
        format: "truecount-run-1",
        run: report.header,
        portfolio: &report.portfolio,
        sources: &report.sources,
        setup: &report.setup,
        suggestions: &report.suggestions,
        agreement_findings: AgreementFindingTotal::of(&report.agreement_findings),
    };
    file("run.json", &run)
}

/// `manifest.json`: the run's inputs, and the outputs that are given, by name. `further` are outputs that are kept already.
///
/// # Errors
/// [`ReportError::Json`], which with well-formed values does not happen.
pub fn manifest(header: &RunHeader, outputs: &[ReportFile], further: Vec<InputRef>) -> Result<ReportFile, ReportError> {
    #[derive(Serialize)]
    struct Manifest<'a> {
        format: &'static str,
        run_id: &'a str,
        month: BillingMonth,
        closing: Option<u32>,
        count_day: CountDay,
        inputs: Vec<&'a InputRef>,
        outputs: Vec<InputRef>,
    }
    let mut inputs: Vec<_> = header.inputs.iter().collect();
    inputs.sort();
    let outputs = outputs.iter().map(|file| InputRef::of(file.name, &file.bytes));
    let mut outputs: Vec<_> = outputs.chain(further).collect();
    outputs.sort();
    let manifest = Manifest {
        format: "truecount-manifest-1",
        run_id: &header.run_id,
        month: header.month,
        closing: header.closing,
        count_day: header.count_day,
        inputs,
        outputs,
    };
    file("manifest.json", &manifest)
}

/// The JSON Schema of `run.json`: its parts are those of a stored outcome.
///
/// # Errors
/// [`ReportError::Json`], which does not happen: the schemas are this program's.
pub fn run_schema() -> Result<String, ReportError> {
    schema("run.schema.json", include_str!("run.schema.json"))
}

/// The JSON Schema of `manifest.json`.
///
/// # Errors
/// [`ReportError::Json`], which does not happen: the schemas are this program's.
pub fn manifest_schema() -> Result<String, ReportError> {
    schema("manifest.schema.json", include_str!("manifest.schema.json"))
}

/// A schema with the definitions of a stored outcome's and of `run.json`'s beside its own.
fn schema(file: &'static str, text: &str) -> Result<String, ReportError> {
    let read = |text: &str| serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text);
    let refused = |source| ReportError::Json { file, source };
    let mut schema = read(text).map_err(refused)?;
    let own = schema.get_mut(DEFINITIONS).and_then(serde_json::Value::as_object_mut);
    if let Some(own) = own {
        for known in [include_str!("run.schema.json"), OUTCOMES_SCHEMA] {
            let known = read(known).map_err(refused)?.remove(DEFINITIONS);
            if let Some(serde_json::Value::Object(known)) = known {
                for (name, definition) in known {
                    own.entry(name).or_insert(definition);
                }
            }
        }
    }
    serde_json::to_string_pretty(&schema).map_err(refused)
}

/// Where a schema has its definitions.
const DEFINITIONS: &str = "$defs";

impl InputRef {
    /// Of a file that is at hand.
    #[must_use]
    pub fn of(name: &str, bytes: &[u8]) -> Self {
        Self { name: name.to_owned(), sha256: sha256_hex(bytes), bytes: bytes.len() as u64 }
    }
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn file(name: &'static str, value: &impl Serialize) -> Result<ReportFile, ReportError> {
    let mut bytes = Vec::new();
    let formatter = Escaped(PrettyFormatter::with_indent(b" "));
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    value.serialize(&mut serializer).map_err(|source| ReportError::Json { file: name, source })?;
    bytes.push(b'\n');
    Ok(ReportFile { name, bytes })
}

/// Indented JSON whose text cannot act on the screen that shows it.
struct Escaped(PrettyFormatter<'static>);

impl Formatter for Escaped {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        write_escaped(writer, fragment, sanitize::acts_or_hides)
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

/// Writes text with some characters as `\u` escapes.
pub(crate) fn write_escaped<W: ?Sized + io::Write>(
    writer: &mut W,
    text: &str,
    is_escaped: impl Fn(char) -> bool,
) -> io::Result<()> {
    let mut rest = text;
    while let Some((at, character)) = rest.char_indices().find(|(_, c)| is_escaped(*c)) {
        writer.write_all(&rest.as_bytes()[..at])?;
        for unit in character.encode_utf16(&mut [0; 2]) {
            write!(writer, "\\u{unit:04x}")?;
        }
        rest = &rest[at + character.len_utf8()..];
    }
    writer.write_all(rest.as_bytes())
}
