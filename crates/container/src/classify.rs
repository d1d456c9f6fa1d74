//! From the program's words to one of our errors.
//!
//! `container` has only the exit statuses 1 and 64, so its texts decide. The texts are those of
//! releases 1.0 to 1.5; matching ignores case and what stands around them.

use crate::error::{Error, Failure};

/// The error a failed call amounts to.
pub(crate) fn classify(failure: Failure) -> Error {
    let failure = Box::new(failure);
    if let Some(error) = from_services(&failure) {
        return error;
    }
    if failure.status == Some(64) {
        return Error::Usage(failure);
    }
    from_host(&failure)
        .or_else(|| from_images(&failure))
        .or_else(|| from_things(&failure))
        .unwrap_or(Error::Failed(failure))
}

/// The services are down, or have no kernel.
fn from_services(failure: &Failure) -> Option<Error> {
    let text = Text(&failure.stderr);
    if text.has("XPC connection error")
        || text.has("Plugins are unavailable. Start the container system services")
    {
        return Some(Error::ServiceStopped(Box::new(failure.clone())));
    }
    if text.has("default kernel not configured") {
        return Some(Error::NoKernel(Box::new(failure.clone())));
    }
    None
}

/// The machine has no room, port, path or permission.
fn from_host(failure: &Failure) -> Option<Error> {
    let text = Text(&failure.stderr);
    let kept = || Box::new(failure.clone());
    if text.has("no space left on device") || text.has("NSFileWriteOutOfSpace") {
        return Some(Error::NoSpace { failure: kept() });
    }
    if text.has("address already in use") || text.has("port is already allocated") {
        return Some(Error::PortInUse { failure: kept() });
    }
    let missing = text
        .between("mount source path '", "' does not exist")
        .or_else(|| text.between("path '", "' does not exist"));
    if let Some(path) = missing {
        let (path, failure) = (path.to_owned(), kept());
        return Some(Error::MountSourceMissing { path, failure });
    }
    if text.has("permission denied") || text.has("operation not permitted") {
        return Some(Error::PermissionDenied { failure: kept() });
    }
    None
}

/// The image is missing, or for another platform, or a registry said no.
fn from_images(failure: &Failure) -> Option<Error> {
    let text = Text(&failure.stderr);
    let kept = || Box::new(failure.clone());
    if let Some((before, after)) = text.around(" has no content for platform ") {
        return Some(Error::ImageWrongPlatform {
            reference: last_word(before).to_owned(),
            platform: first_word(after).to_owned(),
            failure: kept(),
        });
    }
    let missing = [
        "image not found: ",
        "image with reference ",
        "failed to get image for reference: ",
    ]
    .iter()
    .find_map(|lead| text.after(lead));
    if let Some(reference) = missing {
        return Some(Error::ImageNotFound {
            reference: first_word(reference).to_owned(),
            failure: kept(),
        });
    }
    if text.has("HTTP request to ") || text.has("failed to resolve image") {
        return Some(Error::Registry { failure: kept() });
    }
    None
}

/// A container, network, volume or program is missing, taken, or in the wrong state.
fn from_things(failure: &Failure) -> Option<Error> {
    let text = Text(&failure.stderr);
    let kept = || Box::new(failure.clone());
    if let Some(name) = taken_name(text) {
        let (name, failure) = (name.to_owned(), kept());
        return Some(Error::AlreadyExists { name, failure });
    }
    if let Some(id) = text.between("container ", " is running and can not be deleted") {
        let (id, failure) = (last_word(id).to_owned(), kept());
        return Some(Error::StillRunning { id, failure });
    }
    if let Some(id) = text.between("container ", " is not running") {
        let (id, failure) = (last_word(id).to_owned(), kept());
        return Some(Error::NotRunning { id, failure });
    }
    let ids = unknown_containers(text);
    if !ids.is_empty() {
        return Some(Error::NoSuchContainer {
            ids,
            failure: kept(),
        });
    }
    if let Some(name) = text
        .between("network ", " not found")
        .or_else(|| text.after("network not found: "))
    {
        let (name, failure) = (first_word(last_word(name)).to_owned(), kept());
        return Some(Error::NoSuchNetwork { name, failure });
    }
    if let Some(name) = text
        .between("volume '", "' not found")
        .or_else(|| text.after("volume not found: "))
    {
        let (name, failure) = (first_word(name).to_owned(), kept());
        return Some(Error::NoSuchVolume { name, failure });
    }
    None
}

fn taken_name(text: Text<'_>) -> Option<&str> {
    text.between("container with id ", " already exists")
        .or_else(|| text.between("volume '", "' already exists"))
        .or_else(|| text.between("network ", " already exists"))
        .or_else(|| text.after("container already exists: ").map(first_word))
        .or_else(|| text.after("hostname(s) already exist: ").map(first_word))
        .map(last_word)
}

/// All ids that a call over several containers did not know.
fn unknown_containers(text: Text<'_>) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    let mut add = |id: &str| {
        let id = id.to_owned();
        if !id.is_empty() && !ids.contains(&id) {
            ids.push(id);
        }
    };
    for line in text.0.lines().map(Text) {
        if let Some(id) = line.between("container with ID ", " not found") {
            add(id);
        } else if let Some(several) = line.after("container not found: ") {
            several.split(", ").for_each(|id| add(first_word(id)));
        } else if let Some(id) = line.after("no such container: ") {
            add(first_word(id));
        } else if let Some(id) = line.between("container ", " not found") {
            add(last_word(id));
        }
    }
    ids
}

/// Text in which phrases are looked for without regard to case.
#[derive(Clone, Copy)]
struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    fn find(self, phrase: &str) -> Option<usize> {
        let (text, phrase) = (self.0.as_bytes(), phrase.as_bytes());
        text.windows(phrase.len())
            .position(|window| window.eq_ignore_ascii_case(phrase))
    }

    fn has(self, phrase: &str) -> bool {
        self.find(phrase).is_some()
    }

    fn around(self, phrase: &str) -> Option<(&'a str, &'a str)> {
        let at = self.find(phrase)?;
        // Phrases are ASCII, so both cuts are at character boundaries.
        Some((&self.0[..at], &self.0[at + phrase.len()..]))
    }

    fn after(self, phrase: &str) -> Option<&'a str> {
        self.around(phrase).map(|(_, after)| after)
    }

    /// What stands between two phrases on one line.
    fn between(self, start: &str, end: &str) -> Option<&'a str> {
        let mut rest = self.after(start)?;
        loop {
            let line = rest.lines().next().unwrap_or_default();
            if let Some((found, _)) = Text(line).around(end) {
                return Some(found);
            }
            rest = Text(rest).after(start)?;
        }
    }
}

/// Quotes, brackets and commas that stand around names in messages.
fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| matches!(c, '"' | '\'' | '[' | ']' | '(' | ')' | ',' | ';' | '`'))
}

fn first_word(text: &str) -> &str {
    bare(text.split_whitespace().next().unwrap_or_default())
}

fn last_word(text: &str) -> &str {
    bare(text.split_whitespace().next_back().unwrap_or_default())
}
