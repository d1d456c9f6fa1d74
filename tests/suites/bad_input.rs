//! What is wrong is said clearly, with the documented exit status, and nothing is changed.
//! None of these tests makes a node.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that can't go on says where

#[path = "bad_input/disk.rs"]
mod disk;
#[path = "bad_input/host.rs"]
mod host;
#[path = "bad_input/kubeconfig.rs"]
mod kubeconfig;
#[path = "bad_input/runtime.rs"]
mod runtime;
#[path = "bad_input/yaml.rs"]
mod yaml;

use std::collections::BTreeMap;
use std::path::PathBuf;

use system_tests::{Call, Output, User};

/// All that a refused command might have changed.
#[derive(Debug)]
struct Before<'u> {
    user: &'u User,
    files: BTreeMap<PathBuf, String>,
    kubeconfig: Option<String>,
}

impl<'u> Before<'u> {
    fn of(user: &'u User) -> Self {
        Self {
            user,
            files: user.files(),
            kubeconfig: user.kubeconfig_text(),
        }
    }

    /// Runs a command that must fail with this status, say all of these words, offer help, and
    /// change nothing.
    #[track_caller]
    fn refuses(&self, call: Call, status: i32, words: &[&str]) -> Output {
        let output = call.run().fails(status);
        for word in words {
            assert!(
                output.stderr.contains(word),
                "{word:?} is not said\n{}",
                output.report()
            );
        }
        assert_eq!(
            output.word(),
            "",
            "an error goes to standard error\n{}",
            output.report()
        );
        assert!(
            output.stderr.len() < 3000,
            "too long to be read\n{}",
            output.report()
        );
        assert_eq!(
            self.files,
            self.user.files(),
            "files changed\n{}",
            output.report()
        );
        assert_eq!(
            self.kubeconfig,
            self.user.kubeconfig_text(),
            "{}",
            output.report()
        );
        output
    }
}
