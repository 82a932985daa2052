//! The XML of one part, piece by piece. What could grow without end is refused: document types, entities of their own,
//! elements within elements, and pieces of any length.

use std::borrow::Cow;
use std::io::{self, BufRead, Read, Seek};

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Error, Reader, XmlVersion, escape};

use super::fault::Damage;
use super::limits::{Limits, OverLimit, damaged, over};
use super::package::Part;
use crate::{Cap, Stop};

/// A part that is being read.
pub(super) struct Markup<R: Read + Seek> {
    xml: Reader<Bounded<Part<R>>>,
    buffer: Vec<u8>,
    part: String,
    depth: usize,
    depth_max: usize,
}

/// One piece of a part.
pub(super) enum Piece<'a> {
    Open(Element<'a>),
    /// The end of an element; which one, its depth tells.
    Close,
    Text(Cow<'a, str>),
    /// A character that was written as a reference.
    Character(char),
    /// The end of the part.
    End,
    /// A comment or an instruction.
    Other,
}

/// The tag that begins an element.
pub(super) struct Element<'a>(BytesStart<'a>);

impl<R: Read + Seek> Markup<R> {
    pub(super) fn new(part: Part<R>, name: &str, limits: &Limits) -> Self {
        let bounded = Bounded { inner: part, since: 0, most: limits.markup_bytes };
        let mut xml = Reader::from_reader(bounded);
        xml.config_mut().expand_empty_elements = true;
        let (part, depth_max) = (name.to_owned(), limits.nesting);
        Self { xml, buffer: Vec::new(), part, depth: 0, depth_max }
    }

    /// The next piece.
    pub(super) fn next(&mut self) -> Result<Piece<'_>, Stop> {
        self.buffer.clear();
        self.xml.get_mut().since = 0;
        let event = match self.xml.read_event_into(&mut self.buffer) {
            Ok(event) => event,
            Err(error) => return Err(refusal(&self.part, error)),
        };
        Ok(match event {
            Event::Start(tag) => {
                self.depth += 1;
                if self.depth > self.depth_max {
                    return Err(over(Cap::Nesting, self.depth_max as u64));
                }
                Piece::Open(Element(tag))
            }
            Event::End(_) => {
                self.depth = self.depth.saturating_sub(1);
                Piece::Close
            }
            Event::Text(text) => Piece::Text(text.xml10_content()),
            Event::CData(text) => Piece::Text(text.xml10_content()),
            Event::GeneralRef(reference) => Piece::Character(character(&self.part, &reference)?),
            Event::DocType(_) => return Err(damaged(Damage::DocumentType { part: self.part.clone() })),
            Event::Eof if self.depth > 0 => return Err(markup(&self.part, "it ends too early")),
            Event::Eof => Piece::End,
            Event::Empty(_) | Event::Comment(_) | Event::PI(_) | Event::Decl(_) => Piece::Other,
        })
    }

    /// Reads on behind the element that was just opened.
    pub(super) fn skip(&mut self) -> Result<(), Stop> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            if matches!(self.next()?, Piece::End) {
                break;
            }
        }
        Ok(())
    }

    /// How many elements are open.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// Adds the text of the element that was just opened to `out`, which may have `most` bytes behind `start`, and
    /// reads on behind the element.
    pub(super) fn text(&mut self, out: &mut String, start: usize, most: usize) -> Result<(), Stop> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            match self.next()? {
                Piece::Text(text) => out.push_str(&text),
                Piece::Character(character) => out.push(character),
                Piece::End => break,
                _ => {}
            }
            if out.len() - start > most {
                return Err(over(Cap::CellBytes, most as u64));
            }
        }
        Ok(())
    }

    /// Adds the text of an `si` or `is` that was just opened: plain, or in runs of several looks. How a word is said
    /// (`rPh`) is no part of it.
    pub(super) fn rich_text(&mut self, out: &mut String, most: usize) -> Result<(), Stop> {
        let outside = self.depth.saturating_sub(1);
        let start = out.len();
        while self.depth > outside {
            let what = match self.next()? {
                Piece::Open(element) => match element.name() {
                    "t" => Inside::Text,
                    "r" => Inside::Run,
                    _ => Inside::Other,
                },
                Piece::End => break,
                _ => Inside::Run,
            };
            match what {
                Inside::Text => self.text(out, start, most)?,
                Inside::Other => self.skip()?,
                Inside::Run => {}
            }
        }
        Ok(())
    }

    /// Bytes read of the part so far.
    pub(super) fn read_bytes(&self) -> u64 {
        self.xml.get_ref().inner.get_ref().read_bytes()
    }

    /// What an attribute that cannot be read is.
    pub(super) fn refuse(&self, error: AttributeError) -> Stop {
        markup(&self.part, &error.0)
    }

    pub(super) fn damage(&self, detail: &str) -> Stop {
        markup(&self.part, detail)
    }
}

enum Inside {
    Text,
    Run,
    Other,
}

/// Why a tag's attributes cannot be read.
#[derive(Debug)]
pub(super) struct AttributeError(String);

impl Element<'_> {
    /// Its name without a prefix.
    pub(super) fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }

    /// Shows each attribute's name, with its prefix, and its value.
    pub(super) fn each_attribute(&self, mut take: impl FnMut(&str, &str)) -> Result<(), AttributeError> {
        for attribute in self.0.attributes().with_checks(false) {
            let attribute = attribute.map_err(|error| AttributeError(error.to_string()))?;
            if attribute.value.contains('&') {
                let value = attribute
                    .normalized_value(XmlVersion::Implicit1_0)
                    .map_err(|error| AttributeError(error.to_string()))?;
                take(attribute.key.into_inner(), &value);
            } else {
                take(attribute.key.into_inner(), &attribute.value);
            }
        }
        Ok(())
    }

    /// The value of an attribute without a prefix.
    pub(super) fn attribute(&self, wanted: &str) -> Result<Option<String>, AttributeError> {
        let mut found = None;
        self.each_attribute(|name, value| {
            if name == wanted {
                found = Some(value.to_owned());
            }
        })?;
        Ok(found)
    }
}

fn character(part: &str, reference: &quick_xml::events::BytesRef<'_>) -> Result<char, Stop> {
    if let Some(found) = reference.resolve_char_ref().map_err(|error| refusal(part, error))? {
        return Ok(found);
    }
    let text = escape::resolve_predefined_entity(reference);
    text.and_then(|text| text.chars().next()).ok_or_else(|| {
        let name = reference.chars().take(40).collect();
        damaged(Damage::Entity { part: part.to_owned(), name })
    })
}

fn markup(part: &str, detail: &str) -> Stop {
    damaged(Damage::Markup { part: part.to_owned(), detail: detail.chars().take(200).collect() })
}

/// An error of the reader of XML: an excess, damage, or the file itself.
fn refusal(part: &str, error: Error) -> Stop {
    let Error::Io(error) = error else { return markup(part, &error.to_string()) };
    if let Some(stop) = OverLimit::of(&error) {
        return stop;
    }
    match error.kind() {
        // What an unpacker says of bytes that are none of its own.
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
            damaged(Damage::Unpacking { part: part.to_owned() })
        }
        kind => Stop::Io(io::Error::new(kind, error)),
    }
}

/// Stops where one piece is longer than allowed: the reader of XML keeps a piece as a whole.
struct Bounded<R> {
    inner: R,
    since: usize,
    most: usize,
}

impl<R: BufRead> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.since += count;
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Bounded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.since > self.most {
            return Err(OverLimit::error(Cap::MarkupBytes, self.most as u64));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.since += count;
        self.inner.consume(count);
    }
}
