//! One file as an export: its survey laid under a profile, settled, or refused with everything that stands in the way.

use std::{fmt, sync::Arc};

use jiff::civil::Date;
use truecount_billing::CountDay;
use truecount_tabular::{Form, Input, ObstacleKind, Obstacles, Stop, Survey, TableReader, survey};

use crate::{
    as_of::{AsOf, AsOfFault, day_of_name},
    fault::{CellFaults, HeadingFault},
    layout::ExportLayout,
    profile::ExportProfile,
};

/// A file whose rows can be read: where its fields are, and in which form their values stand.
#[derive(Debug, Clone)]
pub struct Export {
    layout: ExportLayout,
    form: Form,
}

/// Everything that stands in the way of reading a file.
#[derive(Debug, Clone, Default)]
pub struct ExportRefusal {
    /// What its headings lack.
    pub headings: Vec<HeadingFault>,
    /// What is wrong with the file, and what its values leave open.
    pub obstacles: Obstacles,
    /// What is wrong with its rows, as far as they can be read.
    pub rows: CellFaults,
}

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// It cannot be opened, or is of a kind that nothing is known about.
    #[error(transparent)]
    Stop(#[from] Stop),
    /// Something is wrong with it.
    #[error("{0}")]
    Refused(Box<ExportRefusal>),
}

impl Export {
    /// Surveys a file and settles how it is read.
    ///
    /// # Errors
    /// Everything that stands in the way at once: of the headings, of the values, and of the rows.
    pub fn open(profile: &Arc<ExportProfile>, input: &dyn Input, file_name: &str) -> Result<Self, ExportError> {
        let survey = survey(input, &profile.survey_options())?;
        let refused = match Self::of(profile, &survey, file_name) {
            Ok(export) => return Ok(export),
            Err(refused) => refused,
        };
        let rows = rest_of_faults(profile, &survey, input, file_name)?;
        Err(ExportError::Refused(Box::new(ExportRefusal { rows, ..*refused })))
    }

    /// Lays a profile over a file that was surveyed with the profile's
    /// [`survey_options`](ExportProfile::survey_options).
    ///
    /// # Errors
    /// Everything that stands in the way, of the headings and of the values.
    pub fn of(profile: &Arc<ExportProfile>, survey: &Survey, file_name: &str) -> Result<Self, Box<ExportRefusal>> {
        let headings = headings(survey);
        let refuse = |headings, obstacles| Box::new(ExportRefusal { headings, obstacles, rows: CellFaults::default() });
        let (layout, mut faults) = ExportLayout::find(profile, &headings, file_name);
        if survey.header_line().is_none() {
            // Without a header there is nothing to say about headings.
            faults.retain(|fault| !matches!(fault, HeadingFault::Missing { .. }));
        }
        match survey.settle(layout.wanted()) {
            Ok(form) if faults.is_empty() => Ok(Self { layout, form }),
            settled => Err(refuse(faults, settled.err().unwrap_or_default())),
        }
    }

    /// Reads all rows for what is wrong with them.
    ///
    /// # Errors
    /// [`Stop`] if the file cannot be read.
    pub fn faults(&self, input: &dyn Input) -> Result<CellFaults, Stop> {
        let mut faults = CellFaults::default();
        let mut rows = self.rows(input)?;
        while let Some(row) = rows.next_row()? {
            if let Err(wrong) = self.layout.read_row(&row) {
                faults.extend(wrong);
            }
        }
        Ok(faults)
    }

    /// The day that the file is as of; `modified`: the day on which it was last written, if that is known.
    ///
    /// # Errors
    /// [`Stop`] if the file cannot be read; [`AsOfFault`] if it does not tell.
    pub fn as_of(&self, input: &dyn Input, modified: Option<Date>) -> Result<Result<Date, AsOfFault>, Stop> {
        Ok(match &self.layout.profile().as_of {
            AsOf::Day(day) => Ok(day.0),
            AsOf::Name => day_of_name(self.layout.file_name()).map(|CountDay(day)| day).map_err(AsOfFault::Name),
            AsOf::Modified => modified.ok_or(AsOfFault::NotModified),
            AsOf::Column(heading) => return self.as_of_rows(input, heading),
        })
    }

