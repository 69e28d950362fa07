//! A disk whose rows say anything at all.

use covey_proto::store::{Kind, Record};

/// Bytes as rows of state: a node that starts on them starts and works.
///
/// A row is its kind, the length of its key, two bytes of the length of its value, and both.
pub(crate) fn rows(mut bytes: &[u8]) {
    let mut rows = Vec::new();
    while let Some(([kind, key, high, low], rest)) = bytes.split_first_chunk() {
        let (key, rest) = cut(rest, usize::from(*key));
        let (value, rest) = cut(rest, usize::from(u16::from_be_bytes([*high, *low])));
        if let Ok(kind) = Kind::try_from(i32::from(*kind)) {
            rows.push(Record { kind, key: key.to_vec(), bytes: value.to_vec() });
        }
        bytes = rest;
    }
    world::start_on(rows);
}

fn cut(bytes: &[u8], length: usize) -> (&[u8], &[u8]) {
    bytes.split_at(bytes.len().min(length))
}
