//! Which datagrams on the shared socket are QUIC's.
//!
//! RFC 9443: the first byte of a QUIC packet has one of its two highest bits set (we never grease
//! the lower of them, and no peer may do so unasked), that of STUN and of punch packets neither.
//! The kernel hands over datagrams of equal size in one batch, of both kinds as they came.
//!
//! No byte of QUIC's is lost or moved within its datagram, whatever else is in the batch.

/// Moves QUIC's datagrams to the front of a batch and gives away the others, in order. Returns how
/// many bytes remain; the datagrams among them start at multiples of `stride` as before.
pub(crate) fn keep_quic(batch: &mut [u8], stride: usize, mut other: impl FnMut(&[u8])) -> usize {
    let stride = stride.max(1);
    if batch.chunks(stride).all(is_quic) {
        return batch.len();
    }
    let mut kept = 0;
    let mut start = 0;
    while let Some(datagram) = batch.get(start..).and_then(|rest| rest.chunks(stride).next()) {
        let end = start + datagram.len();
        if is_quic(datagram) {
            batch.copy_within(start..end, kept);
            kept += end - start;
        } else {
            other(datagram);
        }
        start = end;
    }
    kept
}

pub(crate) fn is_quic(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|first| *first >= 0x40)
}

/// RFC 8489, section 5: a header of 20 bytes, its magic cookie behind type and length.
pub(crate) fn is_stun(datagram: &[u8]) -> bool {
    matches!(datagram.first_chunk::<20>(), Some([..=3, _, _, _, 0x21, 0x12, 0xa4, 0x42, ..]))
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// What is kept and what is given away, as datagrams.
    fn sort(batch: &[u8], stride: usize) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
        let (mut buf, mut others) = (batch.to_vec(), vec![]);
        let kept = keep_quic(&mut buf, stride, |datagram| others.push(datagram.to_vec()));
        let quic = buf[..kept].chunks(stride.max(1)).map(<[u8]>::to_vec);
        (quic.collect(), others)
    }

    proptest! {
        #[test]
        fn every_datagram_goes_whole_and_in_order_to_its_side(
            batch in vec(any::<u8>(), 0..2000),
            stride in prop_oneof![0usize..64, 64usize..2100, Just(usize::MAX)],
        ) {
            let datagrams = batch.chunks(stride.max(1)).map(<[u8]>::to_vec);
            let expected: (Vec<_>, Vec<_>) = datagrams.partition(|datagram| datagram[0] >= 0x40);
            prop_assert_eq!(sort(&batch, stride), expected);
        }

        #[test]
        fn stun_is_never_taken_for_quic(datagram in vec(any::<u8>(), 0..64)) {
            prop_assert!(!(is_stun(&datagram) && is_quic(&datagram)));
        }
    }

    #[test]
    fn a_mixed_batch_with_a_short_tail_is_split() {
        let (quic, others) = sort(b"\x40a\x01b\xc0c\x00d\x41", 2);
        assert_eq!(quic, [&b"\x40a"[..], b"\xc0c", b"\x41"]);
        assert_eq!(others, [b"\x01b", b"\x00d"]);
    }

    #[test]
    fn a_binding_request_is_stun() {
        let mut request = *b"\x00\x01\x00\x00\x21\x12\xa4\x42abcdefghijkl";
        assert!(is_stun(&request));
        assert!(!is_stun(&request[..19]));
        request[4] ^= 1;
        assert!(!is_stun(&request));
    }
}
