//! Command lines: built as separate arguments, shown without secrets.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;

/// Arguments of one call, with a form that can be shown.
#[derive(Debug, Clone)]
pub(crate) struct Args {
    real: Vec<OsString>,
    shown: String,
}

/// Longer command lines are cut when shown.
const SHOWN: usize = 400;

impl Args {
    pub(crate) fn new(words: &[&str]) -> Self {
        let mut args = Self {
            real: Vec::new(),
            shown: "container".to_owned(),
        };
        for word in words {
            args.push(word);
        }
        args
    }

    pub(crate) fn push(&mut self, word: impl AsRef<OsStr>) -> &mut Self {
        let word = word.as_ref();
        if self.shown.len() < SHOWN {
            let _ = write!(self.shown, " {}", word.to_string_lossy());
        } else if !self.shown.ends_with('…') {
            self.shown.push('…');
        }
        self.real.push(word.to_owned());
        self
    }

    pub(crate) fn option(&mut self, flag: &str, value: impl AsRef<OsStr>) -> &mut Self {
        self.push(flag).push(value)
    }

    pub(crate) fn optional(&mut self, flag: &str, value: Option<impl AsRef<OsStr>>) -> &mut Self {
        if let Some(value) = value {
            self.option(flag, value);
        }
        self
    }

    pub(crate) fn switch(&mut self, flag: &str, on: bool) -> &mut Self {
        if on {
            self.push(flag);
        }
        self
    }

    pub(crate) fn each<S: AsRef<OsStr>>(
        &mut self,
        flag: &str,
        values: impl IntoIterator<Item = S>,
    ) -> &mut Self {
        for value in values {
            self.option(flag, value);
        }
        self
    }

    pub(crate) fn words<S: AsRef<OsStr>>(
        &mut self,
        values: impl IntoIterator<Item = S>,
    ) -> &mut Self {
        for value in values {
            self.push(value);
        }
        self
    }

    /// `flag key=value` of which only the key is ever shown.
    pub(crate) fn hidden_pair(&mut self, flag: &str, key: &str, value: &str) -> &mut Self {
        let kept = self.shown.len();
        self.push(flag).push(format!("{key}="));
        if self.shown.len() > kept && self.shown.ends_with('=') {
            self.shown.push('…');
        }
        if let Some(last) = self.real.last_mut() {
            last.push(value);
        }
        self
    }

    pub(crate) fn real(&self) -> &[OsString] {
        &self.real
    }

    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }
}
