//! Arguments of the commands that change what runs: `apply` and `doctor`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueHint};

use super::name::ClusterName;
use crate::duration;

const APPLY_HELP: &str = "\
Compares the file with the cluster and carries out the difference: labels and
taints are set, workers are added, removed, or made again under the same name
and address when their machine changes. Pods leave a worker before it goes; what
lies on its disk goes with it, and the plan says what that is. What only a new
cluster can have is refused, and then nothing is changed.

Examples:
  apple-k8s apply cluster --config cluster.yaml --dry-run
  apple-k8s apply cluster dev --config cluster.yaml";

#[derive(Debug, Subcommand)]
pub(crate) enum ApplyCommand {
    /// Change a running cluster to what a Cluster YAML says
    #[command(after_help = APPLY_HELP)]
    Cluster(ApplyArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    pub(crate) name: ClusterName,
    /// Cluster YAML to read, - for standard input; kind's files are taken too
    #[arg(short = 'f', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: PathBuf,
    /// Only say what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// How long to wait until new nodes are ready; 0 does not wait
    #[arg(long, value_name = "TIME", default_value = "3m", value_parser = duration::parse)]
    pub(crate) wait: Duration,
}
