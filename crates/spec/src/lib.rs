//! Cluster YAML: what a user asks for.
//!
//! [`Cluster::parse`] reads our own format (`apple-k8s.dev/v1alpha1`) and kind's
//! (`kind.x-k8s.io/v1alpha4`), checks everything there is to check without looking at the
//! machine, and answers with the cluster or with all errors at once, each with its line and
//! column. [`Cluster::machines`] are the nodes to make.

#![expect(
    clippy::result_large_err,
    reason = "an error is made once for each fault of a file, and read by a person"
)]

mod check;
mod cluster;
mod error;
mod memory;
mod name;
mod networking;
mod node;
mod read;
mod schema;
mod source;
mod version;
mod yaml;

pub use check::MOST_NODES;
pub use cluster::{Cluster, Parsed};
pub use error::{ErrorList, Place, SpecError};
pub use memory::{Memory, MemoryError};
pub use name::{LONGEST_CLUSTER_NAME, validate_name};
pub use networking::{Cni, KubeProxyMode, Networking};
pub use node::{Mount, Node, NodePlan, PortMapping, Protocol, Role, Taint, TaintEffect};
pub use schema::json_schema;
pub use version::{KubernetesVersion, VersionError};
