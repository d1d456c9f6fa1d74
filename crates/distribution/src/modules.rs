//! Go's modules on this machine: where their files are, and which licences these hold.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use spdx::detection::{Store, TextData};

use crate::components::{Component, Registry, go_folders};
use crate::licences;

/// Licences that are told by their texts. What is under another one, or under several, has no
/// expression: its text says what it is.
const KNOWN: [&str; 8] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MPL-2.0",
];

/// How alike a text and a licence's are, of 1; names of people make some difference.
const ALIKE: f32 = 0.9;

/// How many words a text may have beyond its licence: names and years, but no second licence, not
/// even the shortest.
const MORE: usize = 60;

/// Files beside a licence, which are none.
const BESIDE: [&str; 3] = ["NOTICE", "PATENTS", "COPYRIGHT"];

/// Has Go fetch the modules of the node image, and notes where they are and what their licences are.
///
/// # Errors
/// When Go can't fetch one, or a file can't be read.
pub(crate) fn locate(components: &mut [Component]) -> Result<()> {
    locate_in(&go_folders()?, &|| Command::new("go"), components)
}

/// The same, of modules that are made in these folders, with a Go like this.
fn locate_in(
    folders: &[PathBuf],
    go: &dyn Fn() -> Command,
    components: &mut [Component],
) -> Result<()> {
    let mut found = BTreeMap::new();
    for folder in folders {
        found.extend(downloaded(folder, go())?);
    }
    let texts = Texts::new();
    for one in components {
        if one.registry != Registry::Go {
            continue;
        }
        let key = (one.name.clone(), one.version.clone().unwrap_or_default());
        one.folder = found.remove(&key);
        if let Some(folder) = &one.folder {
            one.licence = texts.licence_of(folder)?;
        }
    }
    Ok(())
}

/// The modules that a folder's go.mod asks for, by name and version.
fn downloaded(folder: &Path, mut go: Command) -> Result<BTreeMap<(String, String), PathBuf>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Module {
        path: String,
        version: String,
        #[serde(default)]
        dir: PathBuf,
    }
    // Go adds sums that it misses, and a clone is not to change by being looked at.
    let work = tempfile::tempdir()?;
    for name in ["go.mod", "go.sum"] {
        let from = folder.join(name);
        if from.is_file() {
            fs::copy(&from, work.path().join(name))
                .with_context(|| format!("copying {}", from.display()))?;
        }
    }
    let output = go
        .args(["mod", "download", "-json"])
        .current_dir(work.path())
        .output()
        .context("running go")?;
    ensure!(
        output.status.success(),
        "go mod download in {} failed: {}",
        folder.display(),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let modules = serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Module>();
    modules
        .map(|module| {
            let module = module.context("what go says of a module")?;
            Ok(((module.path, module.version), module.dir))
        })
        .collect()
}

/// The texts of known licences.
struct Texts(Store);

impl Texts {
    fn new() -> Self {
        let mut store = Store::new();
        for name in KNOWN {
            if let Some(id) = spdx::license_id(name) {
                store.add_license(name.to_owned(), TextData::new(id.text()));
            }
        }
        Self(store)
    }

    /// The licence of what is in a folder; none where not each of its texts is known, or where they
    /// are of several: how those belong together nobody says.
    fn licence_of(&self, folder: &Path) -> Result<Option<String>> {
        let mut names = BTreeSet::new();
        for path in licences::files(folder)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let name = name.to_uppercase();
            if BESIDE.iter().any(|beginning| name.starts_with(beginning)) {
                continue;
            }
            let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
            let text = String::from_utf8_lossy(&bytes);
            let best = self.0.analyze(&TextData::new(&text));
            let standard = spdx::license_id(best.name).map_or("", |id| id.text());
            let words = |text: &str| text.split_whitespace().count();
            if best.score < ALIKE || words(&text) > words(standard) + MORE {
                return Ok(None);
            }
            names.insert(best.name.to_owned());
        }
        let only = (names.len() == 1).then(|| names.pop_first());
        Ok(only.flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str) -> String {
        let id = spdx::license_id(name).expect("a licence");
        format!(
            "Copyright (c) 2020 Somebody. All rights reserved.\n\n{}",
            id.text()
        )
    }

