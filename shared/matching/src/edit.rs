//! Edit distance and similarity of strings.

/// Characters beyond these are ignored.
const LETTERS_MAX: usize = 64;

/// Levenshtein distance (Myers 1999, in one machine word).
pub(crate) fn distance(a: &[u8], b: &[u8]) -> usize {
    let (a, b) = (&a[..a.len().min(LETTERS_MAX)], &b[..b.len().min(LETTERS_MAX)]);
    let prefix = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[prefix..], &b[prefix..]);
    let suffix = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[..a.len() - suffix], &b[..b.len() - suffix]);
    if a.is_empty() || b.is_empty() {
        return a.len().max(b.len());
    }
    let mut places = [0_u64; 256];
    for (place, letter) in a.iter().enumerate() {
        places[usize::from(*letter)] |= 1 << place;
    }
    let last = 1_u64 << (a.len() - 1);
    let (mut up, mut down, mut distance) = (u64::MAX, 0_u64, a.len());
    for letter in b {
        let equal = places[usize::from(*letter)];
        let carried = (((equal & up).wrapping_add(up)) ^ up) | equal | down;
        let mut rise = down | !(carried | up);
        let mut fall = up & carried;
        distance += usize::from(rise & last != 0);
        distance -= usize::from(fall & last != 0);
        rise = rise << 1 | 1;
        fall <<= 1;
        up = fall | !(carried | rise);
        down = rise & carried;
    }
    distance
}

/// Similarity: 1 for equal, 0 for nothing in common.
#[expect(clippy::cast_precision_loss, reason = "lengths of names")]
pub(crate) fn likeness(a: &[u8], b: &[u8]) -> f32 {
    let longest = a.len().max(b.len()).min(LETTERS_MAX);
    if longest == 0 { 1.0 } else { 1.0 - distance(a, b) as f32 / longest as f32 }
}

/// Jaro-Winkler similarity: 1 for equal.
#[expect(clippy::cast_precision_loss, reason = "lengths of names")]
pub(crate) fn jaro_winkler(a: &[u8], b: &[u8]) -> f32 {
    let (a, b) = (&a[..a.len().min(LETTERS_MAX)], &b[..b.len().min(LETTERS_MAX)]);
    if a.is_empty() || b.is_empty() {
        return if a.is_empty() && b.is_empty() { 1.0 } else { 0.0 };
    }
    let reach = (a.len().max(b.len()) / 2).saturating_sub(1);
    let (mut of_a, mut of_b) = (0_u64, 0_u64);
    for (place, letter) in a.iter().enumerate() {
        let from = place.saturating_sub(reach);
        let to = (place + reach + 1).min(b.len());
        if let Some(at) = (from..to).find(|at| of_b & (1 << at) == 0 && b[*at] == *letter) {
            of_a |= 1 << place;
            of_b |= 1 << at;
        }
    }
    let shared = of_a.count_ones() as f32;
    if shared == 0.0 {
        return 0.0;
    }
    let (mut rest_a, mut rest_b, mut others) = (of_a, of_b, 0_u32);
    while rest_a != 0 && rest_b != 0 {
        others += u32::from(a[rest_a.trailing_zeros() as usize] != b[rest_b.trailing_zeros() as usize]);
        rest_a &= rest_a - 1;
        rest_b &= rest_b - 1;
    }
    let swapped = others as f32 / 2.0;
    let jaro = (shared / a.len() as f32 + shared / b.len() as f32 + (shared - swapped) / shared) / 3.0;
    let prefix = a.iter().zip(b).take(4).take_while(|(a, b)| a == b).count() as f32;
    jaro + prefix * 0.1 * (1.0 - jaro)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn edit_distance_of_known_pairs() {
        for (a, b, expected) in
            [("", "", 0), ("a", "", 1), ("kitten", "sitting", 3), ("acme", "amce", 2), ("ab", "ba", 2)]
        {
            assert_eq!(distance(a.as_bytes(), b.as_bytes()), expected, "{a} {b}");
        }
        assert!((jaro_winkler(b"martha", b"marhta") - 0.961).abs() < 0.001);
        assert!((jaro_winkler(b"dixon", b"dicksonx") - 0.813).abs() < 0.001);
    }

    proptest! {
        #[test]
        fn as_the_plain_table(a in "[abc]{0,12}", b in "[abc]{0,12}") {
            let (x, y) = (a.as_bytes(), b.as_bytes());
            let mut row: Vec<usize> = (0..=y.len()).collect();
            for (i, letter) in x.iter().enumerate() {
                let mut before = row[0];
                row[0] = i + 1;
                for j in 0..y.len() {
                    let next = (before + usize::from(*letter != y[j])).min(row[j] + 1).min(row[j + 1] + 1);
                    before = std::mem::replace(&mut row[j + 1], next);
                }
            }
            prop_assert_eq!(distance(x, y), row[y.len()]);
        }
    }
}
