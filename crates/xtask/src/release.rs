//! A release for Macs, from source to everything that is published, in one go.
//!
//! What the environment gives no key for is left out, and said to be; the rest is made.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::distribution::{self, Arguments};
use crate::{bundle, cache};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Any of these names who signs; see also [`NOBODY`].
const IDENTITY: [&str; 3] = [
    "APPLE_CERTIFICATE",
    "APPLE_CERTIFICATE_PATH",
    "APPLE_SIGNING_IDENTITY",
];
/// The value of the last that names nobody: the signature is ad hoc.
const NOBODY: &str = "-";
/// All of these name who may ask Apple for a ticket.
const NOTARY: [&str; 3] = ["APPLE_API_KEY_PATH", "APPLE_API_KEY", "APPLE_API_ISSUER"];
/// Names who signs the update feed.
const FEED_KEY: &str = "TAURI_SIGNING_PRIVATE_KEY";

/// What a release is made of besides the clone.
#[derive(Debug, Args)]
pub(crate) struct Release {
    /// A folder with the programs for a Mac, from `xtask darwin build`; without it they are built
    #[arg(long, value_name = "FOLDER")]
    programs: Option<PathBuf>,
    /// The node image as it was built, from `container image save`, for its bill
    #[arg(long, value_name = "FILE")]
    image: Option<PathBuf>,
}

/// What the keys at hand allow, and why the rest is left out.
#[derive(Debug, Default, PartialEq, Eq)]
struct Plan {
    notarizes: bool,
    writes_feed: bool,
    left_out: Vec<String>,
}

