//! The licences of others' work in what we ship, with their texts.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use spdx::{Expression, ParseMode};

use crate::components::{Component, Components, Registry};
use crate::product::{Arguments, Product};
use crate::{modules, source};

/// How names of files with licences begin, in capitals.
const NAMES: [&str; 7] = [
    "LICENSE",
    "LICENCE",
    "COPYING",
    "COPYRIGHT",
    "NOTICE",
    "UNLICENSE",
    "PATENTS",
];

/// A text longer than this is no licence.
const LONGEST: u64 = 1 << 20;

/// Writes the report of a product.
///
/// # Errors
/// As [`report`].
pub fn run(arguments: &Arguments) -> Result<()> {
    arguments.check()?;
    let report = report(arguments.product, arguments.image.as_deref())?;
    source::write(&arguments.out, report)
}

/// All licences of a product, each text once, with those whose text it is. The same to the byte
/// for the same lock files. For the node image all its modules are downloaded.
///
/// # Errors
/// When something that is shipped has no licence, or its files are not here: npm's are after
/// `make pages`, cargo's after a build.
pub fn report(product: Product, image: Option<&Path>) -> Result<String> {
    let mut components = Components::of(product, image)?.all;
    if product == Product::NodeImage {
        modules::locate(&mut components)?;
    }
    let mut texts: BTreeMap<String, Vec<&Component>> = BTreeMap::new();
    for component in &components {
        for text in texts_of(component)? {
            texts.entry(text).or_default().push(component);
        }
    }
    Ok(written(product, &components, texts))
}

fn written(
    product: Product,
    components: &[Component],
    texts: BTreeMap<String, Vec<&Component>>,
) -> String {
    let what = match product {
        Product::Mac => "apple-k8s for a Mac",
        Product::Linux => "apple-k8s for Linux",
        Product::NodeImage => "the node image of apple-k8s",
    };
    let mut report = format!(
        "Licences of others' work in {what} {}\n\n\
         apple-k8s itself is licensed under the Apache License, version 2.0. The components below\n\
         are parts of it; their sources are where each line says. The texts of their licences follow.\n\n",
        crate::VERSION
    );
    for one in components {
        let licence = one.licence.clone().unwrap_or_else(|| match one.registry {
            Registry::Debian => format!("/usr/share/doc/{}/copyright in the image", one.name),
            _ => "see its text".to_owned(),
        });
        let home = one.home.clone().unwrap_or_else(|| one.url());
        // Writing to a text can't fail, here and below.
        let _ = writeln!(report, "{} ({licence}) {home}", named(one));
    }
    // In the order of the first component that has it: a new one moves little.
    let mut texts: Vec<(String, Vec<&Component>)> = texts.into_iter().collect();
    texts.sort_by_cached_key(|(text, users)| (users.first().map(|one| one.url()), text.clone()));
    for (text, users) in texts {
        let users: Vec<String> = users.into_iter().map(named).collect();
        let _ = write!(
            report,
            "\n{}\n{}\n\n{}\n",
            "=".repeat(80),
            users.join(", "),
            text.trim_end()
        );
    }
    report
}

fn named(one: &Component) -> String {
    format!(
        "{} {}",
        one.name,
        one.version.as_deref().unwrap_or_default()
    )
}

/// The texts that a component brings, or the standard ones of its licences where it brings none.
///
/// # Errors
/// When there is neither.
pub fn texts_of(one: &Component) -> Result<Vec<String>> {
    match (one.registry, &one.folder) {
        // They bring their own to where they are installed.
        (Registry::Debian, _) => return Ok(Vec::new()),
        // Part of the compiler, whose files have none of their own.
        (Registry::Rust | Registry::Cargo, None) => return standard(one),
        _ => {}
    }
    let folder = one
        .folder
        .as_deref()
        .with_context(|| format!("the files of {} are not here", named(one)))?;
    ensure!(
        folder.is_dir(),
        "the files of {} are not in {}: run `make pages` and a build",
        named(one),
        folder.display()
    );
    let mut found = Vec::new();
    for path in files(folder)? {
        let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
        if !text.trim().is_empty() {
            found.push(text);
        }
    }
    if found.is_empty() {
        found = standard(one)?;
    }
    Ok(found)
}

