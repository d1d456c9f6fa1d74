//! The services' own log: what became of containers and images, and what failed.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use crate::cli::Matches;
use crate::error::Error;
use crate::parse::environment;
use crate::world::World;

/// How long the log may get before it is put aside. The one that was put aside before goes.
const LIMIT: u64 = 1 << 20;

/// Characters of an error that are kept.
const KEPT: usize = 500;

/// Where the log lies that was put aside, if any.
pub(crate) fn earlier(world: &World) -> PathBuf {
    world.log().with_extension("log.1")
}

/// Adds a line. A log that cannot be written is no failure of what is noted.
pub(crate) fn note(world: &World, text: &str) {
    let path = world.log();
    let _ = append(&path, &earlier(world), LIMIT, text);
}

/// Notes that a command failed, of those that change containers or images.
pub(crate) fn note_failure(world: &World, matches: &Matches, error: &Error) {
    let command = matches.command();
    let subject = match command {
        "run" | "create" => matches.value("name").unwrap_or_default().to_owned(),
        "start" | "stop" | "kill" | "delete" | "image pull" | "image delete" => {
            matches.positional.join(" ")
        }
        "image load" => String::new(),
        "build" => matches.all("tag").join(" "),
        _ => return,
    };
    let text = without_values(&error.to_string(), matches);
    let text: String = text.chars().take(KEPT).collect();
    let subject = if subject.is_empty() {
        subject
    } else {
        format!(" {subject}")
    };
    note(world, &format!("{command}{subject} failed: {text}"));
}

/// An error never shows what variables were set to; nor does it here if one comes to.
fn without_values(text: &str, matches: &Matches) -> String {
    let variables = environment::variables(matches.all("env-file"), matches.all("env"));
    let arguments = environment::variables(&[], matches.all("build-arg"));
    let mut text = text.to_owned();
    for variable in [variables, arguments].into_iter().flatten().flatten() {
        let (_, value) = variable.split_once('=').unwrap_or_default();
        // Shorter ones are no secrets, and are found everywhere.
        if value.len() >= 4 {
            text = text.replace(value, "***");
        }
    }
    text
}

fn append(path: &Path, earlier: &Path, limit: u64, text: &str) -> std::io::Result<()> {
    let open = || File::options().create(true).append(true).open(path);
    let mut file = open()?;
    if file.metadata()?.len() >= limit {
        flock(&file, FlockOperation::LockExclusive)?;
        // Another call may have done it meanwhile.
        if is_at(&file, path) {
            fs::rename(path, earlier)?;
        }
        file = open()?;
    }
    let line = text.replace(char::is_control, " ");
    // In one piece: several calls write at the same time.
    let line = format!("{} container-apiserver: {line}\n", crate::model::now());
    file.write_all(line.as_bytes())
}

/// Whether an open file is still the one that is at its path.
pub(crate) fn is_at(file: &File, path: &Path) -> bool {
    let same = |a: fs::Metadata, b: fs::Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
    match (file.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(there)) => same(open, there),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_does_not_grow_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let (path, earlier) = (folder.path().join("log"), folder.path().join("log.1"));
        for number in 0..100 {
            append(&path, &earlier, 1000, &format!("line {number}\nof one")).unwrap();
        }
        let [now, before] = [&path, &earlier].map(|p| fs::read_to_string(p).unwrap());
        assert!(now.len() < 1200 && before.len() < 1200);
        assert!(now.ends_with("line 99 of one\n"), "{now}");
        // Nothing is lost between the two.
        let count = now.lines().count();
        assert!(before.ends_with(&format!("line {} of one\n", 99 - count)));
    }
}
