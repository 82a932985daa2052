//! Ids of items one behind the other, each with its masks and without a pointer of its own.

use crate::ReconcileError;

const CHUNK_BYTES: usize = 1 << 20;
/// Records begin at even places, so that a 32-bit number reaches twice as far.
const STEP_BYTES: usize = 2;
const CHUNK_STEPS: usize = CHUNK_BYTES / STEP_BYTES;
const CHUNKS_MAX: usize = (1 << 32) / CHUNK_STEPS - 1;
/// Two masks of two bytes, the group, the length and one.
const HEADER_BYTES: usize = 6;
/// Stands for a length that has two bytes of its own.
const LONG: u8 = u8::MAX;

/// The records of all items.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    chunks: Vec<Box<[u8]>>,
    used_bytes: usize,
}

impl Arena {
    /// Keeps an id with empty masks; answers where.
    pub(crate) fn keep(&mut self, group: u8, id: &[u8]) -> Result<u32, ReconcileError> {
        let too_many = || ReconcileError::TooMany { what: "bytes of item ids", max: (CHUNKS_MAX * CHUNK_BYTES) as u64 };
        let short = u8::try_from(id.len() + 1).ok().filter(|length| *length != LONG);
        let length = u16::try_from(id.len()).map_err(|_| too_many())?.to_le_bytes();
        let start = HEADER_BYTES + if short.is_some() { 0 } else { length.len() };
        let bytes = (start + id.len()).next_multiple_of(STEP_BYTES);
        if self.chunks.is_empty() || self.used_bytes + bytes > CHUNK_BYTES {
            if self.chunks.len() == CHUNKS_MAX {
                return Err(too_many());
            }
            self.chunks.push(vec![0; CHUNK_BYTES].into_boxed_slice());
            self.used_bytes = 0;
        }
        let at = self.end();
        let record = self.record_mut(at);
        record[4] = group;
        record[5] = short.unwrap_or(LONG);
        if short.is_none() {
            record[HEADER_BYTES..start].copy_from_slice(&length);
        }
        record[start..start + id.len()].copy_from_slice(id);
        self.used_bytes += bytes;
        Ok(at)
    }

    /// Where the next record would go.
    pub(crate) fn end(&self) -> u32 {
        let steps = self.chunks.len().saturating_sub(1) * CHUNK_STEPS + self.used_bytes / STEP_BYTES;
        u32::try_from(steps).unwrap_or(u32::MAX)
    }

    /// The id of a record.
    pub(crate) fn id(&self, at: u32) -> &[u8] {
        let record = self.record(at);
        match record[5] {
            LONG => {
                let length = usize::from(u16::from_le_bytes([record[6], record[7]]));
                &record[HEADER_BYTES + 2..HEADER_BYTES + 2 + length]
            }
            length => &record[HEADER_BYTES..HEADER_BYTES + usize::from(length - 1)],
        }
    }

    /// Whether a record is that of this group and id.
    pub(crate) fn is(&self, at: u32, group: u8, id: &[u8]) -> bool {
        self.record(at)[4] == group && self.id(at) == id
    }

    /// The masks of a record: counted, seen.
    pub(crate) fn masks(&self, at: u32) -> (u16, u16) {
        let record = self.record(at);
        (u16::from_le_bytes([record[0], record[1]]), u16::from_le_bytes([record[2], record[3]]))
    }

    /// Changes the masks of a record.
    pub(crate) fn set_masks(&mut self, at: u32, (counted, seen): (u16, u16)) {
        let record = self.record_mut(at);
        record[0..2].copy_from_slice(&counted.to_le_bytes());
        record[2..4].copy_from_slice(&seen.to_le_bytes());
    }

    /// The records from one place up to another.
    pub(crate) fn records(&self, first: u32, end: u32) -> impl Iterator<Item = u32> {
        let mut at = first as usize;
        std::iter::from_fn(move || {
            while at < end as usize {
                let left = CHUNK_STEPS - at % CHUNK_STEPS;
                let is_end = left * STEP_BYTES < HEADER_BYTES || self.record(at as u32)[5] == 0;
                if is_end {
                    at += left;
                    continue;
                }
                let here = at as u32;
                let long = if self.record(here)[5] == LONG { 2 } else { 0 };
                at += (HEADER_BYTES + long + self.id(here).len()).div_ceil(STEP_BYTES);
                return Some(here);
            }
            None
        })
    }

    fn record(&self, at: u32) -> &[u8] {
        let at = at as usize;
        &self.chunks[at / CHUNK_STEPS][at % CHUNK_STEPS * STEP_BYTES..]
    }

    fn record_mut(&mut self, at: u32) -> &mut [u8] {
        let at = at as usize;
        &mut self.chunks[at / CHUNK_STEPS][at % CHUNK_STEPS * STEP_BYTES..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_every_length_are_found_again_over_the_ends_of_chunks() {
        let mut arena = Arena::default();
        let ids: Vec<Vec<u8>> = (0..30_000_usize)
            .map(|n| {
                n.to_string().into_bytes().into_iter().cycle().take([0, 1, 11, 12, 253, 254, 255, 700][n % 8]).collect()
            })
            .collect();
        let kept: Vec<u32> = ids.iter().map(|id| arena.keep(3, id).unwrap()).collect();
        assert!(arena.chunks.len() > 3);
        assert_eq!(arena.records(kept[0], arena.end()).collect::<Vec<_>>(), kept);
        assert_eq!(arena.records(kept[5], kept[9]).collect::<Vec<_>>(), kept[5..9]);
        arena.set_masks(kept[7], (0x1234, 0xfedc));
        for (place, (at, id)) in kept.iter().zip(&ids).enumerate() {
            assert!(arena.is(*at, 3, id) && !arena.is(*at, 4, id));
            assert_eq!(arena.masks(*at), if place == 7 { (0x1234, 0xfedc) } else { (0, 0) });
        }
        assert!(arena.keep(0, &vec![b'x'; 70_000]).is_err());
    }
}