    fn as_of_rows(&self, input: &dyn Input, heading: &str) -> Result<Result<Date, AsOfFault>, Stop> {
        let heading = heading.to_owned();
        let mut first = None;
        let mut rows = self.rows(input)?;
        while let Some(row) = rows.next_row()? {
            match (first, self.layout.as_of(&row)) {
                (None, day) => first = day,
                (Some(first), Some(other)) if first != other => {
                    return Ok(Err(AsOfFault::TwoDays { heading, first, other, line: row.line() }));
                }
                _ => {}
            }
        }
        Ok(first.ok_or(AsOfFault::NotSaid(heading)))
    }

    /// Where the fields are.
    #[must_use]
    pub fn layout(&self) -> &ExportLayout {
        &self.layout
    }

    /// How the file is read.
    #[must_use]
    pub fn form(&self) -> &Form {
        &self.form
    }

    /// Begins to read the rows.
    ///
    /// # Errors
    /// [`Stop`] if the file cannot be opened.
    pub fn rows<'i>(&'i self, input: &'i dyn Input) -> Result<TableReader<'i>, Stop> {
        TableReader::open(input, &self.form)
    }
}

impl fmt::Display for ExportRefusal {
    /// A line for each fault.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut is_first = true;
        let mut hints: Vec<&str> = Vec::new();
        for heading in &self.headings {
            write!(f, "{}{heading}", if std::mem::take(&mut is_first) { "" } else { "\n" })?;
        }
        if !self.obstacles.is_empty() {
            write!(f, "{}{}", if std::mem::take(&mut is_first) { "" } else { "\n" }, self.obstacles)?;
        }
        if !self.rows.is_empty() {
            write!(f, "{}{}", if std::mem::take(&mut is_first) { "" } else { "\n" }, self.rows)?;
        }
        for hint in self.obstacles.first().into_iter().filter_map(|obstacle| profile_hint(&obstacle.kind)) {
            if !hints.contains(&hint) {
                hints.push(hint);
            }
        }
        for hint in hints {
            write!(f, "\nin the profile: {hint}")?;
        }
        Ok(())
    }
}

fn headings(survey: &Survey) -> Vec<&str> {
    survey.columns().iter().map(|column| column.heading.as_str()).collect()
}

/// What is wrong with the rows of a file that is refused for its headings or values, as far as its columns can be read.
fn rest_of_faults(
    profile: &Arc<ExportProfile>,
    survey: &Survey,
    input: &dyn Input,
    file_name: &str,
) -> Result<CellFaults, Stop> {
    let (layout, faults) = ExportLayout::find(profile, &headings(survey), file_name);
    let is_whole = faults.is_empty() && survey.obstacles().is_empty();
    let wanted = layout.wanted();
    let is_unreadable = |at: &usize| survey.settle(std::slice::from_ref(&wanted[*at])).is_err();
    let unreadable: Vec<usize> = (0..wanted.len()).filter(is_unreadable).collect();
    let layout = layout.without(&unreadable);
    match survey.settle(layout.wanted()) {
        Ok(form) if is_whole => Export { layout, form }.faults(input),
        _ => Ok(CellFaults::default()),
    }
}

/// The key of a profile that settles what a file leaves open.
fn profile_hint(kind: &ObstacleKind) -> Option<&'static str> {
    match kind {
        ObstacleKind::NumberOpen => Some("`numbers = \".\"` for 1,234.56, or `numbers = \",\"` for 1.234,56"),
        ObstacleKind::DayOpen { .. } => {
            Some("`dates = \"D/M/Y\"` for 31/12/2026, or `dates = \"M/D/Y\"` for 12/31/2026")
        }
        ObstacleKind::ZoneOpen => Some("`zone`, such as `zone = \"Europe/London\"`"),
        ObstacleKind::NotNumber | ObstacleKind::NotDay => {
            Some("`nothing`, for words that say that there is nothing, such as `nothing = [\"N/A\", \"Never\"]`")
        }
        ObstacleKind::DelimiterOpen { .. } => Some("`delimiter`, such as `delimiter = \";\"`"),
        ObstacleKind::UnknownEncoding | ObstacleKind::MixedEncodings { .. } => {
            Some("`encoding`, such as `encoding = \"windows-1252\"`")
        }
        ObstacleKind::NoHeader | ObstacleKind::DataAboveHeader { .. } => {
            Some("`header_row`, the number of the row with the headings")
        }
        ObstacleKind::TotalUnclear => Some("`totals = \"left_out\"`, or `totals = \"data\"` if somebody is called so"),
        _ => None,
    }
}
