//! All rows of a cluster at a moment.

use super::machine::Machine;
use super::rows::ClusterView;
use super::scene::{Moment, Scene};
use super::workloads::Tally;
use super::world::World;
use super::{events, nodes, pods, problems, services, volumes, workloads};

/// A view and when it looks different although nothing is told.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) view: ClusterView,
    /// Milliseconds since 1970.
    pub(super) again: Option<i64>,
}

/// Builds all rows. How the API answers is the caller's.
pub(super) fn build(cluster: &str, world: &World, machines: &[Machine], moment: Moment) -> Built {
    let mut scene = Scene::new(world, machines, moment);
    let nodes = nodes::rows(&scene);
    scene.learn(&nodes);
    let pods = pods::rows(&scene);
    let tallies = Tally::of_all(&pods);
    let workloads = workloads::rows(&scene, &tallies);
    let services = services::rows(&scene, &pods);
    let volumes = volumes::rows(&scene);
    let problems = problems::list(&nodes, &workloads, &services, &volumes, &tallies);
    let view = ClusterView {
        cluster: cluster.to_owned(),
        as_of: None,
        stale: None,
        version: None,
        nodes,
        workloads,
        services: services.into_iter().map(|told| told.row).collect(),
        events: events::rows(world),
        volumes,
        problems,
        pods,
    };
    Built {
        view,
        again: scene.again(),
    }
}
