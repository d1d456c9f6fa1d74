//! `-e` and `--env-file`.

use std::fs;

use crate::error::{Context, Result};

/// Variables of the files, then of the flags. `-e NAME` inherits, and is dropped when unset here.
pub(crate) fn variables(files: &[String], flags: &[String]) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for file in files {
        let text =
            fs::read_to_string(file).context(|| format!("failed to read envfile at {file}"))?;
        let lines = text
            .lines()
            .map(str::trim)
            .filter(|l| !l.is_empty() && !l.starts_with('#'));
        all.extend(lines.filter_map(inherit));
    }
    all.extend(flags.iter().filter_map(|flag| inherit(flag)));
    Ok(all)
}

fn inherit(text: &str) -> Option<String> {
    if text.contains('=') {
        return Some(text.to_owned());
    }
    let value = std::env::var(text).ok()?;
    Some(format!("{text}={value}"))
}

/// Later variables replace earlier ones of the same name, at their place.
pub(crate) fn merge(base: &[String], over: &[String]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for variable in base.iter().chain(over) {
        let name = variable.split('=').next().unwrap_or_default();
        let same = |v: &String| v.split('=').next() == Some(name);
        match all.iter_mut().find(|v| same(v)) {
            Some(old) => old.clone_from(variable),
            None => all.push(variable.clone()),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_ones_win_and_unset_ones_vanish() {
        let merged = merge(&["A=1".into(), "B=2".into()], &["A=3=4".into()]);
        assert_eq!(merged, ["A=3=4", "B=2"]);
        let unset = variables(&[], &["SURELY_NOT_SET_ANYWHERE".into(), "X=".into()]).unwrap();
        assert_eq!(unset, ["X="]);
    }
}
