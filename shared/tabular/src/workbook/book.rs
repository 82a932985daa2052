//! What a workbook says about itself: its sheets, the day it counts from, where its parts are.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use super::fault::{Damage, ForeignFormat};
use super::limits::{Limits, damaged, foreign, over};
use super::markup::{AttributeError, Element, Markup, Piece};
use super::number::Epoch;
use super::package::Package;
use crate::{Cap, Stop};

/// A worksheet of a workbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkbookSheet {
    /// Its name as on its tab.
    pub name: String,
    /// Whether it is hidden from whoever opens the workbook.
    pub is_hidden: bool,
    pub(super) part: String,
}

/// The workbook's own part.
#[derive(Debug)]
pub(super) struct Book {
    pub(super) sheets: Vec<WorkbookSheet>,
    pub(super) epoch: Epoch,
    /// Whether results of formulas are results. Libraries that write workbooks and cannot compute leave 0 or nothing,
    /// and ask the program that opens the file to compute everything.
    pub(super) is_computed: bool,
    pub(super) styles: Option<String>,
    pub(super) texts: Option<String>,
}

/// Where the workbook's part is if the package does not say.
const USUAL_PART: &str = "xl/workbook.xml";

pub(super) fn read<R: Read + Seek>(package: &mut Package<R>, limits: &Limits) -> Result<Book, Stop> {
    let part = book_part(package, limits)?;
    let relations = relations(package, &part, limits)?;
    let mut read = Contents::default();
    with_part(package, &part, limits, |markup| read.take(markup, limits))?;
    if read.root != "workbook" {
        return Err(foreign(ForeignFormat::OtherDocument));
    }
    let target = |kind: &str| relations.values().find(|relation| relation.is(kind)).map(|found| found.target.clone());
    let mut sheets = Vec::new();
    for sheet in read.sheets {
        let Some(relation) = relations.get(&sheet.relation) else {
            return Err(damaged(Damage::MissingPart { part: sheet.name }));
        };
        // Charts and dialogs have tabs, too.
        if relation.is("worksheet") {
            let (name, is_hidden) = (sheet.name, sheet.is_hidden);
            sheets.push(WorkbookSheet { name, is_hidden, part: relation.target.clone() });
        }
    }
    let (styles, texts) = (target("styles"), target("sharedStrings"));
    Ok(Book { sheets, epoch: read.epoch, is_computed: read.is_computed, styles, texts })
}

/// Reads a whole part, and counts it.
pub(super) fn with_part<R: Read + Seek, T>(
    package: &mut Package<R>,
    part: &str,
    limits: &Limits,
    read: impl FnOnce(&mut Markup<R>) -> Result<T, Stop>,
) -> Result<T, Stop> {
    let mut markup = Markup::new(package.part(part, 0)?, part, limits);
    let result = read(&mut markup)?;
    package.count(markup.read_bytes());
    Ok(result)
}

/// The name of the workbook's part.
fn book_part<R: Read + Seek>(package: &mut Package<R>, limits: &Limits) -> Result<String, Stop> {
    let root = match package.has("_rels/.rels")? {
        true => relations(package, "", limits)?,
        false => BTreeMap::new(),
    };
    let part = root.into_values().find(|relation| relation.is("officeDocument")).map(|relation| relation.target);
    let part = match part {
        Some(part) => part,
        None if package.has(USUAL_PART)? => USUAL_PART.to_owned(),
        None => return Err(foreign(archive_kind(package)?)),
    };
    if part.to_ascii_lowercase().ends_with(".bin") {
        return Err(foreign(ForeignFormat::BinaryWorkbook));
    }
    Ok(part)
}

/// What an archive is that holds no office document.
fn archive_kind<R: Read + Seek>(package: &Package<R>) -> Result<ForeignFormat, Stop> {
    if package.has("mimetype")? && package.has("content.xml")? {
        return Ok(ForeignFormat::OpenDocument);
    }
    let is_numbers = |name: &[u8]| name.ends_with(b".iwa") || name == b"Index.zip";
    Ok(if package.has_any(is_numbers)? { ForeignFormat::Numbers } else { ForeignFormat::Archive })
}

/// One part's reference to another.
struct Relation {
    kind: String,
    target: String,
}

impl Relation {
    /// The address of a kind differs between the editions of the standard; its last word does not.
    fn is(&self, kind: &str) -> bool {
        self.kind.rsplit('/').next() == Some(kind)
    }
}

