//! Test double of the `container` command, for faults that the real one shows only by bad luck.
//!
//! A [`Script`] says how each call answers; [`Stand::new`] puts a program named `container` into
//! a folder of its own that plays it and writes down every call.
//!
//! ```no_run
//! use container_script::{Act, Script, Stand};
//!
//! let script = Script::healthy("1.5.0")
//!     .on(&["list"], [Act::Stdout("[]".into())])
//!     .on(&["stop"], [Act::Hang]);
//! let stand = Stand::new(&script);
//! // … drive `stand.program()`, then look at `stand.calls()`
//! ```

mod faults;
mod stand;

use serde::{Deserialize, Serialize};

pub use stand::{Call, Place, Stand};

/// How the stand-in behaves: the first rule that fits a call and is not used up plays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script {
    /// Rules, tried in order.
    pub rules: Vec<Rule>,
}

/// What calls of one kind do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Words that must all occur among the arguments, in this order; others may stand between.
    pub words: Vec<String>,
    /// How many calls the rule is for; any number when absent.
    pub times: Option<usize>,
    /// What happens, in order. At the end the program exits with 0.
    pub acts: Vec<Act>,
}

/// One thing the stand-in does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Act {
    /// Writes text to standard output.
    Stdout(String),
    /// Writes text to standard error.
    Stderr(String),
    /// Writes bytes to standard output.
    StdoutBytes(Vec<u8>),
    /// Writes bytes to standard error.
    StderrBytes(Vec<u8>),
    /// Writes that many bytes, in lines of 64, to standard output and standard error by turns.
    Flood(usize),
    /// Writes the value of an option of the call, such as `--name`, and a newline.
    Option(String),
    /// Writes the last argument and a newline.
    LastWord,
    /// Copies standard input to standard output until its end.
    Echo,
    /// Reads a line of standard input and writes it down with the call.
    ReadLine,
    /// Does nothing for that many milliseconds.
    Wait(u64),
    /// Does nothing for ever; SIGTERM ends it.
    Hang,
    /// From now on SIGTERM does not end the program.
    IgnoreTerm,
    /// Does nothing until SIGTERM, then goes on. A SIGTERM since [`Act::IgnoreTerm`] counts.
    UntilTerm,
    /// Tells the test that it came this far; see [`Stand::wait_for_mark`].
    Mark,
    /// Starts a child that holds the streams and lives until it is killed.
    Child,
    /// Kills itself with SIGKILL.
    Die,
    /// Ends with that status.
    Exit(u8),
}

impl Script {
    /// A script without rules: every call is refused with status 64.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a rule for any number of calls.
    #[must_use]
    pub fn on(self, words: &[&str], acts: impl IntoIterator<Item = Act>) -> Self {
        self.rule(words, None, acts)
    }

    /// Adds a rule for the next `times` calls that fit.
    #[must_use]
    pub fn times(self, times: usize, words: &[&str], acts: impl IntoIterator<Item = Act>) -> Self {
        self.rule(words, Some(times), acts)
    }

    fn rule(
        mut self,
        words: &[&str],
        times: Option<usize>,
        acts: impl IntoIterator<Item = Act>,
    ) -> Self {
        self.rules.push(Rule {
            words: words.iter().map(|&word| word.to_owned()).collect(),
            times,
            acts: acts.into_iter().collect(),
        });
        self
    }

    /// The rule for a call, given how often each was used.
    pub fn pick(&self, arguments: &[String], used: &[usize]) -> Option<usize> {
        self.rules.iter().enumerate().position(|(at, rule)| {
            let left = rule
                .times
                .is_none_or(|times| used.get(at).copied().unwrap_or(0) < times);
            left && rule.fits(arguments)
        })
    }
}

impl Rule {
    fn fits(&self, arguments: &[String]) -> bool {
        let mut rest = arguments.iter();
        self.words
            .iter()
            .all(|word| rest.any(|argument| argument == word))
    }
}
