//! A cluster as a person sees it, kept up to date by watches.
//!
//! `live.rs` follows the API and the runtime; `view.rs` makes rows of what they tell, as pure
//! functions of one file for each kind of row.

mod changes;
mod events;
mod live;
mod logs;
mod machine;
mod nodes;
mod pods;
mod problems;
mod quantity;
mod rows;
mod runtime;
mod scene;
mod services;
#[cfg(test)]
mod tests;
mod usage;
mod view;
mod volumes;
mod watches;
mod words;
mod workloads;
mod world;

pub use changes::Changes;
pub use live::Observation;
pub use logs::{LogEvent, LogLine, LogRange, LogSource, LogStream};
pub use rows::{
    ClusterView, Condition, EventRow, Health, NodeRow, NodeUsage, PodContainer, PodRow, PodUsage,
    Problem, ServicePort, ServiceRow, UsageSample, VolumeRow, WorkloadRow,
};
pub use usage::Meter;
