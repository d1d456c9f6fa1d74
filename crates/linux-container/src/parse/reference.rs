//! Image references: normalised as `docker.io/library/x:latest`, shown short.

use crate::error::{Error, Result};

/// The full form of a reference, with registry, tag or digest.
pub(crate) fn normalise(text: &str, domain: &str) -> Result<String> {
    let invalid = || Error::invalid(format!("invalid reference: {text}"));
    let (name, digest) = match text.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (text, None),
    };
    let (path, tag) = match name.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
        _ => (name, None),
    };
    let first = path.split('/').next().unwrap_or_default();
    let has_domain =
        path.contains('/') && (first.contains('.') || first.contains(':') || first == "localhost");
    let path = match (has_domain, path.contains('/')) {
        (true, _) => path.to_owned(),
        (false, false) if domain == "docker.io" => format!("{domain}/library/{path}"),
        (false, _) => format!("{domain}/{path}"),
    };
    let (domain, repository) = path.split_once('/').ok_or_else(invalid)?;
    let component = |part: &str| {
        let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        part.starts_with(edge)
            && part.ends_with(edge)
            && part.chars().all(|c| edge(c) || "._-".contains(c))
    };
    let tag_char = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let valid_domain = !domain.is_empty()
        && domain
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(c));
    let valid_tag = tag.is_none_or(|tag| {
        (1..=128).contains(&tag.len()) && !tag.starts_with(['.', '-']) && tag.chars().all(tag_char)
    });
    if !valid_domain || !repository.split('/').all(component) || !valid_tag {
        return Err(invalid());
    }
    Ok(match (tag, digest) {
        (Some(tag), Some(digest)) => format!("{path}:{tag}@{digest}"),
        (None, Some(digest)) => format!("{path}@{digest}"),
        (Some(tag), None) => format!("{path}:{tag}"),
        (None, None) => format!("{path}:latest"),
    })
}

/// What tables and `-q` show: without the default registry.
pub(crate) fn short<'a>(reference: &'a str, domain: &str) -> &'a str {
    let rest = reference
        .strip_prefix(domain)
        .and_then(|rest| rest.strip_prefix('/'));
    match rest {
        Some(rest) if domain == "docker.io" => rest.strip_prefix("library/").unwrap_or(rest),
        Some(rest) => rest,
        None => reference,
    }
}

/// Name and tag of a reference, for tables.
pub(crate) fn name_and_tag(reference: &str) -> (&str, &str) {
    let name = reference.split('@').next().unwrap_or(reference);
    match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (name, "<none>"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_and_short_forms() {
        for (text, full, brief) in [
            ("alpine", "docker.io/library/alpine:latest", "alpine:latest"),
            ("a/b:1", "docker.io/a/b:1", "a/b:1"),
            (
                "localhost:5000/x",
                "localhost:5000/x:latest",
                "localhost:5000/x:latest",
            ),
            ("ghcr.io/a/b:v1", "ghcr.io/a/b:v1", "ghcr.io/a/b:v1"),
            (
                "apple-k8s-node:v1.37.1",
                "docker.io/library/apple-k8s-node:v1.37.1",
                "apple-k8s-node:v1.37.1",
            ),
        ] {
            assert_eq!(normalise(text, "docker.io").unwrap(), full);
            assert_eq!(short(full, "docker.io"), brief);
        }
        assert_eq!(normalise("x", "r.test").unwrap(), "r.test/x:latest");
    }

    #[test]
    fn refuses_what_is_no_reference() {
        for bad in ["", "UPPER", "a:", "a b", "/a", "a//b", "a:-x"] {
            assert!(normalise(bad, "docker.io").is_err(), "{bad}");
        }
    }
}