/// The references of a part by their ids; of the package for the empty name.
fn relations<R: Read + Seek>(
    package: &mut Package<R>,
    part: &str,
    limits: &Limits,
) -> Result<BTreeMap<String, Relation>, Stop> {
    let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
    let slash = if folder.is_empty() { "" } else { "/" };
    let rels = format!("{folder}{slash}_rels/{name}.rels");
    let mut found = BTreeMap::new();
    with_part(package, &rels, limits, |markup| {
        loop {
            let relation = match markup.next()? {
                Piece::Open(element) if element.name() == "Relationship" => relation(&element, folder),
                Piece::End => return Ok(()),
                _ => continue,
            };
            let (id, relation) = relation.map_err(|error| markup.refuse(error))?;
            found.extend(relation.map(|relation| (id, relation)));
            if found.len() as u64 > limits.parts {
                return Err(over(Cap::Parts, limits.parts));
            }
        }
    })?;
    Ok(found)
}

/// Its id and what it refers to; nothing for what is not in the package.
fn relation(element: &Element<'_>, folder: &str) -> Result<(String, Option<Relation>), AttributeError> {
    let (mut id, mut kind, mut target, mut is_outside) = (String::new(), String::new(), String::new(), false);
    element.each_attribute(|name, value| match name {
        "Id" => value.clone_into(&mut id),
        "Type" => value.clone_into(&mut kind),
        "Target" => target = resolve(folder, value),
        "TargetMode" => is_outside = value == "External",
        _ => {}
    })?;
    Ok((id, (!is_outside).then_some(Relation { kind, target })))
}

/// A part's name from a reference that stands in a folder.
fn resolve(folder: &str, target: &str) -> String {
    let target = target.replace('\\', "/");
    let mut steps: Vec<&str> = if target.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for step in target.split('/') {
        match step {
            ".." => _ = steps.pop(),
            "" | "." => {}
            step => steps.push(step),
        }
    }
    steps.retain(|step| !step.is_empty());
    steps.join("/")
}

/// What the workbook's part holds.
struct Contents {
    root: String,
    sheets: Vec<SheetEntry>,
    epoch: Epoch,
    is_computed: bool,
}

#[derive(Default)]
struct SheetEntry {
    name: String,
    is_hidden: bool,
    relation: String,
}

impl Default for Contents {
    fn default() -> Self {
        Self { root: String::new(), sheets: Vec::new(), epoch: Epoch::Year1900, is_computed: true }
    }
}

impl Contents {
    fn take<R: Read + Seek>(&mut self, markup: &mut Markup<R>, limits: &Limits) -> Result<(), Stop> {
        loop {
            let depth = markup.depth();
            let taken = match markup.next()? {
                Piece::Open(element) => {
                    if depth == 0 {
                        element.name().clone_into(&mut self.root);
                    }
                    self.take_element(&element)
                }
                Piece::End => return Ok(()),
                _ => continue,
            };
            taken.map_err(|error| markup.refuse(error))?;
            if self.sheets.len() > limits.sheets {
                return Err(over(Cap::Sheets, limits.sheets as u64));
            }
        }
    }

    fn take_element(&mut self, element: &Element<'_>) -> Result<(), AttributeError> {
        let is_true = |value: Option<String>| value.is_some_and(|value| value == "1" || value == "true");
        match element.name() {
            "workbookPr" if is_true(element.attribute("date1904")?) => self.epoch = Epoch::Year1904,
            "calcPr" => self.is_computed = !is_true(element.attribute("fullCalcOnLoad")?),
            "sheet" => {
                let mut sheet = SheetEntry::default();
                element.each_attribute(|name, value| match name {
                    "name" => value.clone_into(&mut sheet.name),
                    "state" => sheet.is_hidden = value != "visible",
                    name if name.ends_with(":id") => value.clone_into(&mut sheet.relation),
                    _ => {}
                })?;
                self.sheets.push(sheet);
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn a_reference_is_resolved_in_its_folder() {
        for (folder, target, part) in [
            ("xl", "worksheets/sheet1.xml", "xl/worksheets/sheet1.xml"),
            ("xl", "/xl/styles.xml", "xl/styles.xml"),
            ("xl", "../docProps/app.xml", "docProps/app.xml"),
            ("xl", "./sheet.xml", "xl/sheet.xml"),
            ("", "xl/workbook.xml", "xl/workbook.xml"),
            ("", "/xl\\workbook.xml", "xl/workbook.xml"),
            ("xl", "../../../x.xml", "x.xml"),
        ] {
            assert_eq!(resolve(folder, target), part, "{folder} {target}");
        }
    }
}
