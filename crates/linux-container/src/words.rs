//! What podman and runc say when they fail, in words that need no knowledge of either. Nothing in
//! them names what only this program knows, such as podman's ids.

/// What is told apart in a text: a fixed beginning, a value, a fixed word behind it, the rest.
struct Saying {
    before: &'static str,
    behind: &'static str,
    /// What it means, of the value and the rest.
    meaning: fn(&str, &str) -> String,
}

/// From the most telling on: the first one that is found counts.
const SAYINGS: &[Saying] = &[
    Saying {
        before: "workdir \"",
        behind: "\" does not exist on container ",
        meaning: |folder, _| no_folder(folder),
    },
    Saying {
        before: "chdir to cwd (\"",
        behind: "\") set in config.json failed: ",
        meaning: |folder, why| format!("cannot use working directory {folder}: {why}"),
    },
    Saying {
        before: "\"",
        behind: "\" could not be found on container ",
        meaning: |path, rest| {
            let id = rest.split(':').next().unwrap_or_default();
            format!("path does not exist in container {id}: {path}")
        },
    },
    Saying {
        before: "pinging container registry ",
        behind: ": ",
        meaning: |registry, why| format!("cannot reach registry {registry}: {}", last(why)),
    },
    Saying {
        before: "initializing source docker://",
        behind: ": reading manifest ",
        meaning: |image, why| format!("cannot get image {image} from its registry: {}", last(why)),
    },
];

/// The error of a working directory that is not there.
pub(crate) fn no_folder(folder: &str) -> String {
    format!("working directory {folder} does not exist")
}

/// A text of podman or runc in plain words; as it is where nothing plainer is known.
pub(crate) fn plain(text: &str) -> String {
    let said = SAYINGS.iter().find_map(|saying| saying.found_in(text));
    let text = said.unwrap_or_else(|| text.to_owned());
    let begun = text.strip_prefix("exec failed: ").unwrap_or(&text);
    let begun = begun
        .strip_prefix("unable to start container process: ")
        .unwrap_or(begun);
    without_ids(begun)
}

impl Saying {
    fn found_in(&self, text: &str) -> Option<String> {
        let mut from = text;
        // What it begins with may also be earlier in the text, without what is behind.
        while let Some((_, rest)) = from.split_once(self.before) {
            if let Some((value, rest)) = rest.split_once(self.behind)
                && !value.contains(self.before)
            {
                return Some((self.meaning)(value, rest));
            }
            from = rest;
        }
        None
    }
}

/// The innermost cause.
fn last(text: &str) -> &str {
    text.rsplit(": ").next().unwrap_or(text).trim()
}

/// Leaves podman's ids out; digests, which users know, stay.
fn without_ids(text: &str) -> String {
    const LENGTH: usize = 64;
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_hexdigit()) {
        let (before, word) = rest.split_at(at);
        let end = word.find(|c: char| !c.is_ascii_hexdigit());
        let (word, after) = word.split_at(end.unwrap_or(word.len()));
        plain.push_str(before);
        if word.len() == LENGTH && !plain.ends_with("sha256:") {
            plain.push('…');
        } else {
            plain.push_str(word);
        }
        rest = after;
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::plain;

    const ID: &str = "94c3de98ee570d754a633f24204bbd40f6b1fe20dc39d45a2e01d016e68f46a5";

    #[test]
    fn what_is_known_is_said_plainly() {
        for (said, meant) in [
            (
                format!("workdir \"/nope\" does not exist on container {ID}"),
                "working directory /nope does not exist",
            ),
            (
                "exec failed: unable to start container process: chdir to cwd (\"/x\") set in config.json failed: not a directory".to_owned(),
                "cannot use working directory /x: not a directory",
            ),
            (
                "\"/nope\" could not be found on container e1: no such file or directory".to_owned(),
                "path does not exist in container e1: /nope",
            ),
            (
                "initializing source docker://x:1: pinging container registry r.test: Get \"https://r.test/v2/\": dial tcp: lookup r.test on 192.0.2.1:53: no such host".to_owned(),
                "cannot reach registry r.test: no such host",
            ),
            (
                "initializing source docker://127.0.0.1:1/x:1: pinging container registry 127.0.0.1:1: Get \"https://127.0.0.1:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused".to_owned(),
                "cannot reach registry 127.0.0.1:1: connection refused",
            ),
            (
                "initializing source docker://r.test/x:1: reading manifest 1 in r.test/x: manifest unknown".to_owned(),
                "cannot get image r.test/x:1 from its registry: manifest unknown",
            ),
        ] {
            assert_eq!(plain(&said), meant);
        }
    }

    #[test]
    fn ids_are_left_out_and_digests_stay() {
        let said = format!("container {ID} of image sha256:{ID} has 12 layers, cafe");
        let meant = format!("container … of image sha256:{ID} has 12 layers, cafe");
        assert_eq!(plain(&said), meant);
        assert_eq!(plain("größer \"als\" früher"), "größer \"als\" früher");
    }
}
