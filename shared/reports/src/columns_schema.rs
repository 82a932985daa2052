//! The columns of a run's CSV files for programs and for people who write one: a Table Schema (frictionlessdata.io), made
//! of the same tables as the files, with what each column means.

use serde::Serialize;

use crate::{
    ReportError,
    agreement_findings::{AGREEMENT_FINDINGS, AGREEMENT_FINDINGS_CSV},
    change_row::{self, CHANGES_CSV},
    column::Column,
    exceptions_sheet,
    history::{CLOSED, CLOSED_CSV},
    lines_sheet::LineCells,
    sheets::{
        COVERAGE_CSV, CoverageRow, EXCEPTIONS_CSV, LINES_CSV, MAPPING_SUGGESTIONS, MAPPING_SUGGESTIONS_CSV, SETUP,
        SETUP_CSV,
    },
};

/// What the columns of all files come to: it rises with each change other than a further column.
const VERSION: u32 = 1;

/// A CSV file of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CsvFile {
    /// What somebody should act on, and what nobody knows.
    Exceptions,
    /// Every comparison.
    Lines,
    /// What is to be changed, line by line.
    Changes,
    /// The exceptions of earlier closings that are gone, or not known.
    Closed,
    /// How far each source was read.
    Coverage,
    /// What makes counts unreliable.
    Setup,
    /// What the agreements give away by themselves.
    AgreementFindings,
    /// Accounts that nobody has mapped.
    MappingSuggestions,
}

