//! A cluster as a person sees it, kept up to date by watches.

mod rows;

pub use rows::{
    ClusterView, Condition, EventRow, Health, NodeRow, NodeUsage, PodContainer, PodRow, Problem,
    ServicePort, ServiceRow, UsageSample, VolumeRow, WorkloadRow,
};
