//! The command line: a table of commands and flags, a parser with the rules and texts of Apple's
//! argument parser, and the help made from the same table.

use std::fmt::Write;
mod help;
mod parser;
mod tables;

pub(crate) use parser::{Matches, Parsed, parse};
pub(crate) use tables::root;

use crate::version::Version;

/// One flag or option.
#[derive(Clone, Copy)]
pub(crate) struct Flag {
    pub(crate) short: Option<char>,
    /// The first one is the name under which the value is kept.
    pub(crate) long: &'static [&'static str],
    /// Name of the value; without one it is a switch.
    pub(crate) value: Option<&'static str>,
    pub(crate) help: &'static str,
    /// First release that has it.
    pub(crate) since: Version,
}

impl Flag {
    pub(crate) const fn switch(
        short: Option<char>,
        long: &'static [&'static str],
        help: &'static str,
    ) -> Self {
        Self {
            short,
            long,
            value: None,
            help,
            since: Version::FIRST,
        }
    }

    pub(crate) const fn option(
        short: Option<char>,
        long: &'static [&'static str],
        value: &'static str,
        help: &'static str,
    ) -> Self {
        Self {
            short,
            long,
            value: Some(value),
            help,
            since: Version::FIRST,
        }
    }

    pub(crate) const fn since(mut self, version: Version) -> Self {
        self.since = version;
        self
    }

    /// Name under which the parser keeps it: the first long name, or the letter.
    pub(crate) fn key(&self) -> String {
        self.long.first().map_or_else(
            || self.short.map(String::from).unwrap_or_default(),
            |name| (*name).to_owned(),
        )
    }

    /// All its names and its value, as in `-w, --workdir, --cwd <dir>`.
    pub(crate) fn names(&self) -> String {
        let mut names: Vec<String> = self.short.iter().map(|c| format!("-{c}")).collect();
        names.extend(self.long.iter().map(|name| format!("--{name}")));
        let mut text = names.join(", ");
        if let Some(value) = self.value {
            let _ = write!(text, " <{value}>");
        }
        text
    }
}

/// Positional arguments of a command.
#[derive(Clone, Copy)]
pub(crate) struct Positional {
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    pub(crate) required: bool,
    pub(crate) many: bool,
}
