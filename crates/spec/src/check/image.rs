//! Names of images.

use crate::SpecError;
use crate::read::Problems;

/// Checks a name such as `registry.example.com:5000/team/node:v1@sha256:…`.
pub(super) fn check(path: &str, image: &str, problems: &mut Problems) {
    if problems.failed(path) {
        return;
    }
    if let Some(fault) = fault(image) {
        let error = SpecError::new(path, format!("{image:?} names no image: {fault}")).value(image);
        problems.error(error.expected("a name such as apple-k8s-node:v1.37.1"));
    }
}

fn fault(image: &str) -> Option<&'static str> {
    if image.is_empty() {
        return Some("it is empty");
    }
    let (name, digest) = match image.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (image, None),
    };
    if digest.is_some_and(|digest| !is_digest(digest)) {
        return Some("behind \"@\" stands no digest such as sha256:…");
    }
    let last = name.rfind('/').map_or(0, |at| at + 1);
    let (name, tag) = match name[last..].split_once(':') {
        Some((bare, tag)) => (&name[..last + bare.len()], Some(tag)),
        None => (name, None),
    };
    if tag.is_some_and(|tag| !is_tag(tag)) {
        return Some("its tag is none");
    }
    let path = match name.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => path,
        _ => name,
    };
    (!path.split('/').all(is_path_component))
        .then_some("its parts take lower-case letters, digits and single separators between them")
}

fn is_digest(digest: &str) -> bool {
    digest.split_once(':').is_some_and(|(algorithm, hex)| {
        !algorithm.is_empty() && hex.len() >= 32 && hex.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

fn is_tag(tag: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    (1..=128).contains(&tag.len()) && tag.bytes().all(allowed) && !tag.starts_with(['.', '-'])
}

fn is_path_component(part: &str) -> bool {
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = part.as_bytes();
    bytes.first().is_some_and(|b| word(*b))
        && bytes.last().is_some_and(|b| word(*b))
        && bytes
            .iter()
            .all(|&b| word(b) || matches!(b, b'.' | b'_' | b'-'))
        && !part.contains("..")
        && !part.contains("___")
}

#[cfg(test)]
mod tests {
    use super::fault;

    #[test]
    fn names_of_images() {
        let digest = format!("node@sha256:{}", "a".repeat(64));
        for good in [
            "apple-k8s-node:v1.37.1",
            "kindest/node:v1.37.0",
            "localhost:5000/a/b:c",
            "registry.example.com/a__b/c-d.e:Tag_1",
            "LOCALHOST.example/node",
            &digest,
        ] {
            assert_eq!(fault(good), None, "{good}");
        }
        for bad in [
            "",
            "Node:v1",
            "node:",
            "node:-x",
            "a b",
            "-v",
            "a//b",
            "a/../b",
            "node@sha256:1",
            "node:v1:2",
        ] {
            assert!(fault(bad).is_some(), "{bad}");
        }
    }
}
