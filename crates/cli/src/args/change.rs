//! Arguments of the commands that change what runs: `apply` and `doctor`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueHint};

use super::cluster::KubeconfigArgs;
use super::name::{ClusterName, NamedCluster};
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
    /// Apply Kubernetes manifests to a cluster
    Manifests(ManifestsArgs),
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

const MANIFESTS_HELP: &str = "\
Server-side apply: the cluster itself says what becomes of each object.
Namespaces come first, then definitions of kinds. An object that fails does not
keep the others from being applied.

Examples:
  apple-k8s apply manifests web.yaml --dry-run
  cat web.yaml | apple-k8s apply manifests - --name dev";

#[derive(Debug, Args)]
#[command(after_help = MANIFESTS_HELP)]
pub(crate) struct ManifestsArgs {
    /// Manifests to read (YAML or JSON), - for standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) name: NamedCluster,
    /// Only say what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
}

const DOCTOR_HELP: &str = "\
Exits with 0 when clusters can run, warnings or not; else with the status of the
first thing that has to be put right. --fix starts the services, installs a kernel
and builds the node image, where these are missing.

--mac-acceptance is for a machine that no cluster ran on yet. It boots a node, makes
a cluster of two, looks at their network and the way into them, stops, starts and
deletes it, reads signatures, and prints a report to be sent along with a problem:
nothing secret is in it. It takes some minutes and leaves nothing behind. Its exit
status is that of the first check that failed. What only a Mac has is skipped
elsewhere.";

#[derive(Debug, Args)]
#[command(after_help = DOCTOR_HELP)]
pub(crate) struct DoctorArgs {
    /// Put right what can be
    #[arg(long)]
    pub(crate) fix: bool,
    /// Try everything on a cluster that is made for it, and report
    #[arg(long, conflicts_with_all = ["fix", "file"])]
    pub(crate) mac_acceptance: bool,
    #[command(flatten)]
    pub(crate) kubeconfig: KubeconfigArgs,
}
