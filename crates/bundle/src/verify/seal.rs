//! The seal of resources: `CodeResources` lists every file of a bundle with its hash, and each
//! program by the hash of its code directory.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use plist::{Dictionary, Value};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use super::directory::sha256;

/// What the seal says of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sealed {
    /// Hashes of its content: SHA-256, and SHA-1 where it is written too.
    Content(Vec<u8>, Option<Vec<u8>>),
    /// The target of a symbolic link.
    Link(String),
    /// A program: the hash of its code directory, and its requirement.
    Program(Vec<u8>, String),
}

/// The seal, by path below `Contents`.
#[derive(Debug, Default)]
pub(super) struct Seal {
    files: BTreeMap<String, Sealed>,
    /// Hashes for systems of long ago; they must not contradict.
    old: BTreeMap<String, Vec<u8>>,
}

impl Seal {
    /// Reads `CodeResources`.
    pub(super) fn read(text: &[u8]) -> Result<Self> {
        let list: Dictionary = plist::from_bytes(text).context("no property list")?;
        let known = ["files", "files2", "rules", "rules2"];
        let keys: BTreeSet<&str> = list.keys().map(String::as_str).collect();
        ensure!(keys == known.into(), "it has other parts than {known:?}");
        let part = |name: &str| -> Result<&Dictionary> {
            let part = list.get(name).and_then(Value::as_dictionary);
            part.with_context(|| format!("its part {name} is no dictionary"))
        };
        let mut seal = Self::default();
        for (path, value) in part("files2")? {
            let sealed = Self::entry(value).with_context(|| format!("its entry {path}"))?;
            seal.files.insert(path.clone(), sealed);
        }
        for (path, value) in part("files")? {
            let hash = match value {
                Value::Data(hash) => Some(&hash[..]),
                Value::Dictionary(entry) => entry.get("hash").and_then(Value::as_data),
                _ => None,
            };
            let hash = hash.with_context(|| format!("its entry {path} has no hash"))?;
            seal.old.insert(path.clone(), hash.to_owned());
        }
        Ok(seal)
    }

    fn entry(value: &Value) -> Result<Sealed> {
        let entry = match value {
            Value::Data(hash) => return Ok(Sealed::Content(hash.clone(), None)),
            Value::Dictionary(entry) => entry,
            _ => bail!("is of an unknown kind"),
        };
        let data = |name: &str| entry.get(name).and_then(Value::as_data).map(<[u8]>::to_vec);
        let text = |name: &str| {
            entry
                .get(name)
                .and_then(Value::as_string)
                .map(str::to_owned)
        };
        let allows_absence = entry.get("optional").and_then(Value::as_boolean);
        ensure!(allows_absence != Some(true), "lets the file be absent");
        match (data("hash2"), text("symlink"), data("cdhash")) {
            (Some(hash), None, None) => Ok(Sealed::Content(hash, data("hash"))),
            (None, Some(target), None) => Ok(Sealed::Link(target)),
            (None, None, Some(hash)) => Ok(Sealed::Program(
                hash,
                text("requirement").context("has no requirement")?,
            )),
            _ => bail!("is of an unknown kind"),
        }
    }

    /// What it says of one file.
    pub(super) fn of(&self, path: &str) -> Option<&Sealed> {
        self.files.get(path)
    }

    /// The files it names.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Whether the content of a file is the one that was sealed.
    pub(super) fn fits(&self, path: &str, content: &[u8]) -> bool {
        let sha1 = digest(&SHA1_FOR_LEGACY_USE_ONLY, content);
        let fits_old = |hash: &Vec<u8>| *hash == sha1.as_ref();
        self.old.get(path).is_none_or(fits_old)
            && match self.files.get(path) {
                Some(Sealed::Content(hash, old)) => {
                    *hash == sha256(content) && old.as_ref().is_none_or(fits_old)
                }
                _ => false,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resources(files2: &str) -> Vec<u8> {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><plist version=\"1.0\"><dict>\
             <key>files</key><dict/><key>files2</key><dict>{files2}</dict>\
             <key>rules</key><dict/><key>rules2</key><dict/></dict></plist>"
        )
        .into_bytes()
    }

    #[test]
    fn entries_of_all_kinds_are_read() {
        let seal = Seal::read(&resources(
            "<key>a</key><dict><key>hash2</key><data>AQI=</data></dict>\
             <key>b</key><dict><key>symlink</key><string>a</string></dict>\
             <key>c</key><dict><key>cdhash</key><data>Aw==</data>\
             <key>requirement</key><string>cdhash H\"03\"</string></dict>",
        ))
        .unwrap();
        assert_eq!(seal.of("a"), Some(&Sealed::Content(vec![1, 2], None)));
        assert_eq!(seal.of("b"), Some(&Sealed::Link("a".into())));
        let program = Sealed::Program(vec![3], "cdhash H\"03\"".into());
        assert_eq!(seal.of("c"), Some(&program));
        assert_eq!(seal.paths().collect::<Vec<_>>(), ["a", "b", "c"]);
    }

    #[test]
    fn a_seal_that_lets_files_go_is_refused() {
        for entry in [
            "<key>a</key><dict><key>hash2</key><data>AQI=</data><key>optional</key><true/></dict>",
            "<key>a</key><dict/>",
            "<key>a</key><true/>",
        ] {
            assert!(Seal::read(&resources(entry)).is_err(), "{entry}");
        }
    }

    #[test]
    fn content_fits_by_its_hash() {
        let content = b"content";
        let hash = Value::Data(sha256(content).to_vec());
        let mut text = Vec::new();
        hash.to_writer_xml(&mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        let data = &text[text.find("<data>").unwrap()..text.find("</plist>").unwrap()];
        let entry = format!("<key>a</key><dict><key>hash2</key>{data}</dict>");
        let seal = Seal::read(&resources(&entry)).unwrap();
        assert!(seal.fits("a", content));
        assert!(!seal.fits("a", b"contents"));
        assert!(!seal.fits("b", content));
    }
}
