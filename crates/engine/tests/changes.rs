//! Changes of a running cluster and checks of the machine, over a scripted `container`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "scripted/acceptance.rs"]
mod acceptance;
#[path = "scripted/api.rs"]
mod api;
#[path = "scripted/bench.rs"]
#[allow(dead_code)] // shared with the other scripted tests
mod bench;
#[path = "scripted/change.rs"]
mod change;
#[path = "scripted/doctor.rs"]
mod doctor;
#[path = "scripted/manifests.rs"]
mod manifests;
