//! Reads arguments by the tables.

use std::collections::BTreeMap;

use super::help;
use super::tables::CommandSpec;
use super::{Flag, Positional};
use crate::error::Exit;
use crate::version::Version;

/// What the arguments of one command say.
pub(crate) struct Matches {
    values: BTreeMap<String, Vec<String>>,
    /// Arguments that are no flags, in order.
    pub(crate) positional: Vec<String>,
    spec: &'static CommandSpec,
    version: Version,
}

/// A command to run, a text to print on stdout, or a word that only a plugin could know.
pub(crate) enum Parsed {
    Run(Matches),
    Print(String),
    Plugin(String),
}

impl Matches {
    pub(crate) fn command(&self) -> &'static str {
        self.spec.path
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// The last value given.
    pub(crate) fn value(&self, key: &str) -> Option<&str> {
        self.values
            .get(key)
            .and_then(|v| v.last())
            .map(String::as_str)
    }

    pub(crate) fn all(&self, key: &str) -> &[String] {
        self.values.get(key).map_or(&[], Vec::as_slice)
    }

    /// A value of another type than text; exit 64 when it can't be read.
    pub(crate) fn number<T: std::str::FromStr>(&self, key: &str) -> Result<Option<T>, Exit> {
        let Some(text) = self.value(key) else {
            return Ok(None);
        };
        text.parse()
            .map(Some)
            .map_err(|_| self.bad_value(key, text))
    }

    /// A value out of a fixed set; exit 64 for any other.
    pub(crate) fn choice(&self, key: &str, choices: &[&str]) -> Result<Option<&str>, Exit> {
        match self.value(key) {
            Some(text) if !choices.contains(&text) => Err(self.bad_value(key, text)),
            other => Ok(other),
        }
    }

    pub(crate) fn bad_value(&self, key: &str, text: &str) -> Exit {
        let name = self
            .spec
            .flags()
            .find(|flag| flag.key() == key)
            .map_or_else(|| format!("--{key}"), Flag::names);
        self.usage(format!("The value '{text}' is invalid for '{name}'"))
    }

    /// A usage error: exit status 64.
    pub(crate) fn usage(&self, message: impl Into<String>) -> Exit {
        Exit::Usage {
            message: message.into(),
            usage: help::usage_hint(self.spec, self.version),
        }
    }
}

/// Finds the command and reads its arguments.
pub(crate) fn parse(
    root: &'static CommandSpec,
    args: &[String],
    version: Version,
) -> Result<Parsed, Exit> {
    let mut spec = root;
    let mut rest = args;
    while let Some(word) = rest.first() {
        let Some(found) = spec.subcommand(word, version) else {
            break;
        };
        spec = found;
        rest = &rest[1..];
    }
    if !spec.subcommands.is_empty() {
        return group(spec, rest, version);
    }
    let mut reader = Reader {
        spec,
        version,
        matches: Matches {
            values: BTreeMap::new(),
            positional: Vec::new(),
            spec,
            version,
        },
    };
    if reader.read(rest)? {
        return Ok(Parsed::Print(help::help(spec, version)));
    }
    if reader.matches.has("version") {
        return Ok(Parsed::Print(version.line("container CLI")));
    }
    reader.check_positionals()?;
    Ok(Parsed::Run(reader.matches))
}

/// A command that only has subcommands.
fn group(spec: &'static CommandSpec, rest: &[String], version: Version) -> Result<Parsed, Exit> {
    let usage = |message: String| Exit::Usage {
        message,
        usage: help::usage_hint(spec, version),
    };
    let word = rest.iter().find(|word| *word != "--debug");
    match word.map(String::as_str) {
        None | Some("-h" | "--help" | "help") => Ok(Parsed::Print(help::help(spec, version))),
        Some("--version") => Ok(Parsed::Print(version.line("container CLI"))),
        Some(flag) if flag.starts_with('-') => Err(usage(format!("Unknown option '{flag}'"))),
        // Apple's tool takes an unknown first word for a plugin.
        Some(word) if spec.path.is_empty() => Ok(Parsed::Plugin(word.to_owned())),
        Some(word) => Err(usage(format!("Unexpected argument '{word}'"))),
    }
}

struct Reader {
    spec: &'static CommandSpec,
    version: Version,
    matches: Matches,
}

impl Reader {
    /// Returns whether help was asked for.
    fn read(&mut self, args: &[String]) -> Result<bool, Exit> {
        let mut rest = args.iter();
        while let Some(word) = rest.next() {
            if word == "--" {
                self.matches.positional.extend(rest.cloned());
                return Ok(false);
            }
            if word == "-" || !word.starts_with('-') {
                self.matches.positional.push(word.clone());
                if self.spec.passes_on(self.matches.positional.len()) {
                    self.matches.positional.extend(rest.cloned());
                    return Ok(false);
                }
                continue;
            }
            if word == "--help" || word == "-h" {
                return Ok(true);
            }
            if let Some(name) = word.strip_prefix("--") {
                self.long(name, &mut rest)?;
            } else {
                self.shorts(&word[1..], &mut rest)?;
            }
        }
        Ok(false)
    }

