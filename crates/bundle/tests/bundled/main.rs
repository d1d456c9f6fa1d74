//! The whole way of an app: made, signed, read back, changed and found out, ready for Apple.

#![expect(clippy::unwrap_used, reason = "tests")]

mod clock;
mod command;
mod contents;
mod identity;
mod keychain;
mod notarization;
mod program;
mod signature;
mod tampering;
mod workshop;
