//! Exponential backoff with jitter and a cap. Deliberately absent: what is retried.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    time::Duration,
};

const WAIT_MILLIS_FIRST: u64 = 25;
const WAIT_MILLIS_MAX: u64 = 5_000;

/// Waits before retry number `tries` (1 is the first): between half and all of a time that doubles.
pub(crate) async fn wait(tries: u32) {
    tokio::time::sleep(duration(tries, RandomState::new().build_hasher().finish())).await;
}

fn duration(tries: u32, random: u64) -> Duration {
    let full = WAIT_MILLIS_FIRST.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(WAIT_MILLIS_MAX);
    Duration::from_millis(full / 2 + random % (full / 2 + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap() {
        for (tries, least, most) in [(0, 12, 25), (1, 12, 25), (2, 25, 50), (5, 200, 400), (99, 2_500, 5_000)] {
            for random in [0, 1, 12_345, u64::MAX] {
                let wait = duration(tries, random).as_millis();
                assert!((least..=most).contains(&wait), "try {tries}: {wait}");
            }
        }
    }
}
