//! Names of containers, networks and volumes.

use crate::error::{Error, Result};

/// `^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`, 2 to 63 characters.
pub(crate) fn container(id: &str) -> Result<()> {
    let valid = (2..=63).contains(&id.len())
        && id.starts_with(|c: char| c.is_ascii_alphanumeric())
        && id
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    if valid {
        Ok(())
    } else {
        Err(Error::invalid(format!(
            "container ID {id} is not a valid container ID"
        )))
    }
}

/// `^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$`.
pub(crate) fn network(name: &str) -> Result<()> {
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let valid = (1..=63).contains(&name.len())
        && name.starts_with(edge)
        && name.ends_with(edge)
        && name.chars().all(|c| edge(c) || "._-".contains(c));
    if valid {
        Ok(())
    } else {
        Err(Error::invalid(format!("invalid network name: {name}")))
    }
}

/// Letters, digits, `_`, `.`, `-`, at most 255.
pub(crate) fn volume(name: &str) -> Result<()> {
    let valid = (1..=255).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    if valid {
        Ok(())
    } else {
        Err(Error::invalid(format!(
            "invalid volume name '{name}': must match ^[A-Za-z0-9][A-Za-z0-9_.-]*$"
        )))
    }
}

/// `key=value` of a label.
pub(crate) fn label(text: &str) -> Result<(String, String)> {
    if text.is_empty() {
        return Err(Error::invalid("label cannot be an empty string"));
    }
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    if key.is_empty() {
        return Err(Error::invalid(format!("invalid label format {text}")));
    }
    Ok((key.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn container_names() {
        for good in ["ab", "C-control-plane", "a.b_c-d", &"a".repeat(63)] {
            assert!(container(good).is_ok(), "{good}");
        }
        for bad in ["a", "", "-ab", "a/b", "a b", &"a".repeat(64)] {
            assert_eq!(
                container(bad).unwrap_err().to_string(),
                format!("container ID {bad} is not a valid container ID")
            );
        }
    }

    #[test]
    fn network_names() {
        assert!(network("a").is_ok() && network("a-b.c").is_ok());
        assert!(network("A").is_err() && network("a-").is_err() && network("").is_err());
    }

    #[test]
    fn labels() {
        assert_eq!(label("a=b=c").unwrap(), ("a".into(), "b=c".into()));
        assert_eq!(
            label("").unwrap_err().to_string(),
            "label cannot be an empty string"
        );
        assert_eq!(
            label("=x").unwrap_err().to_string(),
            "invalid label format =x"
        );
    }
}
