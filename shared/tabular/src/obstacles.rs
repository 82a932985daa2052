//! All obstacles of a file, counted all and kept a few of each kind, so that one message tells everything.

use std::{collections::HashMap, fmt, mem::Discriminant};

use crate::{
    obstacle::{Obstacle, ObstacleKind},
    places::PLACES_MAX,
};

/// Obstacles of all kinds that are kept.
const KEPT_MAX: usize = 500;

type Key = (Discriminant<ObstacleKind>, Option<usize>);

/// Obstacles: the first of each kind and column, and how many there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Obstacles {
    kept: Vec<Obstacle>,
    counts: HashMap<Key, u64>,
}

fn key(obstacle: &Obstacle) -> Key {
    (std::mem::discriminant(&obstacle.kind), obstacle.column.as_ref().map(|column| column.position))
}

impl Obstacles {
    pub(crate) fn push(&mut self, obstacle: Obstacle) {
        let count = self.counts.entry(key(&obstacle)).or_default();
        *count += 1;
        if *count <= PLACES_MAX as u64 && self.kept.len() < KEPT_MAX {
            self.kept.push(obstacle);
        }
    }

    /// Takes one that stands for more of its kind that were not kept.
    pub(crate) fn push_counted(&mut self, obstacle: Obstacle, more: u64) {
        let key = key(&obstacle);
        self.push(obstacle);
        *self.counts.entry(key).or_default() += more;
    }

    pub(crate) fn extend(&mut self, others: &Self) {
        for obstacle in &others.kept {
            self.push(obstacle.clone());
        }
        for (key, count) in &others.counts {
            let kept = others.kept.iter().filter(|one| self::key(one) == *key).count() as u64;
            *self.counts.entry(*key).or_default() += count - kept;
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// How many there are, those among them that are not kept.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.values().sum()
    }

    /// The first of each kind and column, in the order of their lines.
    #[must_use]
    pub fn first(&self) -> Vec<&Obstacle> {
        let mut first: Vec<&Obstacle> = self.kept.iter().collect();
        first.sort_by_key(|obstacle| (obstacle.line, obstacle.column.as_ref().map(|column| column.position)));
        first
    }
}

impl fmt::Display for Obstacles {
    /// A line for each obstacle, with the number of those like it that are not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.first();
        for (at, obstacle) in first.iter().enumerate() {
            let key = key(obstacle);
            let is_last = first[at + 1..].iter().all(|other| self::key(other) != key);
            let shown = first.iter().filter(|other| self::key(other) == key).count() as u64;
            let more = self.counts.get(&key).map_or(0, |count| count.saturating_sub(shown));
            write!(f, "{obstacle}")?;
            if is_last && more > 0 {
                write!(f, " (and {more} more like it)")?;
            }
            if at + 1 < first.len() {
                f.write_str("\n")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_kept_and_all_are_counted() {
        let mut obstacles = Obstacles::default();
        for line in (1..=7).rev() {
            obstacles.push(Obstacle::on_line(ObstacleKind::NotText, line));
        }
        obstacles.push(Obstacle::on_line(ObstacleKind::OpenQuote, 4).in_column(1, "a"));
        let mut all = Obstacles::default();
        all.extend(&obstacles);
        all.extend(&obstacles);
        assert_eq!((obstacles.count(), all.count()), (8, 16));
        let shown = obstacles.to_string();
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines.len(), 6, "{shown}");
        assert!(lines[0].starts_with("line 3: ") && lines[5].ends_with("(and 2 more like it)"), "{shown}");
        assert!(lines[2].starts_with("line 4, column `a`: "), "{shown}");
    }
}