/// Files of a folder that hold licences, by name.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.to_uppercase();
        if !NAMES.iter().any(|beginning| name.starts_with(beginning)) {
            continue;
        }
        // Such as `LICENSES/MIT.txt`.
        if path.is_dir() {
            for entry in fs::read_dir(&path)? {
                found.push(entry?.path());
            }
        } else if !matches!(
            path.extension().and_then(|e| e.to_str()),
            Some("rs" | "go" | "js")
        ) {
            found.push(path);
        }
    }
    found
        .retain(|path| fs::metadata(path).is_ok_and(|data| data.is_file() && data.len() < LONGEST));
    found.sort();
    Ok(found)
}

/// The standard texts of the licences that its registry names.
fn standard(one: &Component) -> Result<Vec<String>> {
    let Some(licence) = &one.licence else {
        bail!("{} has no licence: it can't be shipped", named(one));
    };
    let expression = Expression::parse_mode(licence, ParseMode::LAX)
        .map_err(|error| anyhow::anyhow!("{}: {error}", named(one)))?;
    let ids = expression
        .requirements()
        .filter_map(|one| one.req.license.id());
    let mut texts: Vec<String> = ids
        .map(|id| {
            format!(
                "Standard text of {}; there is none of the package's own.\n\n{}",
                id.name,
                id.text()
            )
        })
        .collect();
    ensure!(
        !texts.is_empty(),
        "no text is known of {licence} ({})",
        named(one)
    );
    texts.sort();
    texts.dedup();
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(licence: Option<&str>, folder: &Path) -> Component {
        Component {
            registry: Registry::Cargo,
            name: "a".into(),
            version: Some("1.0.0".into()),
            architecture: None,
            licence: licence.map(str::to_owned),
            home: None,
            digest: None,
            folder: Some(folder.to_owned()),
            needs: std::collections::BTreeSet::new(),
        }
    }

    #[test]
    fn own_texts_come_before_standard_ones() {
        let folder = tempfile::tempdir().expect("a folder");
        let texts = |licence| texts_of(&component(licence, folder.path()));
        let standard = texts(Some("MIT/Apache-2.0")).expect("standard texts");
        assert_eq!(standard.len(), 2);
        assert!(
            standard
                .iter()
                .all(|text| text.starts_with("Standard text of "))
        );
        assert!(texts(None).is_err(), "no licence at all");
        assert!(texts(Some("Nonsense-1.0")).is_err(), "an unknown one");

        fs::write(folder.path().join("license.rs"), "fn code() {}").expect("written");
        assert_eq!(texts(Some("MIT")).expect("standard")[0], standard[1]);
        fs::write(folder.path().join("LICENSE-MIT"), "mine\r\n").expect("written");
        fs::create_dir(folder.path().join("LICENSES")).expect("a folder");
        fs::write(folder.path().join("LICENSES/Zlib.txt"), "zlib").expect("written");
        assert_eq!(texts(Some("MIT")).expect("own"), ["mine\n", "zlib"]);
    }

    #[test]
    fn everything_shipped_has_a_text_and_the_report_is_the_same_again() {
        for product in [Product::Mac, Product::Linux] {
            let components = Components::of(product, None).expect("cargo answers").all;
            for one in &components {
                let texts = texts_of(one).unwrap_or_else(|error| panic!("{error:#}"));
                assert!(texts.iter().any(|text| text.len() > 200), "{one:?}");
            }
            let first = report(product, None).expect("a report");
            assert_eq!(first, report(product, None).expect("a report"));
            for one in &components {
                assert!(first.contains(&named(one)), "{}", named(one));
            }
            let here = crate::clone_folder();
            let here = here.canonicalize().expect("a folder");
            assert!(
                !first.contains(&*here.to_string_lossy()),
                "a path of this machine"
            );
        }
    }
}
