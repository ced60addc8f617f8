//! An event's data in its columns: packed (LZ4 block format) where that saves room, else as it is.
//!
//! Owns: when data is packed, and both ways. Refuses: whether it is what was once published; the digest,
//! made of the data itself, tells.
//!
//! # Why LZ4
//! Data is packed on the writer's thread and unpacked for whoever reads it: a format that packs tighter would
//! be waited for.

use std::borrow::Cow;
use std::sync::Arc;

use rusqlite::Row;
use rusqlite::types::ValueRef;

use crate::store::StoreError;

/// Shorter data stays as it is: packing it would save next to nothing.
const PACKED_BYTES_FROM: usize = 128;
/// Packed data takes an eighth less than the data at least.
const SAVED_SHARE: usize = 8;
/// How many times as long as what it is packed into data can be, by the format.
const PACKED_RATIO_MAX: usize = 255;

/// The columns `data` and `packed_data` of an event.
pub(super) struct DataColumns<'a> {
    /// All of it, or nothing where it is packed.
    pub(super) data: &'a str,
    /// All of it, packed.
    pub(super) packed: Option<Vec<u8>>,
}

impl<'a> DataColumns<'a> {
    pub(super) fn of(data: &'a str) -> Self {
        let packed = (data.len() >= PACKED_BYTES_FROM)
            .then(|| lz4_flex::block::compress_prepend_size(data.as_bytes()))
            .filter(|packed| packed.len() <= data.len() - data.len() / SAVED_SHARE);
        let data = if packed.is_some() { "" } else { data };
        Self { data, packed }
    }
}

/// The data in a row that has the columns `data` and `packed_data`.
///
/// # Errors
/// [`StoreError::Damaged`] where it is no data that was ever stored.
pub(super) fn read(row: &Row<'_>) -> Result<Arc<str>, StoreError> {
    borrowed(row.get_ref("data")?, row.get_ref("packed_data")?).map(Arc::from)
}

/// As [`read`], without a copy of what is not packed.
pub(in crate::store) fn borrowed<'a>(
    data: ValueRef<'a>,
    packed: ValueRef<'_>,
) -> Result<Cow<'a, str>, StoreError> {
    match packed {
        ValueRef::Null => data.as_str().map(Cow::Borrowed).map_err(|_| damaged()),
        // Data that is packed does not stand there as well.
        _ if !matches!(data, ValueRef::Text(b"")) => Err(damaged()),
        packed => unpacked(packed).map(Cow::Owned),
    }
}

/// How many bytes the data has whose column `data` has `plain` of them, and which begins with `head` where it
/// is packed: its length stands there.
pub(in crate::store) fn data_bytes(plain: usize, head: Option<[u8; 4]>) -> usize {
    head.map_or(plain, |head| u32::from_le_bytes(head) as usize)
}

fn unpacked(packed: ValueRef<'_>) -> Result<String, StoreError> {
    let packed = packed.as_blob().map_err(|_| damaged())?;
    let (head, block) = packed.split_first_chunk().ok_or_else(damaged)?;
    let bytes = u32::from_le_bytes(*head) as usize;
    // A changed length must not ask for memory that the block can never fill.
    if bytes > block.len().saturating_mul(PACKED_RATIO_MAX) {
        return Err(damaged());
    }
    let data = lz4_flex::block::decompress(block, bytes).map_err(|_| damaged())?;
    if data.len() != bytes {
        return Err(damaged());
    }
    String::from_utf8(data).map_err(|_| damaged())
}

fn damaged() -> StoreError {
    StoreError::Damaged("an event's data is not what was once stored".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::tests::noise;

    fn back(columns: &DataColumns<'_>) -> Result<String, StoreError> {
        let packed = columns
            .packed
            .as_deref()
            .map_or(ValueRef::Null, ValueRef::Blob);
        borrowed(ValueRef::Text(columns.data.as_bytes()), packed).map(Cow::into_owned)
    }

    #[test]
    fn what_repeats_itself_is_packed_and_what_does_not_stays() {
        let orders = r#"{"order":"A-1017","state":"paid"},"#.repeat(30);
        let packed = DataColumns::of(&orders).packed.unwrap();
        assert!(packed.len() * 8 < orders.len(), "{}", packed.len());
        assert_eq!(data_bytes(0, packed.first_chunk().copied()), orders.len());
        assert_eq!(data_bytes(7, None), 7);
        let short = "x".repeat(PACKED_BYTES_FROM - 1);
        assert!(DataColumns::of(&short).packed.is_none());
        assert!(DataColumns::of(&noise(512)).packed.is_none());
    }

    proptest! {
        #[test]
        fn any_data_comes_back(word in "\\PC{0,40}", times in 0..60_usize) {
            let data = word.repeat(times);
            prop_assert_eq!(back(&DataColumns::of(&data)).unwrap(), data);
        }

        #[test]
        fn a_changed_byte_is_an_error_or_other_data_never_a_crash(place in 0..60_usize, byte: u8) {
            let data = r#"{"order":"A-1017","state":"paid"},"#.repeat(30);
            let mut columns = DataColumns::of(&data);
            let packed = columns.packed.as_mut().unwrap();
            let place = place % packed.len();
            packed[place] ^= byte.max(1);
            // Whatever comes back is held against the digest.
            prop_assert!(back(&columns).map_or(true, |found| found.len() <= packed_most(&columns)));
        }
    }

    fn packed_most(columns: &DataColumns<'_>) -> usize {
        columns.packed.as_ref().unwrap().len() * PACKED_RATIO_MAX
    }
}
