//! Going through every way of drawing one of several things from each of many, and which accounts can be there together.

/// Draws the next way, the first places first; `false`: there is none, and nothing was changed. `ways_of`: how many ways
/// there are at a place.
pub(crate) fn draw_next(drawn: &mut [usize], ways_of: impl Fn(usize) -> usize) -> bool {
    let Some(next) = (0..drawn.len()).find(|at| drawn[*at] + 1 < ways_of(*at)) else { return false };
    drawn[next] += 1;
    drawn[..next].fill(0);
    true
}

/// Whether these accounts of a client can be there together: an undecided one took the place of one that is gone, so that not
/// all of those are still there beside it. `gone`: all of the client that are gone.
pub(crate) fn can_be_there(here: &[usize], gone: &[usize]) -> bool {
    let is_any_undecided = || here.iter().any(|account| !gone.contains(account));
    gone.is_empty() || !gone.iter().all(|account| here.contains(account)) || !is_any_undecided()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_is_drawn_once() {
        let sizes = [2, 1, 3];
        let (mut drawn, mut found) = (vec![0; 3], Vec::new());
        loop {
            found.push(drawn.clone());
            if !draw_next(&mut drawn, |at| sizes[at]) {
                break;
            }
        }
        let expected = [[0, 0, 0], [1, 0, 0], [0, 0, 1], [1, 0, 1], [0, 0, 2], [1, 0, 2]];
        assert_eq!(found, expected);
        assert!(!draw_next(&mut [], |_| 2));
    }

    #[test]
    fn an_undecided_account_is_not_beside_all_that_are_gone() {
        assert!(can_be_there(&[7], &[]));
        assert!(can_be_there(&[1, 2], &[1, 2]));
        assert!(can_be_there(&[1, 7], &[1, 2]));
        assert!(!can_be_there(&[1, 2, 7], &[1, 2]));
        assert!(can_be_there(&[], &[1]));
    }
}
