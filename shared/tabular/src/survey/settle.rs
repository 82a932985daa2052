//! Settles how the wanted columns of a surveyed file are read, or tells everything that stands in the way.

use jiff::tz::TimeZone;

use super::{ColumnSurvey, Survey};
use crate::{
    date::{DateFinding, DateOrder},
    form::{Form, FormColumn, WantedColumn, WantedValues},
    judge::FaultyRows,
    number::{DecimalMark, NumberFinding},
    obstacle::{Obstacle, ObstacleKind},
    obstacles::Obstacles,
    places::Places,
};

impl Survey {
    /// The form by which the wanted columns are read.
    ///
    /// # Errors
    /// Everything that stands in the way, at once: of the file, and of the wanted columns. What is wrong in a column
    /// that nobody wants does not matter.
    pub fn settle(&self, wanted: &[WantedColumn]) -> Result<Form, Obstacles> {
        let mut obstacles = self.obstacles.clone();
        let mut columns = Vec::with_capacity(wanted.len());
        for one in wanted {
            let Some(column) = self.find(&one.heading, &mut obstacles) else { continue };
            let mut settler = Settler { column, faulty_rows: self.faulty_rows, obstacles: &mut obstacles };
            columns.push(settler.settle(&one.values));
        }
        if !obstacles.is_empty() {
            return Err(obstacles);
        }
        Ok(Form {
            layout: self.layout.clone(),
            judge: self.judge.clone(),
            columns,
            counts: self.counts.clone(),
            nothing: self.nothing.clone(),
            caps: self.caps.clone(),
        })
    }

    fn find(&self, heading: &str, obstacles: &mut Obstacles) -> Option<&ColumnSurvey> {
        let mut found = self.columns.iter().filter(|column| column.heading == heading);
        let Some(first) = found.next() else {
            if self.header_line().is_some() {
                let present = self.columns.iter().map(|column| column.heading.clone()).collect();
                obstacles.push(Obstacle::of_file(ObstacleKind::HeadingMissing { present }).showing(heading));
            }
            return None;
        };
        if let Some(second) = found.next() {
            let obstacle = Obstacle::on_line(ObstacleKind::HeadingTwice, self.judge.header_line);
            obstacles.push(obstacle.in_column(second.position, heading));
        }
        Some(first)
    }
}

struct Settler<'a> {
    column: &'a ColumnSurvey,
    faulty_rows: FaultyRows,
    obstacles: &'a mut Obstacles,
}

impl Settler<'_> {
    fn settle(&mut self, values: &WantedValues) -> FormColumn {
        if self.faulty_rows == FaultyRows::Refused {
            self.obstacles.extend(&self.column.obstacles);
            self.places(&self.column.errors, &ObstacleKind::ErrorValue);
            self.places(&self.column.uncomputed, &ObstacleKind::Uncomputed);
        }
        let mut form = FormColumn {
            heading: self.column.heading.clone(),
            position: self.column.position,
            mark: DecimalMark::Point,
            order: DateOrder::DayMonthYear,
            zone: None,
        };
        match values {
            WantedValues::Text => {}
            WantedValues::Ids => self.places(&self.column.scientific, &ObstacleKind::Scientific),
            WantedValues::Numbers { mark } => {
                self.places(&self.column.scientific, &ObstacleKind::Scientific);
                form.mark = self.mark(*mark).unwrap_or(form.mark);
            }
            WantedValues::Days { order, zone } => {
                form.order = self.order(*order).unwrap_or(form.order);
                form.zone = self.zone(zone.as_ref(), self.column.dates.off_midnight());
            }
            WantedValues::Moments { order, zone } => {
                form.order = self.order(*order).unwrap_or(form.order);
                form.zone = self.zone(zone.as_ref(), self.column.dates.without_offset());
            }
        }
        form
    }

    fn push(&mut self, kind: ObstacleKind, line: u64) {
        let obstacle = Obstacle::on_line(kind, line);
        self.obstacles.push(obstacle.in_column(self.column.position, &self.column.heading));
    }

    fn places(&mut self, places: &Places, kind: &ObstacleKind) {
        for (at, (line, text)) in places.first.iter().enumerate() {
            let obstacle = Obstacle::on_line(kind.clone(), *line)
                .in_column(self.column.position, &self.column.heading)
                .showing(text);
            let is_last = at + 1 == places.first.len();
            let more = if is_last { places.count - places.first.len() as u64 } else { 0 };
            self.obstacles.push_counted(obstacle, more);
        }
    }

    fn mark(&mut self, given: Option<DecimalMark>) -> Option<DecimalMark> {
        let numbers = &self.column.numbers;
        self.places_but_shortened(&numbers.others, &ObstacleKind::NotNumber);
        if let Some(line) = numbers.second_currency() {
            self.push(ObstacleKind::CurrenciesMixed { currencies: numbers.currencies().to_vec() }, line);
        }
        if let Some(line) = numbers.mixed_percent() {
            self.push(ObstacleKind::PercentMixed, line);
        }
        if let Some(mark) = given {
            if let Some(line) = numbers.against(mark) {
                self.push(ObstacleKind::WrongMark { mark }, line);
            }
            return Some(mark);
        }
        match numbers.finding() {
            NumberFinding::Sure(mark) => return Some(mark),
            NumberFinding::Open { line } => self.push(ObstacleKind::NumberOpen, line),
            NumberFinding::Mixed { point_line, comma_line } => {
                self.push(ObstacleKind::NumbersMixed { point_line, comma_line }, point_line.max(comma_line));
            }
            NumberFinding::NoNumbers => {}
        }
        None
    }

    fn order(&mut self, given: Option<DateOrder>) -> Option<DateOrder> {
        let dates = &self.column.dates;
        self.places(&dates.others, &ObstacleKind::NotDay);
        if let Some(order) = given {
            if let Some(line) = dates.against(order) {
                self.push(ObstacleKind::WrongOrder { order }, line);
            }
            return Some(order);
        }
        match dates.finding() {
            DateFinding::Sure(order) => return Some(order),
            DateFinding::Open { line, orders } => self.push(ObstacleKind::DayOpen { orders }, line),
            DateFinding::Mixed { first_line, second_line } => {
                self.push(ObstacleKind::DaysMixed { first_line, second_line }, first_line.max(second_line));
            }
            DateFinding::NoDates => {}
        }
        None
    }

    /// The zone, where some value needs one: days whose moments are all midnight are days as they are written.
    fn zone(&mut self, given: Option<&TimeZone>, needing: Option<u64>) -> Option<TimeZone> {
        let needs_any = self.column.dates.off_midnight().is_some();
        if let (None, Some(line)) = (given, needing) {
            self.push(ObstacleKind::ZoneOpen, line);
        }
        given.filter(|_| needs_any).cloned()
    }

    /// Values that are told as shortened are not told as no numbers, too.
    fn places_but_shortened(&mut self, places: &Places, kind: &ObstacleKind) {
        let shortened = &self.column.scientific;
        if shortened.count == 0 {
            self.places(places, kind);
            return;
        }
        let mut rest = Places { count: places.count.saturating_sub(shortened.count), first: places.first.clone() };
        rest.first.retain(|(_, text)| !crate::text::is_scientific(text));
        rest.count = rest.count.max(rest.first.len() as u64);
        self.places(&rest, kind);
    }
}
