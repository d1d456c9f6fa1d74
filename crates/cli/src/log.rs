//! Log lines of `-v`, on standard error.

use std::io;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Our own parts. Those of others stay at warnings, since theirs may log what is secret.
const OURS: [&str; 6] = [
    "apple_k8s",
    "engine",
    "container",
    "spec",
    "kubeconfig",
    "node_image",
];

/// Starts logging as often as `-v` was given; nothing is logged without it.
pub(crate) fn begin(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let targets = Targets::new().with_default(LevelFilter::WARN);
    let targets = OURS
        .into_iter()
        .fold(targets, |targets, name| targets.with_target(name, level));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(crate::style::Style::of(&io::stderr()) != crate::style::Style::PLAIN);
    // It fails only when a second logger is set, and there is none.
    let _ = tracing_subscriber::registry()
        .with(targets)
        .with(lines)
        .try_init();
}
