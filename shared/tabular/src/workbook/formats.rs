//! The formats of cells: which numbers are days and times. Reads `xl/styles.xml`.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use super::limits::{Limits, over};
use super::markup::{Markup, Piece};
use crate::{Cap, Stop};

/// What a cell's format makes of its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum CellForm {
    /// A number.
    #[default]
    Plain,
    /// A day, perhaps with the time of day.
    Calendar { has_clock: bool },
    /// A time of day.
    Clock,
    /// A length of time.
    Elapsed,
}

/// The formats that cells refer to by their place.
#[derive(Debug, Default)]
pub(super) struct Formats(Vec<CellForm>);

impl Formats {
    /// What the format at a place means. There is no format at a place that the workbook does not have.
    pub(super) fn form(&self, place: usize) -> CellForm {
        self.0.get(place).copied().unwrap_or_default()
    }

    pub(super) fn read<R: Read + Seek>(markup: &mut Markup<R>, limits: &Limits) -> Result<Self, Stop> {
        let mut custom: BTreeMap<u32, CellForm> = BTreeMap::new();
        let mut used: Vec<u32> = Vec::new();
        let mut cells_depth = None;
        loop {
            let depth = markup.depth();
            let found = match markup.next()? {
                Piece::Open(element) => match element.name() {
                    "cellXfs" => {
                        cells_depth = Some(depth + 1);
                        continue;
                    }
                    "numFmt" => element.attribute("numFmtId").and_then(|id| {
                        let code = element.attribute("formatCode")?;
                        Ok((id, Some(code.unwrap_or_default())))
                    }),
                    "xf" if cells_depth == Some(depth) => element.attribute("numFmtId").map(|id| (id, None)),
                    _ => continue,
                },
                Piece::Close if cells_depth == Some(depth) => {
                    cells_depth = None;
                    continue;
                }
                Piece::End => break,
                _ => continue,
            };
            let (id, code) = found.map_err(|error| markup.refuse(error))?;
            let id = id.and_then(|id| id.parse().ok()).unwrap_or(0);
            match code {
                Some(code) => _ = custom.insert(id, of_code(&code)),
                None => used.push(id),
            }
            if used.len().max(custom.len()) > limits.formats {
                return Err(over(Cap::Formats, limits.formats as u64));
            }
        }
        let form = |id: u32| custom.get(&id).copied().unwrap_or_else(|| built_in(id));
        Ok(Self(used.into_iter().map(form).collect()))
    }
}

/// The formats that a workbook does not spell out: ECMA-376 part 1, 18.8.30. From 27 on they differ by language, and
/// all of them are days or times; the number itself tells which.
fn built_in(id: u32) -> CellForm {
    match id {
        14..=17 | 27..=36 | 50..=58 | 71..=74 | 81 => CellForm::Calendar { has_clock: false },
        22 | 77 => CellForm::Calendar { has_clock: true },
        18..=21 | 45 | 47 | 75 | 76 | 78 | 80 => CellForm::Clock,
        46 | 79 => CellForm::Elapsed,
        _ => CellForm::Plain,
    }
}

/// What a written format means: the first of its sections that is about days or times.
fn of_code(code: &str) -> CellForm {
    let mut section = Section::default();
    let mut rest = code.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            ';' => {
                if section.form() != CellForm::Plain {
                    break;
                }
                section = Section::default();
            }
            '"' => _ = rest.by_ref().find(|inside| *inside == '"'),
            // A character as it is, a blank as wide as one, one that fills the cell.
            '\\' | '_' | '*' => _ = rest.next(),
            '[' => {
                let inside: String = rest.by_ref().take_while(|inside| *inside != ']').collect();
                section.bracket(&inside);
            }
            'E' | 'e' if matches!(rest.peek(), Some('+' | '-')) => {}
            letter if letter.is_ascii_alphabetic() => section.letters.push(letter.to_ascii_lowercase()),
            '/' if section.letters.ends_with('m') || section.letters.ends_with('a') => section.letters.push('/'),
            _ => {}
        }
    }
    section.form()
}

/// The letters of one section of a format, without what is quoted.
#[derive(Default)]
struct Section {
    letters: String,
    is_elapsed: bool,
}