impl Plan {
    /// By the variables that are set, and what to.
    fn of(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<Self> {
        let mut plan = Self::default();
        let value = |name: &str| variable(name).filter(|value| !value.is_empty());
        let is_set = |name: &str| value(name).is_some();
        let is_signed = IDENTITY
            .iter()
            .any(|name| value(name).is_some_and(|value| value != NOBODY));
        let missing: Vec<&str> = NOTARY.into_iter().filter(|name| !is_set(name)).collect();
        plan.notarizes = missing.is_empty();
        ensure!(
            plan.notarizes || missing.len() == NOTARY.len(),
            "a part of Apple's key is missing: {}",
            missing.join(", ")
        );
        ensure!(
            is_signed || !plan.notarizes,
            "Apple gives tickets only to what a Developer ID signed: set one of {}",
            IDENTITY.join(", ")
        );
        if !is_signed {
            plan.leave_out(&format!(
                "a signature by a Developer ID: none of {} is set. The app is signed ad hoc, and \
                 macOS asks whoever opens it the first time",
                IDENTITY.join(", ")
            ));
        }
        if !plan.notarizes {
            plan.leave_out(&format!(
                "Apple's ticket (notarization): {} are not set",
                NOTARY.join(", ")
            ));
        }
        plan.writes_feed = is_set(FEED_KEY);
        if !plan.writes_feed {
            plan.leave_out(&format!(
                "the update feed: {FEED_KEY} is not set (`xtask feed --new-key FILE` makes a key)"
            ));
        }
        plan.leave_out(
            "a disk image (.dmg): the ways to make one without a Mac were not tried, and only a Mac \
             shows whether it is good; the zip holds the same app",
        );
        plan.leave_out("packages for Debian: `make deb` makes them, on the Linux they are for");
        Ok(plan)
    }

    fn leave_out(&mut self, what: &str) {
        self.left_out.push(what.to_owned());
    }
}

/// Makes everything, and says what was left out.
///
/// # Errors
/// When a step fails. What an earlier release left stays then.
pub(crate) fn run(release: &Release) -> Result<()> {
    let mut plan = Plan::of(&|name| std::env::var_os(name))?;
    if release.image.is_none() {
        plan.leave_out(
            "versions of the node image's Debian packages in its bill: no --image was given",
        );
    }

    let none = Arguments { all: vec![] };
    step("the app: built, signed, read back, packed");
    bundle::make_of(release.programs.as_deref(), &none)?;
    step("the app read back once more, as it lies there");
    bundle::task("verify", &none)?;
    if plan.notarizes {
        step("Apple's ticket");
        bundle::task("notarize", &none)?;
    }

    let place = cache::folder("release")?;
    let work = tempfile::tempdir_in(&place)?;
    let out = work.path().join(VERSION);
    fs::create_dir(&out)?;
    let made = cache::folder("bundle")?;
    let zip = out.join(format!("apple-k8s-{VERSION}-arm64.zip"));
    copy(&made, &zip)?;
    for (what, task, arguments) in texts(&plan, &out, &zip, &made, release.image.as_deref()) {
        step(what);
        distribution::run(task, &Arguments { all: arguments })?;
    }
    step("checksums");
    write_sums(&out)?;

    let final_place = place.join(VERSION);
    if final_place.exists() {
        fs::rename(&final_place, work.path().join("old"))?;
    }
    fs::rename(&out, &final_place)
        .with_context(|| format!("moving to {}", final_place.display()))?;
    println!("\nRelease {VERSION}: {}", final_place.display());
    for path in files(&final_place)? {
        println!("  {path}");
    }
    println!("Left out:");
    for what in &plan.left_out {
        println!("  {what}");
    }
    Ok(())
}

fn step(what: &str) {
    println!("== {what}");
}

/// The tasks that write what is published beside the app.
fn texts(
    plan: &Plan,
    out: &Path,
    zip: &Path,
    made: &Path,
    image: Option<&Path>,
) -> Vec<(&'static str, &'static str, Vec<OsString>)> {
    let words = |given: &[(&str, &Path)]| {
        let pairs = given.iter();
        let pairs = pairs.map(|(option, path)| [OsString::from(option), path.as_os_str().into()]);
        pairs.flatten().collect::<Vec<_>>()
    };
    let product = |name: &str, file: &str, image: Option<&Path>| {
        let mut all: Vec<OsString> = vec!["--product".into(), name.into()];
        all.extend(words(&[("--out", &out.join(file))]));
        all.extend(
            image
                .map(|image| words(&[("--image", image)]))
                .unwrap_or_default(),
        );
        all
    };
    let mut texts = vec![
        (
            "cask and formula for Homebrew, with the formula's sources",
            "homebrew",
            words(&[("--app", zip), ("--out", out)]),
        ),
        (
            "licences of the app",
            "licences",
            product("mac", "licences.txt", None),
        ),
        (
            "bill of the app",
            "sbom",
            product("mac", "apple-k8s.cdx.json", None),
        ),
        (
            "licences of the node image; the first time this downloads all of Go's modules in it",
            "licences",
            product("node-image", "apple-k8s-node-licences.txt", image),
        ),
        (
            "bill of the node image",
            "sbom",
            [
                product("node-image", "apple-k8s-node.cdx.json", image),
                vec!["--modules".into()],
            ]
            .concat(),
        ),
    ];
    if plan.writes_feed {
        texts.push((
            "update feed",
            "feed",
            words(&[("--app", &made.join("apple-k8s.app")), ("--out", out)]),
        ));
    }
    texts
}

/// Copies a file of this name.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let from = from.join(to.file_name().context("a file has a name")?);
    fs::copy(&from, to).with_context(|| format!("copying {}", from.display()))?;
    Ok(())
}

