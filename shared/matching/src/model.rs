//! From features to a probability: the trees in `model.txt`, trained on labelled sets by `examples/learn.rs`.
//!
//! The file has a line for each node in preorder: `legal 3.5` tests whether the feature `legal` is below 3.5 and is
//! followed by the subtree for yes, then the one for no; a number alone is a leaf, added to the log odds.

use std::sync::LazyLock;

use crate::measure::{MEASURES, Measures};

/// Log odds that a pair is right, by its names.
pub(crate) fn odds(measures: &Measures) -> f32 {
    let figures = measures.to_array();
    let mut odds = 0.0;
    for root in &MODEL.roots {
        let mut at = *root as usize;
        loop {
            let node = &MODEL.nodes[at];
            let Some(figure) = figures.get(usize::from(node.measure)) else {
                odds += node.value;
                break;
            };
            at = if *figure < node.value { at + 1 } else { node.otherwise as usize };
        }
    }
    odds
}

/// The probability for log odds.
pub(crate) fn probability(odds: f32) -> f32 {
    1.0 / (1.0 + (-odds).exp())
}

static MODEL: LazyLock<Model> = LazyLock::new(|| read(include_str!("model.txt")));

#[derive(Debug, Default)]
struct Model {
    nodes: Vec<Node>,
    roots: Vec<u32>,
}

#[derive(Debug)]
struct Node {
    /// The index of a feature; a greater index marks a leaf.
    measure: u8,
    /// The threshold of the test, or the value of the leaf.
    value: f32,
    /// The node to continue with if the feature is not below the threshold; otherwise it is the next one.
    otherwise: u32,
}

const LEAF: u8 = u8::MAX;

fn read(text: &str) -> Model {
    let mut model = Model::default();
    let mut lines = text.lines().filter(|line| !line.starts_with('#')).peekable();
    while lines.peek().is_some() {
        let root = place(model.nodes.len());
        model.roots.push(root);
        tree(&mut model.nodes, &mut lines);
    }
    model
}

fn tree<'a>(nodes: &mut Vec<Node>, lines: &mut impl Iterator<Item = &'a str>) {
    let line = lines.next().unwrap_or("0");
    let Some((name, below)) = line.split_once(' ') else {
        nodes.push(Node { measure: LEAF, value: line.parse().unwrap_or(0.0), otherwise: 0 });
        return;
    };
    let at = nodes.len();
    let measure = MEASURES.iter().position(|measure| *measure == name).and_then(|place| u8::try_from(place).ok());
    nodes.push(Node { measure: measure.unwrap_or(LEAF), value: below.parse().unwrap_or(0.0), otherwise: 0 });
    tree(nodes, lines);
    nodes[at].otherwise = place(nodes.len());
    tree(nodes, lines);
}

fn place(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_known_measure_and_a_number() {
        let text = include_str!("model.txt");
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
            let (name, value) = line.split_once(' ').unwrap_or((MEASURES[0], line));
            assert!(MEASURES.contains(&name) && value.parse::<f32>().is_ok(), "line {}: {line}", number + 1);
        }
        let nodes = text.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(MODEL.nodes.len(), nodes);
        // every branch has two subtrees
        assert_eq!(nodes % 2, MODEL.roots.len() % 2);
    }

    #[test]
    fn branches_are_followed() {
        let model = read("# a comment\nlegal 3.5\nnumber 1\n0.25\n0.5\n-1\n2\n");
        assert_eq!((model.roots.len(), model.nodes.len(), model.nodes[0].otherwise), (2, 6, 4));
        assert!((probability(0.0) - 0.5).abs() < 1e-6);
    }
}