impl CsvFile {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Exceptions,
        Self::Lines,
        Self::Changes,
        Self::Closed,
        Self::Coverage,
        Self::Setup,
        Self::AgreementFindings,
        Self::MappingSuggestions,
    ];

    /// Its name in the run's folder.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exceptions => EXCEPTIONS_CSV,
            Self::Lines => LINES_CSV,
            Self::Changes => CHANGES_CSV,
            Self::Closed => CLOSED_CSV,
            Self::Coverage => COVERAGE_CSV,
            Self::Setup => SETUP_CSV,
            Self::AgreementFindings => AGREEMENT_FINDINGS_CSV,
            Self::MappingSuggestions => MAPPING_SUGGESTIONS_CSV,
        }
    }

    /// The Table Schema of its columns.
    ///
    /// # Errors
    /// [`ReportError::Json`], which does not happen: names and meanings are this program's.
    pub fn schema(self) -> Result<String, ReportError> {
        let schema = TableSchema { title: self.name(), version: VERSION, fields: self.fields(), missing_values: [""] };
        serde_json::to_string_pretty(&schema).map_err(|source| ReportError::Json { file: self.name(), source })
    }

    fn fields(self) -> Vec<Field> {
        match self {
            Self::Exceptions => fields(self, exceptions_sheet::columns_of_run()),
            Self::Lines => fields(self, &LineCells::COLUMNS),
            Self::Changes => fields(self, change_row::COLUMNS),
            Self::Closed => fields(self, CLOSED),
            Self::Coverage => fields(self, &CoverageRow::COLUMNS),
            Self::Setup => fields(self, SETUP),
            Self::AgreementFindings => fields(self, AGREEMENT_FINDINGS),
            Self::MappingSuggestions => fields(self, MAPPING_SUGGESTIONS),
        }
    }

    fn meaning(self, column: &str) -> &'static str {
        self.own_meaning(column)
            .or_else(|| common_meaning(column))
            .or_else(|| history_meaning(column))
            .unwrap_or_default()
    }

    /// Of columns that mean something of their own in this file.
    fn own_meaning(self, column: &str) -> Option<&'static str> {
        Some(match (self, column) {
            (Self::Coverage, "state") => "How far the source was read.",
            (Self::Coverage, "reason") => "Why not further.",
            (Self::Coverage, "source") => "The source.",
            (Self::Coverage, "side") => "agreed: it says what is billed; used or purchased: what clients have.",
            (Self::Coverage, "as_of") => "The day of the sync that was used.",
            (Self::Coverage, "accounts") => "Vendor accounts, or clients of the PSA, that it told of.",
            (Self::Coverage, "accounts_incomplete") => "How many of them were not read completely.",
            (Self::Coverage, "rows_read") => "Rows that were read.",
            (Self::Coverage, "rows_used") => "Rows that became items or lines.",
            (Self::Coverage, "rows_looked_up") => "Rows that only say something about others.",
            (Self::Coverage, "rows_left_out") => "Rows that became nothing.",
            (Self::Coverage, "left_out_reasons") => "Why, each with its number of rows.",
            (Self::Coverage, "unknown_words") => {
                "Words of the vendor that nobody has explained, each with its number of rows."
            }
            (Self::Coverage, "revenue_compared") => "Recurring revenue a month that was compared.",
            (Self::Coverage, "revenue_flat") => "Recurring revenue a month of flat fees, which have no count.",
            (Self::Coverage, "revenue_not_reconciled") => "Recurring revenue a month that was not reconciled.",
            (Self::Setup, "code") => "What kind of finding it is.",
            (Self::Setup, "subject") => "What it is about.",
            (Self::Setup, "message") => "What is wrong, and what to do.",
            (Self::Setup, "count") => "How often it occurs.",
            (Self::MappingSuggestions, "source") => "The source that has the account.",
            (Self::MappingSuggestions, "client") => "The client that is proposed; empty: none is probable enough.",
            (Self::MappingSuggestions, "client_id") => "The PSA's id of the client that is proposed.",
            (Self::MappingSuggestions, "score") => "How sure the proposal is, from 0 to 1.",
            (Self::MappingSuggestions, "reason") => "What speaks for it.",
            (Self::MappingSuggestions, "against") => "What speaks against it, or for another.",
            (Self::MappingSuggestions, "items") => "Items of the account.",
            (Self::MappingSuggestions, "monthly_value") => "Revenue a month that depends on the account, by currency.",
            (Self::MappingSuggestions, "if_confirmed") => "What confirming the proposal would come to.",
            (Self::AgreementFindings, "kind") => "What kind of finding it is, as a word.",
            (Self::AgreementFindings, "kind_label") => "What kind of finding it is.",
            (Self::AgreementFindings, "monthly_at_stake") => "What is at stake a month; empty: nobody can compute it.",
            (Self::AgreementFindings, "day") => "The day that it is about.",
            (Self::AgreementFindings, "compared_with") => "The price that the line's is held against.",
            (Self::AgreementFindings, "line_ids") => "Ids of the lines that it is about.",
            (Self::Closed, "closed_because") => "Why the exception is gone; empty: nothing is known of it this month.",
            (Self::Closed, "variance") => "Units to be corrected when a closing last found it, signed.",
            (Self::Closed, "monthly_impact") => "What that was worth a month, signed.",
            (Self::Changes, "from") => "Units that the line bills.",
            (Self::Changes, "to") => "Units that it should bill.",
            (Self::Changes, "line_id") => "The PSA's id of the line; empty: there is none yet.",
            (Self::Changes, "effective_date") => "The day of the first invoice that has the change.",
            (Self::Changes, "ticket") => "The ticket or purchase order that it is worked under.",
            (Self::Lines, "result") => "What the comparison says, as a word.",
            _ => return None,
        })
    }
}

