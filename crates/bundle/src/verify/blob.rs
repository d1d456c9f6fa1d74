//! The containers that a signature is made of: a magic number, a length, and content. A super blob
//! holds others by number.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};

/// Holds all parts of a signature.
pub(super) const EMBEDDED_SIGNATURE: u32 = 0xfade_0cc0;
/// Holds requirements.
pub(super) const REQUIREMENTS: u32 = 0xfade_0c01;
/// One requirement.
pub(super) const REQUIREMENT: u32 = 0xfade_0c00;
/// A code directory.
pub(super) const CODE_DIRECTORY: u32 = 0xfade_0c02;
/// Entitlements as property list.
pub(super) const ENTITLEMENTS: u32 = 0xfade_7171;
/// Entitlements in DER.
pub(super) const ENTITLEMENTS_DER: u32 = 0xfade_7172;
/// Anything else; here a CMS signature.
pub(super) const WRAPPER: u32 = 0xfade_0b01;

/// A number of four bytes, as Apple writes them.
pub(super) fn number(data: &[u8], at: usize) -> Result<u32> {
    let bytes = at.checked_add(4).and_then(|end| data.get(at..end));
    let bytes = bytes.context("the signature is cut off")?;
    Ok(u32::from_be_bytes(bytes.try_into()?))
}

/// The same, for lengths and places.
pub(super) fn place(data: &[u8], at: usize) -> Result<usize> {
    Ok(number(data, at)? as usize)
}

/// A part of the data.
pub(super) fn part(data: &[u8], at: usize, length: usize) -> Result<&[u8]> {
    at.checked_add(length)
        .and_then(|end| data.get(at..end))
        .context("the signature is cut off")
}

/// The content of a blob of this kind, which fills the data.
pub(super) fn content(data: &[u8], magic: u32) -> Result<&[u8]> {
    ensure!(
        number(data, 0)? == magic && place(data, 4)? == data.len(),
        "a part of the signature is not what it should be"
    );
    Ok(&data[8..])
}

/// The blobs in a super blob that fills the data, by number, with their headers. No byte lies
/// between them.
pub(super) fn blobs(data: &[u8], magic: u32) -> Result<BTreeMap<u32, &[u8]>> {
    let inner = content(data, magic)?;
    let count = place(inner, 0)?;
    let mut blobs = BTreeMap::new();
    let mut expected = count
        .checked_mul(8)
        .and_then(|length| length.checked_add(12))
        .context("the signature is cut off")?;
    for entry in 0..count {
        let number_of_blob = number(inner, 4 + 8 * entry)?;
        let at = place(inner, 8 + 8 * entry)?;
        ensure!(at == expected, "the signature's parts don't join");
        let blob = part(data, at, place(data, at + 4)?)?;
        ensure!(
            blob.len() >= 8
                && blobs
                    .last_key_value()
                    .is_none_or(|(last, _)| *last < number_of_blob),
            "the signature's parts are not in order"
        );
        expected += blob.len();
        blobs.insert(number_of_blob, blob);
    }
    ensure!(expected == data.len(), "the signature's parts don't join");
    Ok(blobs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(magic: u32, content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len() + 8).unwrap();
        [&magic.to_be_bytes(), &length.to_be_bytes(), content].concat()
    }

    fn numbers(numbers: &[u32]) -> Vec<u8> {
        numbers.iter().flat_map(|n| n.to_be_bytes()).collect()
    }

    #[test]
    fn parts_are_found_by_number() {
        let inner = blob(WRAPPER, b"abcd");
        let data = blob(
            EMBEDDED_SIGNATURE,
            &[numbers(&[1, 7, 20]), inner.clone()].concat(),
        );
        let found = blobs(&data, EMBEDDED_SIGNATURE).unwrap();
        assert_eq!(found, BTreeMap::from([(7, &inner[..])]));
        assert!(blobs(&data, REQUIREMENTS).is_err());
    }

    #[test]
    fn no_byte_lies_between_parts_or_behind_them() {
        let inner = blob(WRAPPER, b"abcd");
        for content in [
            [numbers(&[1, 7, 21]), vec![0], inner.clone()].concat(),
            [numbers(&[1, 7, 20]), inner.clone(), vec![0]].concat(),
            [numbers(&[2, 7, 28, 7, 40]), inner.clone(), inner.clone()].concat(),
            [numbers(&[2, 7, 28, 6, 40]), inner.clone(), inner.clone()].concat(),
            numbers(&[u32::MAX, 7, 20]),
            numbers(&[1, 7, u32::MAX]),
            Vec::new(),
        ] {
            let data = blob(EMBEDDED_SIGNATURE, &content);
            assert!(blobs(&data, EMBEDDED_SIGNATURE).is_err(), "{content:?}");
        }
    }
}
