//! The desk over a scripted `container`: what it shows, and that nothing makes it hang.

#![expect(clippy::unwrap_used, reason = "a test fails loudly")]

mod bench;
mod configs;
mod export;
mod files;
mod runtime;
mod work;
