//! Gradient-boosted trees for the odds of a pair (Friedman 2001; histograms, leaf-wise growth, second order).
//! Deterministic: the same rows give the same trees.
#![allow(dead_code, unreachable_pub, reason = "shared by examples")]

/// Limits of training.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub trees: usize,
    pub leaves: usize,
    pub rate: f32,
    /// Minimum sum of second derivatives in a leaf.
    pub leaf_min: f32,
    /// Pulls leaves towards nothing.
    pub pull: f32,
}

/// Rows by measure: each measure cut into at most 256 drawers.
pub struct Table {
    pub rows: usize,
    cuts: Vec<Vec<f32>>,
    drawers: Vec<Vec<u8>>,
    /// 1 if a measure may only raise the odds, -1 if it may only lower them.
    signs: Vec<i8>,
}

#[derive(Debug, Clone)]
pub enum Node {
    Split { measure: usize, below: f32, then: Box<Node>, other: Box<Node> },
    Leaf(f32),
}

impl Node {
    pub fn of(&self, row: &[f32]) -> f32 {
        match self {
            Self::Leaf(odds) => *odds,
            Self::Split { measure, below, then, other } => {
                if row[*measure] < *below {
                    then.of(row)
                } else {
                    other.of(row)
                }
            }
        }
    }
}

pub fn odds(trees: &[Node], row: &[f32]) -> f32 {
    trees.iter().map(|tree| tree.of(row)).sum()
}

const DRAWERS: usize = 64;

impl Table {
    pub fn new(rows: &[&[f32]], signs: &[i8]) -> Self {
        let measures = signs.len();
        let mut cuts = Vec::with_capacity(measures);
        let mut drawers = Vec::with_capacity(measures);
        for measure in 0..measures {
            let mut values: Vec<f32> = rows.iter().map(|row| row[measure]).collect();
            values.sort_by(f32::total_cmp);
            let mut distinct = values.clone();
            distinct.dedup();
            let mut cut: Vec<f32> = if distinct.len() <= DRAWERS {
                distinct.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0).collect()
            } else {
                (1..DRAWERS).map(|place| values[place * values.len() / DRAWERS]).collect()
            };
            // as written in the learned file
            cut.iter_mut().for_each(|value| *value = format!("{value:.4}").parse().unwrap_or(*value));
            cut.dedup();
            let drawer = |row: &&[f32]| cut.partition_point(|value| *value <= row[measure]) as u8;
            drawers.push(rows.iter().map(drawer).collect());
            cuts.push(cut);
        }
        Self { rows: rows.len(), cuts, drawers, signs: signs.to_vec() }
    }
}

#[derive(Clone, Copy, Default)]
struct Sum {
    first: f32,
    second: f32,
}

type Histogram = Vec<[Sum; DRAWERS]>;

struct Growing {
    rows: Vec<u32>,
    histogram: Histogram,
    sum: Sum,
    bounds: (f32, f32),
    best: Option<(f32, usize, usize)>,
    /// Where in the tree it stands.
    place: usize,
}

enum Built {
    Split(usize, usize, usize, usize),
    Leaf(f32),
}

/// Learns trees for rows with targets 0 or 1 and weights; the first leaf is the odds of all.
pub fn learn(table: &Table, targets: &[f32], weights: &[f32], limits: &Limits) -> Vec<Node> {
    let (all, right) = targets.iter().zip(weights).fold((0.0_f64, 0.0_f64), |(all, right), (target, weight)| {
        (all + f64::from(*weight), right + f64::from(target * weight))
    });
    let first = (right / (all - right)).ln() as f32;
    let mut odds = vec![first; table.rows];
    let mut trees = vec![Node::Leaf(first)];
    for _ in 0..limits.trees {
        let slopes: Vec<Sum> = (0..table.rows)
            .map(|row| {
                let chance = 1.0 / (1.0 + (-odds[row]).exp());
                Sum {
                    first: (targets[row] - chance) * weights[row],
                    second: (chance * (1.0 - chance)).max(1e-6) * weights[row],
                }
            })
            .collect();
        let tree = grow(table, &slopes, limits, &mut odds);
        trees.push(tree);
    }
    trees
}

fn histogram(table: &Table, rows: &[u32], slopes: &[Sum]) -> Histogram {
    table
        .drawers
        .iter()
        .map(|drawers| {
            let mut sums = [Sum::default(); DRAWERS];
            for row in rows {
                let sum = &mut sums[usize::from(drawers[*row as usize])];
                let slope = slopes[*row as usize];
                sum.first += slope.first;
                sum.second += slope.second;
            }
            sums
        })
        .collect()
}