    /// A licence whose folder has these files.
    fn licence(files: &[(&str, &str)]) -> Option<String> {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("written");
        }
        Texts::new().licence_of(folder.path()).expect("readable")
    }

    #[test]
    fn a_licence_is_told_by_its_text_and_no_other_is_guessed() {
        for name in KNOWN {
            let found = licence(&[("LICENSE", &text(name))]);
            assert_eq!(found.as_deref(), Some(name));
        }
        let (mit, apache) = (text("MIT"), text("Apache-2.0"));
        let beside = [("COPYING", &*mit), ("NOTICE", "ours"), ("PATENTS", "none")];
        assert_eq!(licence(&beside).as_deref(), Some("MIT"));
        assert_eq!(
            licence(&[("LICENSE", &mit), ("LICENSE.docs", &mit)]).as_deref(),
            Some("MIT")
        );
        for unknown in [
            &[][..],
            &[("LICENSE", "Everything is forbidden.")],
            &[("LICENSE", &text("GPL-3.0-only"))],
            &[("LICENSE", &(mit.clone() + &apache))],
            &[("LICENSE-MIT", &mit), ("LICENSE-APACHE", &apache)],
            &[("LICENSE", &mit), ("LICENSE.other", "and something else")],
        ] {
            let names: Vec<&str> = unknown.iter().map(|(name, _)| *name).collect();
            assert_eq!(licence(unknown), None, "{names:?}");
        }
    }

    /// Modules come from a proxy on this disk, and nowhere else.
    #[test]
    fn modules_are_found_with_their_licences() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = |path: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            path
        };
        let put = |path: &str, text: &str| fs::write(place(path), text).expect("written");
        let versions = "proxy/example.org/part/@v";
        put(
            &format!("{versions}/v1.2.3.info"),
            r#"{"Version":"v1.2.3"}"#,
        );
        put(
            &format!("{versions}/v1.2.3.mod"),
            "module example.org/part\n",
        );
        put("packed/go.mod", "module example.org/part\n");
        put("packed/LICENSE", &text("ISC"));
        let packed = Command::new("python3")
            .args([
                "-c",
                "import sys, zipfile\n\
                 with zipfile.ZipFile(sys.argv[1], 'w') as archive:\n    \
                   for name in sys.argv[2:]:\n        \
                     archive.write(name, 'example.org/part@v1.2.3/' + name)",
            ])
            .arg(place(&format!("{versions}/v1.2.3.zip")))
            .args(["go.mod", "LICENSE"])
            .current_dir(folder.path().join("packed"))
            .status();
        assert!(packed.is_ok_and(|status| status.success()));
        put(
            "ours/go.mod",
            "module example.org/ours\n\ngo 1.21\n\nrequire example.org/part v1.2.3\n",
        );
        let proxy = format!("file://{}", folder.path().join("proxy").display());
        let go = || {
            let mut go = Command::new("go");
            go.env("GOPROXY", &proxy)
                .env("GOMODCACHE", folder.path().join("cache"))
                // So that the folder can be removed, and go.sum be written.
                .env("GOFLAGS", "-modcacherw -mod=mod")
                .env("GOSUMDB", "off")
                .env("GOTOOLCHAIN", "local");
            go
        };
        let component = |name: &str, registry| Component {
            registry,
            name: name.into(),
            version: Some("v1.2.3".into()),
            architecture: None,
            licence: None,
            home: None,
            digest: None,
            folder: None,
            needs: BTreeSet::new(),
        };
        let mut components = [
            component("example.org/part", Registry::Go),
            component("example.org/part", Registry::Debian),
            component("example.org/other", Registry::Go),
        ];
        let ours = folder.path().join("ours");
        locate_in(std::slice::from_ref(&ours), &go, &mut components).expect("located");
        assert!(!ours.join("go.sum").exists(), "the clone was changed");
        let [part, debian, other] = &components;
        assert_eq!(part.licence.as_deref(), Some("ISC"));
        let found = licences::texts_of(part).expect("a text");
        assert!(found[0].contains("Somebody"), "{found:?}");
        assert_eq!((&debian.folder, &debian.licence), (&None, &None));
        // What is not there is not shipped without a word.
        let error = licences::texts_of(other).expect_err("no files").to_string();
        assert!(error.contains("example.org/other"), "{error}");

        put(
            "ours/go.mod",
            "module example.org/ours\n\nrequire example.org/none v1.0.0\n",
        );
        let error = locate_in(&[ours], &go, &mut components).expect_err("no module");
        assert!(error.to_string().contains("go mod download"), "{error}");
    }
}