/// Of columns that mean the same wherever they stand.
fn common_meaning(column: &str) -> Option<&'static str> {
    Some(match column {
        "client" => "The client's name.",
        "client_id" => "The PSA's id of the client.",
        "agreement" => "Names of agreements.",
        "agreement_id" => "The PSA's ids of the agreements.",
        "product" => "The product's name, else its code.",
        "product_code" => "The product's code, or the service's.",
        "service" => "The service of the rules.",
        "kind" => "What the exception is, as a word.",
        "counted" => "Units that count.",
        "counted_gross" => "Units that were looked at.",
        "explained" => "What took units from those, each reason with its units.",
        "at_least" => "The fewest units that may have to be billed.",
        "at_most" => "The most; empty: no upper end is known.",
        "billed" => "Units that are billed; empty: nobody knows.",
        "should_bill" => "Units that should be billed; empty: only the ends are known.",
        "variance" => "should_bill less billed.",
        "to_correct" => "Units of that which are worth a correction.",
        "left_alone" => "Units of that which are within the tolerance.",
        "direction" => "Whether more or less should be billed.",
        "unit_price" => "The price of one more unit a month.",
        "monthly_impact" => "What the change is worth a month, signed.",
        "invoice_amount" => "What the change adds to the invoice of that day: of a whole billing cycle.",
        "prorates" => {
            "yes: the PSA bills a part of a cycle by its days; no: it bills whole cycles; empty: it does not say."
        }
        "catch_up" => "What those that joined within periods already invoiced are worth there.",
        "catch_up_for" => "Which those are, each from which day and with its amount.",
        "invoiced" => "this_run: it is on the next invoice; later: on a later one.",
        "currency" => "Of which currency the amounts are.",
        "value_basis" => "calculated: by the line's price; estimated: by another; empty: there is no single value.",
        "next_step" => "What to do next.",
        "owner" => "Whose that is.",
        "account_manager" => "Who looks after the client, by the settings.",
        "approval_needed" => "yes: the change needs approval, by the settings.",
        "approved_by" => "Who approved it.",
        "ticket" => "The ticket or purchase order that it is worked under; to be filled in.",
        "action" | "quantity" | "whom" | "until" | "note" => "To be filled in: `truecount actions import --help`.",
        "items_in" => "Items that count.",
        "items_out" => "Items that do not count, or of which nobody knows, each with the reason.",
        "items" => "Items that were looked at.",
        "confidence" => "high, medium or low; empty: it is not reconciled.",
        "doubts" => "Why it is not sure.",
        "reason" => "The same in a sentence.",
        "if_confirmed" => "What it would be if the mappings that are proposed are right.",
        "next_invoice_date" => "The next invoice date of the agreements.",
        "effective_date" => "The day of the invoice that has the change, where that is not the next one.",
        "counted_on" => "The day on which usage was counted.",
        "service_period" => "The days that the next invoice is for.",
        "source" => "The sources of the count.",
        "account" => "The vendor account's name.",
        "account_id" => "The vendor's id of the account.",
        "line_ids" => "The PSA's ids of the lines, and what is to be changed of each.",
        "part_of" => "The id of the entry that tells it together with others.",
        "run_id" => "The run.",
        "month" => "The month that the run is for.",
        _ => return None,
    })
}

/// Of columns about earlier closings and decisions.
fn history_meaning(column: &str) -> Option<&'static str> {
    Some(match column {
        "number" => "The exception's short number, which stays the same; empty: no closing has found it.",
        "exception_id" => "The exception's id, which stays the same.",
        "state" => "What has become of it since the last closing: new, open, changed or reopened.",
        "since" => "The month since which it stands.",
        "began" => "The day on which it began, where the syncs between two closings tell.",
        "months_open" => "Closings that have found it since then.",
        "lost_so_far" => "What the earlier of them found on their own invoices.",
        "came" => "Items that count now and did not at an earlier closing.",
        "went" => "Items that counted then and do not now.",
        "decision" => "What was decided about it, as a word.",
        "standing" => "How the decision stands, as a word.",
        "decided" => "What was decided, by whom and when.",
        _ => return None,
    })
}

#[derive(Serialize)]
struct TableSchema {
    title: &'static str,
    version: u32,
    fields: Vec<Field>,
    #[serde(rename = "missingValues")]
    missing_values: [&'static str; 1],
}

#[derive(Serialize)]
struct Field {
    name: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    description: &'static str,
}

fn fields<T>(file: CsvFile, columns: &[Column<T>]) -> Vec<Field> {
    let field = |column: &Column<T>| Field {
        name: column.name(),
        kind: column.schema_type(),
        description: file.meaning(column.name()),
    };
    columns.iter().map(field).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_column_of_every_file_has_a_meaning_and_a_name_of_its_own() {
        for file in CsvFile::ALL {
            let fields = file.fields();
            let names: BTreeSet<_> = fields.iter().map(|field| field.name).collect();
            assert_eq!(names.len(), fields.len(), "{file:?}");
            for field in fields {
                let told = field.description;
                assert!(told.ends_with('.') || told.ends_with('`'), "{} of {file:?}: `{told}`", field.name);
            }
            assert!(file.schema().unwrap().contains("\"missingValues\""));
        }
    }
}
