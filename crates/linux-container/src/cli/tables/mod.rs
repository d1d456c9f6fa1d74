//! Every command with its flags (facts: Apple's command reference and `--help`).

mod containers;
mod flags;
mod images;
mod resources;
mod system;

use containers::{
    BUILD, CLEAN, COPY, CREATE, DELETE, EXEC, EXPORT, INSPECT, KILL, LIST, LOGS, PRUNE, RUN, START,
    STATS, STOP,
};
use flags::{
    DNS, FETCH, FORMAT, ID, IDS, IMAGE_AND_ARGS, LABEL, LOGGING, MANAGEMENT, NAME, NAMES, PLATFORM,
    PROCESS, PROGRESS, QUIET_IDS, QUIET_NAMES, REFERENCES, REGISTRY, RESOURCES, SOME_IDS,
    SOME_NAMES,
};
use images::IMAGE;
use resources::{BUILDER, NETWORK, REGISTRIES, VOLUME};
use system::SYSTEM;

use super::{Flag, Positional};
use crate::version::Version;

/// A titled list of flags in the help.
pub(crate) struct Group {
    pub(crate) title: &'static str,
    pub(crate) flags: &'static [Flag],
}

/// One command, or a group of commands.
pub(crate) struct CommandSpec {
    /// Words after `container`; empty for the program itself.
    pub(crate) path: &'static str,
    pub(crate) aliases: &'static [&'static str],
    pub(crate) overview: &'static str,
    pub(crate) groups: &'static [Group],
    pub(crate) positionals: &'static [Positional],
    /// After so many positional arguments all the rest is passed on unread.
    pub(crate) passthrough: Option<usize>,
    pub(crate) subcommands: &'static [CommandSpec],
    pub(crate) since: Version,
}

impl CommandSpec {
    pub(crate) fn flags(&self) -> impl Iterator<Item = &'static Flag> + use<> {
        let groups = self.groups;
        groups.iter().flat_map(|group| group.flags)
    }

    pub(crate) fn passes_on(&self, positionals: usize) -> bool {
        self.passthrough.is_some_and(|after| positionals >= after)
    }

    pub(crate) fn subcommand(&self, word: &str, version: Version) -> Option<&'static CommandSpec> {
        let subcommands = self.subcommands;
        subcommands.iter().find(|sub| {
            sub.since <= version
                && (sub.path.rsplit(' ').next() == Some(word) || sub.aliases.contains(&word))
        })
    }
}

/// The program `container`.
pub(crate) fn root() -> &'static CommandSpec {
    &ROOT
}

pub(super) const fn command(path: &'static str, overview: &'static str) -> CommandSpec {
    CommandSpec {
        path,
        aliases: &[],
        overview,
        groups: &[],
        positionals: &[],
        passthrough: None,
        subcommands: &[],
        since: Version::FIRST,
    }
}

pub(super) const fn one(name: &'static str, help: &'static str) -> Positional {
    Positional {
        name,
        help,
        required: true,
        many: false,
    }
}

pub(super) const fn some(name: &'static str, help: &'static str) -> Positional {
    Positional {
        name,
        help,
        required: true,
        many: true,
    }
}

pub(super) const fn any(name: &'static str, help: &'static str) -> Positional {
    Positional {
        name,
        help,
        required: false,
        many: true,
    }
}

pub(super) const fn flag(short: char, long: &'static [&'static str], help: &'static str) -> Flag {
    Flag::switch(Some(short), long, help)
}

pub(super) const fn long(long: &'static [&'static str], help: &'static str) -> Flag {
    Flag::switch(None, long, help)
}

pub(super) const fn opt(
    short: char,
    long: &'static [&'static str],
    value: &'static str,
    help: &'static str,
) -> Flag {
    Flag::option(Some(short), long, value, help)
}

pub(super) const fn lopt(
    long: &'static [&'static str],
    value: &'static str,
    help: &'static str,
) -> Flag {
    Flag::option(None, long, value, help)
}

pub(super) const fn options(flags: &'static [Flag]) -> Group {
    Group {
        title: "OPTIONS",
        flags,
    }
}

static ROOT: CommandSpec = CommandSpec {
    subcommands: &[
        RUN, CREATE, START, STOP, KILL, DELETE, PRUNE, LIST, INSPECT, EXEC, LOGS, STATS, COPY,
        EXPORT, CLEAN, BUILD, IMAGE, VOLUME, NETWORK, BUILDER, REGISTRIES, SYSTEM,
    ],
    ..command(
        "",
        "A container platform for macOS, here on Linux over podman",
    )
};
