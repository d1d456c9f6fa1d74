//! Arguments of the commands that change clusters.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueHint};
use engine::{Error, Result};

use super::name::{ClusterName, valid};
use crate::duration;

const CREATE_HELP: &str = "\
Boots one virtual machine a node, sets up Kubernetes with kubeadm, and adds the
context apple-k8s-NAME to your kubeconfig. When something fails, the nodes are
removed, their logs are kept, and the kubeconfig stays as it was.

Examples:
  apple-k8s create cluster
  apple-k8s create cluster dev --workers 2
  apple-k8s create cluster --config cluster.yaml --wait 5m
  cat cluster.yaml | apple-k8s create cluster --config -";

#[derive(Debug, Subcommand)]
pub(crate) enum CreateCommand {
    /// Create a cluster
    #[command(after_help = CREATE_HELP)]
    Cluster(CreateArgs),
}

#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    #[command(flatten)]
    pub(crate) name: ClusterName,
    /// Cluster YAML to read, - for standard input; kind's files are taken too
    #[arg(short = 'f', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// How many workers, beside the control plane
    #[arg(short, long, value_name = "N", conflicts_with = "config", value_parser = clap::value_parser!(u32).range(0..i64::from(spec::MOST_NODES)))]
    pub(crate) workers: Option<u32>,
    /// Node image of all nodes
    #[arg(long, value_name = "IMAGE")]
    pub(crate) image: Option<String>,
    /// Version of Kubernetes, such as v1.37.1
    #[arg(long, value_name = "VERSION")]
    pub(crate) kubernetes_version: Option<spec::KubernetesVersion>,
    /// How long to wait until nodes and DNS are ready; 0 does not wait
    #[arg(long, value_name = "TIME", default_value = "3m", value_parser = duration::parse)]
    pub(crate) wait: Duration,
    /// Keep the nodes when something fails
    #[arg(long)]
    pub(crate) retain: bool,
    #[command(flatten)]
    pub(crate) kubeconfig: KubeconfigArgs,
    /// Make the cluster kubectl's current context
    #[arg(long)]
    pub(crate) set_context: bool,
}

/// The kubeconfig to change.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct KubeconfigArgs {
    /// The kubeconfig to change [default: as kubectl: $KUBECONFIG, or ~/.kube/config]
    #[arg(long = "kubeconfig", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
}

impl KubeconfigArgs {
    /// The file, findable from every folder: a delete may come from another one.
    pub(crate) fn absolute(&self) -> Result<Option<PathBuf>> {
        let absolute = |file: &PathBuf| {
            std::path::absolute(file).map_err(|error| Error::io("find", file, &error))
        };
        self.file.as_ref().map(absolute).transpose()
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeleteCommand {
    /// Delete a cluster, its data and its kubeconfig entries
    #[command(after_help = "A cluster that does not exist is no error.")]
    Cluster(DeleteArgs),
    /// Delete several clusters
    Clusters(DeleteManyArgs),
}

#[derive(Debug, Args)]
pub(crate) struct DeleteArgs {
    #[command(flatten)]
    pub(crate) name: ClusterName,
    #[command(flatten)]
    pub(crate) kubeconfig: KubeconfigArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DeleteManyArgs {
    /// Names of the clusters
    #[arg(value_name = "NAME", required_unless_present = "all", value_parser = valid)]
    pub(crate) names: Vec<String>,
    /// Every cluster of this user
    #[arg(short = 'A', long, conflicts_with = "names")]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) kubeconfig: KubeconfigArgs,
}

const LIFECYCLE_HELP: &str = "\
Nodes get new addresses from `container`; certificates, kubeconfig, Services,
volumes and pods stay as they are. A cluster that runs is healed where something
is broken, and else left alone.

Examples:
  apple-k8s start cluster
  apple-k8s start cluster dev --wait 5m
  apple-k8s restart cluster dev";

const STOP_HELP: &str = "\
Pods are ended in order, then the nodes are turned off. Volumes, images and
certificates stay on their disks; memory, processors and ports are free for
others until `apple-k8s start cluster`.

Examples:
  apple-k8s stop cluster
  apple-k8s stop cluster dev";

#[derive(Debug, Subcommand)]
pub(crate) enum LifecycleCommand {
    /// Start, or heal, all nodes of a cluster
    #[command(after_help = LIFECYCLE_HELP)]
    Cluster(LifecycleArgs),
}

#[derive(Debug, Args)]
pub(crate) struct LifecycleArgs {
    #[command(flatten)]
    pub(crate) name: ClusterName,
    /// How long to wait until the nodes are ready; 0 does not wait
    #[arg(long, value_name = "TIME", default_value = "3m", value_parser = duration::parse)]
    pub(crate) wait: Duration,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StopCommand {
    /// Stop all nodes of a cluster; its data stays
    #[command(after_help = STOP_HELP)]
    Cluster(StopArgs),
}

#[derive(Debug, Args)]
pub(crate) struct StopArgs {
    #[command(flatten)]
    pub(crate) name: ClusterName,
}
