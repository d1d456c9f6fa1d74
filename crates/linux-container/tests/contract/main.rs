//! The contract of the `container` command line, as the rest of this product relies on it.
//!
//! The tests run against the program of this crate, or against any other one, Apple's on a Mac
//! included: set `CONTAINER_UNDER_TEST` to its path and `CONTAINER_TEST_IMAGE` to an image with a
//! busybox (such as `docker.io/library/busybox:latest`), with its services started. Tests whose
//! name begins with `twin_` look at what only the Linux program has; they are left out then.
//!
//! Tests whose names begin with `mac_` show what is out of reach on Linux: vmnet, the Local Network
//! permission, segmentation offload, virtiofs errors, boot times of machines, their kernel. They
//! are ignored there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod build;
mod containers;
mod exec;
mod flags;
mod images;
mod isolation;
mod killed;
mod mac;
mod observe;
mod program;
mod publish;
mod resources;
mod service;
mod service_log;
mod system;
mod usage;
mod versions;
mod words;
