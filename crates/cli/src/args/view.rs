//! Arguments of the commands that look and change nothing, and of exports.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::cluster::KubeconfigArgs;
use super::name::{AnyCluster, ClusterName, NamedCluster};

#[derive(Debug, Subcommand)]
pub(crate) enum GetCommand {
    /// List the clusters
    #[command(alias = "cluster")]
    Clusters,
    /// List the nodes of a cluster
    #[command(alias = "node")]
    Nodes(NodesArgs),
    /// Print the kubeconfig of a cluster; it holds a secret key
    Kubeconfig(ClusterName),
    /// List the images in the nodes of a cluster
    #[command(alias = "image")]
    Images(ClusterName),
}

#[derive(Debug, Args)]
pub(crate) struct NodesArgs {
    #[command(flatten)]
    pub(crate) name: ClusterName,
    /// The nodes of every cluster
    #[arg(short = 'A', long, conflicts_with_all = ["positional", "name"])]
    pub(crate) all_clusters: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) name: AnyCluster,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ExportCommand {
    /// Write a cluster's entries into your kubeconfig
    Kubeconfig(ExportKubeconfigArgs),
    /// Collect the logs of a cluster's nodes in a folder
    Logs(ExportLogsArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ExportKubeconfigArgs {
    #[command(flatten)]
    pub(crate) name: ClusterName,
    #[command(flatten)]
    pub(crate) kubeconfig: KubeconfigArgs,
    /// Make the cluster kubectl's current context
    #[arg(long)]
    pub(crate) set_context: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExportLogsArgs {
    /// Folder to write to [default: a new one in the temporary folder]
    #[arg(value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(crate) folder: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) name: NamedCluster,
}