fn grow(table: &Table, slopes: &[Sum], limits: &Limits, odds: &mut [f32]) -> Node {
    let rows: Vec<u32> = (0..table.rows as u32).collect();
    let sum = total(slopes.iter());
    let mut built = vec![Built::Leaf(0.0)];
    let bounds = (f32::NEG_INFINITY, f32::INFINITY);
    let mut root = Growing { histogram: histogram(table, &rows, slopes), rows, sum, bounds, best: None, place: 0 };
    root.best = best(table, &root, limits);
    let mut leaves = vec![root];
    while leaves.len() < limits.leaves {
        let gain = |leaf: &Growing| leaf.best.map_or(0.0, |(gain, _, _)| gain);
        let place = (0..leaves.len()).max_by(|a, b| gain(&leaves[*a]).total_cmp(&gain(&leaves[*b])).then(b.cmp(a)));
        let Some(place) = place.filter(|place| gain(&leaves[*place]) > 1e-3) else { break };
        let leaf = leaves.swap_remove(place);
        let [then, other] = split(table, leaf, slopes, limits, &mut built);
        leaves.push(then);
        leaves.push(other);
    }
    for leaf in &leaves {
        let value = rounded(limits.rate * value(leaf.sum, leaf.bounds, limits));
        built[leaf.place] = Built::Leaf(value);
        leaf.rows.iter().for_each(|row| odds[*row as usize] += value);
    }
    node(table, &built, 0)
}

fn rounded(value: f32) -> f32 {
    format!("{value:.4}").parse().unwrap_or(value)
}

fn total<'a>(slopes: impl Iterator<Item = &'a Sum>) -> Sum {
    slopes.fold(Sum::default(), |sum, slope| Sum { first: sum.first + slope.first, second: sum.second + slope.second })
}

fn value(sum: Sum, bounds: (f32, f32), limits: &Limits) -> f32 {
    (sum.first / (sum.second + limits.pull)).clamp(bounds.0, bounds.1)
}

fn split(table: &Table, leaf: Growing, slopes: &[Sum], limits: &Limits, built: &mut Vec<Built>) -> [Growing; 2] {
    let (_, measure, cut) = leaf.best.unwrap_or_default();
    let drawers = &table.drawers[measure];
    let (then, other): (Vec<u32>, Vec<u32>) =
        leaf.rows.iter().partition(|row| usize::from(drawers[**row as usize]) <= cut);
    let small_is_then = then.len() <= other.len();
    let small = histogram(table, if small_is_then { &then } else { &other }, slopes);
    let mut large = leaf.histogram;
    for (sums, less) in large.iter_mut().zip(&small) {
        for (sum, less) in sums.iter_mut().zip(less) {
            sum.first -= less.first;
            sum.second -= less.second;
        }
    }
    let (then_histogram, other_histogram) = if small_is_then { (small, large) } else { (large, small) };
    let then_sum = total(then.iter().map(|row| &slopes[*row as usize]));
    let other_sum = total(other.iter().map(|row| &slopes[*row as usize]));
    let (mut then_bounds, mut other_bounds) = (leaf.bounds, leaf.bounds);
    let sign = table.signs[measure];
    if sign != 0 {
        let middle = (value(then_sum, leaf.bounds, limits) + value(other_sum, leaf.bounds, limits)) / 2.0;
        let (low, high) =
            if sign > 0 { (&mut then_bounds, &mut other_bounds) } else { (&mut other_bounds, &mut then_bounds) };
        low.1 = middle;
        high.0 = middle;
    }
    let place = built.len();
    built.push(Built::Leaf(0.0));
    built.push(Built::Leaf(0.0));
    built[leaf.place] = Built::Split(measure, cut, place, place + 1);
    let grown = |rows, histogram, sum, bounds, place| {
        let mut leaf = Growing { rows, histogram, sum, bounds, best: None, place };
        leaf.best = best(table, &leaf, limits);
        leaf
    };
    [
        grown(then, then_histogram, then_sum, then_bounds, place),
        grown(other, other_histogram, other_sum, other_bounds, place + 1),
    ]
}

fn best(table: &Table, leaf: &Growing, limits: &Limits) -> Option<(f32, usize, usize)> {
    let worth = |sum: Sum| {
        let value = value(sum, leaf.bounds, limits);
        sum.first * value - 0.5 * (sum.second + limits.pull) * value * value
    };
    let before = worth(leaf.sum);
    let mut best: Option<(f32, usize, usize)> = None;
    for (measure, sums) in leaf.histogram.iter().enumerate() {
        let mut then = Sum::default();
        for (cut, sum) in sums.iter().enumerate().take(table.cuts[measure].len()) {
            then.first += sum.first;
            then.second += sum.second;
            let other = Sum { first: leaf.sum.first - then.first, second: leaf.sum.second - then.second };
            if then.second < limits.leaf_min || other.second < limits.leaf_min {
                continue;
            }
            let rise = value(other, leaf.bounds, limits) - value(then, leaf.bounds, limits);
            if rise * f32::from(table.signs[measure]) < 0.0 {
                continue;
            }
            let gain = worth(then) + worth(other) - before;
            if best.is_none_or(|(most, _, _)| gain > most) {
                best = Some((gain, measure, cut));
            }
        }
    }
    best
}

fn node(table: &Table, built: &[Built], place: usize) -> Node {
    match built[place] {
        Built::Leaf(value) => Node::Leaf(value),
        Built::Split(measure, cut, then, other) => Node::Split {
            measure,
            below: table.cuts[measure][cut],
            then: Box::new(node(table, built, then)),
            other: Box::new(node(table, built, other)),
        },
    }
}
