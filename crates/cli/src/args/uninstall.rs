//! Arguments of `uninstall`.

use clap::Args;
use engine::Choice;

use super::cluster::KubeconfigArgs;

const HELP: &str = "\
Quit the app first. Its login item, the link to this command that it made, its
caches and logs go; clusters, their entries in kubeconfig files, node images and
settings stay unless they are chosen. On a terminal it asks; elsewhere it takes
--yes. Clusters go with everything that lies on their nodes. Killed half-way, it
is run again. The programs themselves go as they came; it says how.

Examples:
  apple-k8s uninstall --dry-run
  apple-k8s uninstall --clusters --images
  apple-k8s uninstall --all --yes";

#[derive(Debug, Args)]
#[command(after_help = HELP)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command"
)]
pub(crate) struct UninstallArgs {
    /// Delete all clusters, with their entries in kubeconfig files
    #[arg(long)]
    clusters: bool,
    /// Remove the entries of clusters that stay from kubeconfig files
    #[arg(long)]
    kubeconfig_entries: bool,
    /// Remove node images that no remaining cluster needs
    #[arg(long)]
    images: bool,
    /// Remove the app's settings and drafts
    #[arg(long)]
    settings: bool,
    /// All of these
    #[arg(long, conflicts_with_all = ["clusters", "kubeconfig_entries", "images", "settings"])]
    all: bool,
    /// Only say what would be removed and what would stay
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask
    #[arg(short, long, conflicts_with = "dry_run")]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) kubeconfig: KubeconfigArgs,
}

impl UninstallArgs {
    /// What the flags choose; none when they leave everything open.
    pub(crate) fn chosen(&self) -> Option<Choice> {
        if self.all {
            return Some(Choice::ALL);
        }
        let choice = Choice {
            clusters: self.clusters,
            kubeconfig_entries: self.kubeconfig_entries,
            images: self.images,
            settings: self.settings,
        };
        (choice != Choice::default()).then_some(choice)
    }
}