    fn long(&mut self, name: &str, rest: &mut std::slice::Iter<'_, String>) -> Result<(), Exit> {
        let (name, inline) = match name.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (name, None),
        };
        let flag = self.find(&format!("--{name}"), |f| f.long.contains(&name))?;
        if flag.value.is_none() && inline.is_some() {
            return Err(self.matches.usage(format!(
                "The option '--{name}' does not take any value, but '{}' was specified.",
                inline.unwrap_or_default()
            )));
        }
        self.keep(flag, inline, rest)
    }

    /// One letter, or several switches in one word as in `-it`.
    fn shorts(&mut self, word: &str, rest: &mut std::slice::Iter<'_, String>) -> Result<(), Exit> {
        let (letters, mut inline) = match word.split_once('=') {
            Some((letters, value)) => (letters, Some(value.to_owned())),
            None => (word, None),
        };
        let last = letters.chars().count().saturating_sub(1);
        for (index, letter) in letters.chars().enumerate() {
            let shown = if last == 0 {
                format!("-{letter}")
            } else {
                format!("-{word}")
            };
            let flag = self.find(&shown, |f| f.short == Some(letter))?;
            if flag.value.is_some() && index < last {
                return Err(self.unknown(&format!("-{word}")));
            }
            let value = if index == last { inline.take() } else { None };
            self.keep(flag, value, rest)?;
        }
        Ok(())
    }

    fn find(&self, shown: &str, wanted: impl Fn(&Flag) -> bool) -> Result<&'static Flag, Exit> {
        self.spec
            .flags()
            .find(|flag| flag.since <= self.version && wanted(flag))
            .ok_or_else(|| self.unknown(shown))
    }

    fn unknown(&self, shown: &str) -> Exit {
        self.matches.usage(format!("Unknown option '{shown}'"))
    }

    fn keep(
        &mut self,
        flag: &'static Flag,
        inline: Option<String>,
        rest: &mut std::slice::Iter<'_, String>,
    ) -> Result<(), Exit> {
        let value = match (flag.value, inline) {
            (None, _) => String::new(),
            (Some(_), Some(value)) => value,
            (Some(_), None) => match rest.as_slice().first() {
                Some(next) if !next.starts_with('-') || next == "-" => {
                    rest.next();
                    next.clone()
                }
                _ => {
                    let names = flag.names();
                    let message = format!("Missing value for '{names}'");
                    return Err(self.matches.usage(message));
                }
            },
        };
        self.matches
            .values
            .entry(flag.key())
            .or_default()
            .push(value);
        Ok(())
    }

    fn check_positionals(&self) -> Result<(), Exit> {
        let given = self.matches.positional.len();
        let wanted: &[Positional] = self.spec.positionals;
        let required = wanted.iter().filter(|p| p.required).count();
        if given < required {
            let missing = wanted[given];
            let dots = if missing.many { " ..." } else { "" };
            return Err(self.matches.usage(format!(
                "Missing expected argument '<{}>{dots}'",
                missing.name
            )));
        }
        if wanted.last().is_some_and(|p| p.many) || given <= wanted.len() {
            return Ok(());
        }
        let extra: Vec<String> = self.matches.positional[wanted.len()..]
            .iter()
            .map(|a| format!("'{a}'"))
            .collect();
        let text = match extra.len() {
            1 => format!("Unexpected argument {}", extra[0]),
            n => format!("{n} unexpected arguments: {}", extra.join(", ")),
        };
        Err(self.matches.usage(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::root;

    fn run(line: &str, version: Version) -> Result<Parsed, Exit> {
        let args: Vec<String> = line.split(' ').map(str::to_owned).collect();
        parse(root(), &args, version)
    }

    fn matches(line: &str) -> Matches {
        match run(line, Version::DEFAULT) {
            Ok(Parsed::Run(matches)) => matches,
            Ok(Parsed::Print(text) | Parsed::Plugin(text)) => panic!("{text}"),
            Err(exit) => panic!("{exit:?}"),
        }
    }

    fn usage(line: &str, version: Version) -> String {
        match run(line, version) {
            Err(Exit::Usage { message, .. }) => message,
            _ => panic!("'{line}' was accepted"),
        }
    }

    #[test]
    fn everything_after_the_image_is_passed_on() {
        let m = matches("run -d --name=a -e K=V -it img --name b -x");
        assert_eq!(m.positional, ["img", "--name", "b", "-x"]);
        assert_eq!(m.value("name"), Some("a"));
        assert!(m.has("detach") && m.has("interactive") && m.has("tty"));
        assert_eq!(matches("exec c ls -la").positional, ["c", "ls", "-la"]);
    }

    #[test]
    fn aliases_of_commands_and_flags_are_one() {
        assert_eq!(matches("rm -f a b").command(), "delete");
        assert_eq!(matches("image ls").command(), "image list");
        assert_eq!(matches("run --cwd /x img").value("workdir"), Some("/x"));
    }

    #[test]
    fn flags_that_apple_lacks_are_unknown() {
        for flag in [
            "--privileged",
            "--restart",
            "--hostname",
            "--device",
            "--sysctl",
            "--pid",
        ] {
            let line = format!("run {flag} x img");
            assert_eq!(
                usage(&line, Version::DEFAULT),
                format!("Unknown option '{flag}'")
            );
        }
        assert_eq!(usage("list -x", Version::DEFAULT), "Unknown option '-x'");
    }

    #[test]
    fn path_flags_come_with_1_2_1() {
        let line = "run --masked-path NONE img";
        assert_eq!(
            usage(line, Version(1, 2, 0)),
            "Unknown option '--masked-path'"
        );
        assert!(run(line, Version(1, 2, 1)).is_ok());
    }

    #[test]
    fn missing_and_surplus_arguments() {
        let v = Version::DEFAULT;
        assert_eq!(usage("run", v), "Missing expected argument '<image>'");
        assert_eq!(
            usage("exec a", v),
            "Missing expected argument '<arguments> ...'"
        );
        assert_eq!(usage("start a b", v), "Unexpected argument 'b'");
        assert_eq!(usage("run --name", v), "Missing value for '--name <name>'");
        assert!(matches!(run("nosuch", v), Ok(Parsed::Plugin(word)) if word == "nosuch"));
    }
}
