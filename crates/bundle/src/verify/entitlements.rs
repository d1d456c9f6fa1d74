//! Entitlements: in a signature they are written twice, as property list and in DER, which alone
//! newer systems read.

use anyhow::{Context, Result, bail, ensure};
use plist::{Dictionary, Value};

use super::blob;

/// The entitlements in the two parts of a signature. Without any there are none.
pub(super) fn read(list: Option<&[u8]>, der: Option<&[u8]>) -> Result<Dictionary> {
    let (list, der) = match (list, der) {
        (None, None) => return Ok(Dictionary::new()),
        (Some(list), Some(der)) => (list, der),
        _ => bail!("its entitlements are written in one form only"),
    };
    let list = blob::content(list, blob::ENTITLEMENTS)?;
    let list: Dictionary =
        plist::from_bytes(list).context("its entitlements are no property list")?;
    let der = blob::content(der, blob::ENTITLEMENTS_DER)?;
    ensure!(
        der == encode(&list)?,
        "its entitlements in DER are not those in the property list"
    );
    Ok(list)
}

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const TEXT: u8 = 0x0c;
const SEQUENCE: u8 = 0x30;
/// A dictionary: context-specific, constructed, number 16.
const DICTIONARY: u8 = 0xb0;
/// All of it: application-specific, constructed, number 16.
const WHOLE: u8 = 0x70;

/// The DER form: version 1 and the dictionary.
fn encode(list: &Dictionary) -> Result<Vec<u8>> {
    let content = [element(INTEGER, &[1]), dictionary(list)?].concat();
    Ok(element(WHOLE, &content))
}

/// A dictionary's pairs, in the order of their keys.
fn dictionary(list: &Dictionary) -> Result<Vec<u8>> {
    let mut pairs: Vec<(&String, &Value)> = list.iter().collect();
    pairs.sort_by_key(|(key, _)| *key);
    let mut content = Vec::new();
    for (key, value) in pairs {
        let pair = [element(TEXT, key.as_bytes()), encoded(value)?].concat();
        content.extend(element(SEQUENCE, &pair));
    }
    Ok(element(DICTIONARY, &content))
}

fn encoded(value: &Value) -> Result<Vec<u8>> {
    Ok(match value {
        Value::Boolean(value) => element(BOOLEAN, &[if *value { 0xff } else { 0 }]),
        Value::String(value) => element(TEXT, value.as_bytes()),
        Value::Array(values) => {
            let all: Vec<Vec<u8>> = values.iter().map(encoded).collect::<Result<_>>()?;
            element(SEQUENCE, &all.concat())
        }
        Value::Dictionary(list) => dictionary(list)?,
        _ => bail!("entitlements are truths, texts and lists of them"),
    })
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut element = vec![tag];
    let bytes = content.len().to_be_bytes();
    let length = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
    match length {
        [] => element.push(0),
        [short] if *short < 0x80 => element.push(*short),
        long => {
            element.push(0x80 | u8::try_from(long.len()).unwrap_or(u8::MAX));
            element.extend(long);
        }
    }
    element.extend(content);
    element
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn der_is_as_apples_tools_write_it() {
        let list = Dictionary::from_iter([("b", Value::from(true)), ("a", Value::from("x"))]);
        let expected = [
            0x70, 0x15, 0x02, 0x01, 0x01, 0xb0, 0x10, // version 1, two pairs
            0x30, 0x06, 0x0c, 0x01, b'a', 0x0c, 0x01, b'x', //
            0x30, 0x06, 0x0c, 0x01, b'b', 0x01, 0x01, 0xff, //
        ];
        assert_eq!(encode(&list).unwrap(), expected);
    }

    #[test]
    fn long_elements_say_their_length_in_more_bytes() {
        assert_eq!(element(TEXT, &[b'a'; 200])[..3], [TEXT, 0x81, 200]);
        assert_eq!(element(TEXT, &[b'a'; 300])[..4], [TEXT, 0x82, 1, 44]);
    }
}
