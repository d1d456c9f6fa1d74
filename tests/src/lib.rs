//! What the whole-system tests stand on: the built programs, a user of their own for each test,
//! clusters that go when the test ends, and traces that a cluster might leave behind.
//!
//! The suites in `suites/` run real nodes; see `README.md` beside this package.

// A test that can't go on should say where and end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

mod checks;
mod cluster;
mod command;
mod disk;
mod image;
mod kernel;
mod network;
mod programs;
mod random;
mod traces;
mod user;

pub use checks::Checks;
pub use cluster::{Cluster, node_image};
pub use command::{Call, Output, Running};
pub use disk::SmallDisk;
pub use image::{Archive, BuiltImage, Compression, Form};
pub use kernel::KernelSettings;
pub use network::{free_port, http_get, http_get_until};
pub use programs::Programs;
pub use random::Random;
pub use traces::{NodeTraces, Traces};
pub use user::User;