/// Files below a folder, by their paths in it.
fn files(folder: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(&next).with_context(|| format!("reading {}", next.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                waiting.push(path);
            } else if let Some(name) = path.strip_prefix(folder)?.to_str() {
                found.push(name.to_owned());
            } else {
                bail!("{} is no text", path.display());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Writes `SHA256SUMS`, which `sha256sum --check` and `shasum --algorithm 256 --check` read.
fn write_sums(folder: &Path) -> Result<()> {
    let mut sums = Command::new(if cfg!(target_os = "macos") {
        "shasum"
    } else {
        "sha256sum"
    });
    if cfg!(target_os = "macos") {
        sums.args(["--algorithm", "256"]);
    }
    let output = sums
        .current_dir(folder)
        .args(files(folder)?)
        .output()
        .context("computing checksums")?;
    ensure!(output.status.success(), "no checksums: {}", output.status);
    fs::write(folder.join("SHA256SUMS"), output.stdout).context("writing SHA256SUMS")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(set: &[&str]) -> Result<Plan> {
        Plan::of(&|name| set.contains(&name).then(|| "something".into()))
    }

    fn leaves_out(plan: &Plan, words: &str) -> bool {
        plan.left_out.iter().any(|what| what.contains(words))
    }

    #[test]
    fn what_no_key_is_given_for_is_left_out_and_named() {
        let plan = plan(&[]).expect("a plan");
        assert!(!plan.notarizes && !plan.writes_feed);
        for words in [
            "Developer ID",
            "ad hoc",
            "APPLE_API_ISSUER",
            FEED_KEY,
            ".dmg",
        ] {
            assert!(leaves_out(&plan, words), "{words}: {plan:?}");
        }
    }

    /// As whoever signs takes it: nobody, and nothing that Apple would give a ticket to.
    #[test]
    fn a_dash_in_the_place_of_an_identity_is_nobody() {
        let with = |value: &str, more: &[&str]| {
            Plan::of(&|name| match name {
                "APPLE_SIGNING_IDENTITY" => Some(value.into()),
                _ => more.contains(&name).then(|| "something".into()),
            })
        };
        for value in [NOBODY, ""] {
            let plan = with(value, &[]).expect("a plan");
            assert!(leaves_out(&plan, "ad hoc"), "{value:?}: {plan:?}");
            assert!(with(value, &NOTARY).is_err(), "{value:?}");
        }
        let plan = with("Developer ID Application: X", &NOTARY).expect("a plan");
        assert!(!leaves_out(&plan, "ad hoc") && plan.notarizes);
    }

    #[test]
    fn with_all_keys_everything_is_made() {
        let all = [&["APPLE_CERTIFICATE_PATH", FEED_KEY][..], &NOTARY].concat();
        let plan = plan(&all).expect("a plan");
        assert!(plan.notarizes && plan.writes_feed);
        for words in ["Developer ID", "notarization", FEED_KEY] {
            assert!(!leaves_out(&plan, words), "{words}: {plan:?}");
        }
    }

    /// Better no release than one that lacks what its maker meant to be in it.
    #[test]
    fn half_a_key_is_an_error() {
        for set in [&NOTARY[..2], &NOTARY[..1]] {
            let error = plan(set).expect_err("half a key").to_string();
            assert!(error.contains("APPLE_API_ISSUER"), "{error}");
        }
        let error = plan(&NOTARY).expect_err("signed by nobody").to_string();
        assert!(error.contains("Developer ID"), "{error}");
    }

    #[test]
    fn the_feed_is_of_the_app_that_was_made_and_comes_after_the_rest() {
        let mut plan = plan(&[FEED_KEY]).expect("a plan");
        let place = Path::new("/made");
        let tasks = |plan: &Plan| -> Vec<&str> {
            let texts = texts(
                plan,
                Path::new("/out"),
                Path::new("/out/a.zip"),
                place,
                None,
            );
            texts.into_iter().map(|(_, task, _)| task).collect()
        };
        let all = ["homebrew", "licences", "sbom", "licences", "sbom", "feed"];
        assert_eq!(tasks(&plan), all);
        plan.writes_feed = false;
        assert_eq!(tasks(&plan), all[..5]);
    }

    #[test]
    fn checksums_are_of_every_file() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("Casks")).expect("a folder");
        for path in ["a.zip", "Casks/a.rb"] {
            fs::write(folder.path().join(path), "abc").expect("written");
        }
        write_sums(folder.path()).expect("written");
        let sums = fs::read_to_string(folder.path().join("SHA256SUMS")).expect("there");
        // Of "abc", as its standard gives it.
        let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sums, format!("{sum}  Casks/a.rb\n{sum}  a.zip\n"));
    }
}
