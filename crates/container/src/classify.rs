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

/// All ids that a call did not know; none when something else failed besides, which must not be
/// hidden behind a container that is merely gone.
fn unknown_containers(text: Text<'_>) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for line in text.0.lines() {
        let unknown = unknown_in(Text(line));
        if unknown.is_empty() && is_long_form(line) {
            return Vec::new();
        }
        for id in unknown {
            if !id.is_empty() && !ids.iter().any(|known| known == id) {
                ids.push(id.to_owned());
            }
        }
    }
    ids
}

fn unknown_in(line: Text<'_>) -> Vec<&str> {
    if let Some(id) = line.between("container with ID ", " not found") {
        vec![id]
    } else if let Some(several) = line.after("container not found: ") {
        several.split(", ").map(first_word).collect()
    } else if let Some(id) = line.after("no such container: ") {
        vec![first_word(id)]
    } else if let Some(id) = line.between("container ", " not found") {
        vec![last_word(id)]
    } else {
        Vec::new()
    }
}

/// Whether a line is one failure of a call over several containers: `code: "message"`.
fn is_long_form(line: &str) -> bool {
    let line = line.trim().trim_start_matches("Error: ");
    let code = line.split(": \"").next().unwrap_or_default();
    code.len() < line.len() && code.chars().all(|c| c.is_ascii_alphabetic())
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn error(status: i32, stderr: &str) -> Error {
        classify(Failure {
            call: "container x".to_owned(),
            status: Some(status),
            stderr: stderr.to_owned(),
        })
    }

    /// Kind of error and the name in it, for one message after `Error: `.
    fn read(message: &str) -> String {
        let error = error(1, &format!("Error: {message}\n"));
        let detail = match &error {
            Error::NotRunning { id, .. } | Error::StillRunning { id, .. } => id.clone(),
            Error::NoSuchContainer { ids, .. } => ids.join("+"),
            Error::AlreadyExists { name, .. }
            | Error::NoSuchNetwork { name, .. }
            | Error::NoSuchVolume { name, .. } => name.clone(),
            Error::ImageNotFound { reference, .. } => reference.clone(),
            Error::ImageWrongPlatform {
                reference,
                platform,
                ..
            } => format!("{reference} {platform}"),
            Error::MountSourceMissing { path, .. } => path.clone(),
            _ => String::new(),
        };
        format!("{} {detail}", error.code()).trim_end().to_owned()
    }

    #[test]
    fn texts_of_containers() {
        for (message, expected) in [
            (
                "container with id demo already exists",
                "already-exists demo",
            ),
            (
                r#"failed to create container (cause: "exists: "container already exists: demo"")"#,
                "already-exists demo",
            ),
            (
                r#"failed to create container (cause: "exists: "hostname(s) already exist: ["demo"]"")"#,
                "already-exists demo",
            ),
            ("container demo is not running", "not-running demo"),
            (
                "get failed: container demo not found",
                "no-such-container demo",
            ),
            ("container not found: a, b", "no-such-container a+b"),
            ("no such container: demo", "no-such-container demo"),
            (
                r#"internalError: "failed to stop container" (cause: "notFound: "container with ID nope not found"")"#,
                "no-such-container nope",
            ),
            (
                r#"internalError: "failed to delete container" (cause: "invalidState: "container demo is running and can not be deleted"")"#,
                "still-running demo",
            ),
        ] {
            assert_eq!(read(message), expected, "{message}");
        }
    }

    #[test]
    fn several_ids_in_one_message() {
        let several = "internalError: \"failed to delete container\" (cause: \"notFound: \"container with ID a not found\"\")\n\
                       internalError: \"failed to delete container\" (cause: \"notFound: \"container with ID b not found\"\")";
        assert_eq!(read(several), "no-such-container a+b");
        // What needs an action of the user comes before what is merely gone.
        let mixed = format!(
            "{several}\ninternalError: \"failed to delete container\" (cause: \"invalidState: \"container c is running and can not be deleted\"\")"
        );
        assert_eq!(read(&mixed), "still-running c");
        let worse = format!(
            "{several}\ninternalError: \"failed to delete container\" (cause: \"unknown: \"it broke\"\")"
        );
        assert_eq!(read(&worse), "container-failed");
    }

    #[test]
    fn texts_of_the_host() {
        for (message, expected) in [
            ("path '/nope' does not exist", "mount-source-missing /nope"),
            (
                "mount source path '/a b' does not exist",
                "mount-source-missing /a b",
            ),
            (
                "failed to bootstrap container (cause: \"unknown: \"Permission denied while binding to host port 80. Binding to ports below 1024 requires root privileges.\"\")",
                "permission-denied",
            ),
            (
                "bind(descriptor:ptr:bytes:): Address already in use (errno: 48)",
                "port-in-use",
            ),
            ("write: No space left on device", "no-space"),
            (
                "default kernel not configured for architecture arm64, please use the `container system kernel set` command to configure it",
                "container-no-kernel",
            ),
            ("something nobody has seen", "container-failed"),
        ] {
            assert_eq!(read(message), expected, "{message}");
        }
    }

    #[test]
    fn texts_of_images_networks_volumes() {
        for (message, expected) in [
            ("image not found: x:1", "image-not-found x:1"),
            (
                r#"failed to get image (cause: "notFound: "Image with reference docker.io/library/x:1"")"#,
                "image-not-found docker.io/library/x:1",
            ),
            (
                "failed to get image for reference: x:1",
                "image-not-found x:1",
            ),
            (
                "image docker.io/library/x:1 has no content for platform linux/arm64; available platforms: linux/amd64",
                "image-wrong-platform docker.io/library/x:1 linux/arm64",
            ),
            (
                "HTTP request to https://registry failed with response: 401 Unauthorized",
                "registry",
            ),
            ("network k8s not found", "no-such-network k8s"),
            ("network not found: k8s", "no-such-network k8s"),
            ("network k8s already exists", "already-exists k8s"),
            ("volume not found: v", "no-such-volume v"),
            ("volume 'v' already exists", "already-exists v"),
        ] {
            assert_eq!(read(message), expected, "{message}");
        }
    }

    #[test]
    fn services_down_has_two_forms() {
        let both = "Error: interrupted: \"XPC connection error: Connection invalid\"\nEnsure container system service has been started with `container system start`.\n";
        assert!(matches!(error(1, both), Error::ServiceStopped(_)));
        let plugins =
            "Error: Plugins are unavailable. Start the container system services and retry:\n";
        assert!(matches!(error(64, plugins), Error::ServiceStopped(_)));
    }

    #[test]
    fn status_64_is_about_the_command_line() {
        let usage = error(
            64,
            "Error: Unknown option '--privileged'\nUsage: container run\n",
        );
        assert!(matches!(&usage, Error::Usage(f) if f.message().starts_with("Unknown option")));
    }

    #[test]
    fn the_message_is_what_follows_the_last_error() {
        let warned = "named volume was automatically created: [\"volume\": v]\nError: it broke (cause: \"a\")\n";
        assert_eq!(error(1, warned).to_string(), "it broke (cause: \"a\")");
        assert_eq!(error(1, "just words\nand more\n").to_string(), "and more");
        assert_eq!(
            error(7, "").to_string(),
            "`container x` ended with status 7"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_some_error(text in ".{0,300}", status in prop::option::of(any::<i32>())) {
            let error = classify(Failure { call: String::new(), status, stderr: text });
            prop_assert!(error.failure().is_some());
        }

        /// Phrases with anything around and inside them.
        #[test]
        fn phrases_in_any_text(before in "\\PC{0,20}", middle in "\\PC{0,20}", after in "\\PC{0,20}") {
            for phrase in ["container ", "path '", "network ", "image not found: ", "volume '"] {
                for end in [" not found", "' does not exist", " already exists", " is not running"] {
                    read(&format!("{before}{phrase}{middle}{end}{after}"));
                }
            }
        }
    }
}