impl Section {
    /// A colour, a condition, a language or a currency; or the hours, minutes or seconds of a length of time.
    fn bracket(&mut self, inside: &str) {
        let inside = inside.to_ascii_lowercase();
        let is_of = |letter: char| !inside.is_empty() && inside.chars().all(|one| one == letter);
        if let Some(letter) = ['h', 'm', 's'].into_iter().find(|letter| is_of(*letter)) {
            self.is_elapsed = true;
            self.letters.push(if letter == 'm' { 'h' } else { letter });
        }
    }

    fn form(&self) -> CellForm {
        let half_day = ["am/pm", "a/p"].iter().any(|half| self.letters.contains(half));
        let letters = self.letters.replace("am/pm", "").replace("a/p", "").replace('/', "");
        if letters.contains("general") || letters.chars().any(|letter| !"ymdhsegba".contains(letter)) {
            return CellForm::Plain;
        }
        let mut runs: Vec<char> = letters.chars().collect();
        runs.dedup();
        let is_minute = |at: usize| {
            let before = at.checked_sub(1).map(|before| runs[before]);
            before == Some('h') || runs.get(at + 1) == Some(&'s')
        };
        let is_clock = |at: usize| matches!(runs[at], 'h' | 's') || (runs[at] == 'm' && is_minute(at));
        let has_clock = half_day || (0..runs.len()).any(is_clock);
        let has_calendar = (0..runs.len()).any(|at| !is_clock(at));
        match (has_calendar, has_clock) {
            (true, has_clock) => CellForm::Calendar { has_clock },
            (false, true) if self.is_elapsed => CellForm::Elapsed,
            (false, true) => CellForm::Clock,
            (false, false) => CellForm::Plain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_tells_days_and_times_from_numbers() {
        let (day, moment) = (CellForm::Calendar { has_clock: false }, CellForm::Calendar { has_clock: true });
        for (code, form) in [
            ("General", CellForm::Plain),
            ("0.00", CellForm::Plain),
            ("#,##0.00 [$€-407];[Red]-#,##0.00 [$€-407]", CellForm::Plain),
            ("0.00E+00", CellForm::Plain),
            ("##0.0E-0", CellForm::Plain),
            ("0 \"days\"", CellForm::Plain),
            ("0\\d", CellForm::Plain),
            ("0_d", CellForm::Plain),
            ("* #,##0", CellForm::Plain),
            ("[Magenta]0;[Yellow]-0", CellForm::Plain),
            ("@", CellForm::Plain),
            ("General;[Red]-General;;@", CellForm::Plain),
            ("[<=9999]0;Standard", CellForm::Plain),
            ("TT.MM.JJJJ", CellForm::Plain),
            ("# ?/?", CellForm::Plain),
            ("yyyy-mm-dd", day),
            ("yyyy\\-mm\\-dd;@", day),
            ("[$-409]d-mmm-yy;@", day),
            ("dd/mm/yyyy", day),
            ("mmm", day),
            ("[$-411]ge.m.d", day),
            ("[$-F800]dddd, mmmm dd, yyyy", day),
            ("yyyy\"年\"m\"月\"d\"日\"", day),
            ("[=0]\"\";yyyy-mm-dd", day),
            ("aaaa", day),
            ("dd.mm.yyyy hh:mm", moment),
            ("m/d/yy h:mm AM/PM", moment),
            ("d/m/yyyy\\ h:mm:ss a/p", moment),
            ("mm:ss", CellForm::Clock),
            ("h:mm", CellForm::Clock),
            ("hh:mm:ss.000", CellForm::Clock),
            ("[$-F400]h:mm:ss AM/PM", CellForm::Clock),
            ("mmss.0", CellForm::Clock),
            ("[h]:mm:ss", CellForm::Elapsed),
            ("[hh]:mm", CellForm::Elapsed),
            ("[mm]:ss", CellForm::Elapsed),
            ("[s].00", CellForm::Elapsed),
            ("\"", CellForm::Plain),
            ("[", CellForm::Plain),
            ("\\", CellForm::Plain),
        ] {
            assert_eq!(of_code(code), form, "{code}");
        }
    }
}
