//! The command line: what can be typed, and what it means.

mod change;
mod cluster;
mod image;
mod name;
mod uninstall;
mod view;

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};

pub(crate) use change::{ApplyArgs, ApplyCommand, DoctorArgs, ManifestsArgs};
pub(crate) use cluster::{
    CreateArgs, CreateCommand, DeleteArgs, DeleteCommand, DeleteManyArgs, LifecycleArgs,
    LifecycleCommand, StopArgs, StopCommand,
};
pub(crate) use image::{BuildArgs, BuildCommand, LoadArchiveArgs, LoadCommand, LoadImageArgs};
pub(crate) use name::ClusterName;
pub(crate) use uninstall::UninstallArgs;
pub(crate) use view::{
    ExportCommand, ExportKubeconfigArgs, ExportLogsArgs, GetCommand, NodesArgs, StatusArgs,
};

const AFTER_HELP: &str = "\
Begin with `apple-k8s create cluster`.

With --output json every line of standard output is an object: a step for each
thing that begins or ends, then one result or error. `apple-k8s help exit-codes`
lists the codes of errors and the exit statuses.";

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default())
    .placeholder(AnsiColor::Cyan.on_default());

/// Kubernetes clusters on Apple's container, one light virtual machine a node.
#[derive(Debug, Parser)]
#[command(
    name = "apple-k8s",
    bin_name = "apple-k8s",
    version,
    styles = STYLES,
    disable_version_flag = true,
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = AFTER_HELP
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Globals {
    /// How results are written: text or json
    #[arg(
        short,
        long,
        global = true,
        value_name = "FORM",
        default_value = "text"
    )]
    #[arg(
        hide_default_value = true,
        hide_possible_values = true,
        display_order = 1000
    )]
    pub(crate) output: Format,
    /// Say more on standard error; -vv and -vvv say even more
    #[arg(short, long, global = true, action = ArgAction::Count, display_order = 1001)]
    pub(crate) verbose: u8,
    /// No progress and no hints; lists are names alone
    #[arg(
        short,
        long,
        global = true,
        conflicts_with = "verbose",
        display_order = 1002
    )]
    pub(crate) quiet: bool,
    #[arg(long, global = true, value_name = "PROGRAM", value_hint = ValueHint::FilePath, display_order = 1003)]
    #[arg(help = "The container program [default: $APPLE_K8S_CONTAINER, or searched]")]
    pub(crate) container: Option<PathBuf>,
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people: results on standard output, progress on standard error
    Text,
    /// One JSON object a line on standard output: steps, then one result or error
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a cluster
    #[command(subcommand)]
    Create(CreateCommand),
    /// Change a running cluster, or apply manifests to it
    #[command(subcommand)]
    Apply(ApplyCommand),
    /// Delete clusters
    #[command(subcommand)]
    Delete(DeleteCommand),
    /// Start a stopped cluster
    #[command(subcommand)]
    Start(LifecycleCommand),
    /// Stop a cluster; its nodes keep everything
    #[command(subcommand)]
    Stop(StopCommand),
    /// Stop a cluster and start it again
    #[command(subcommand)]
    Restart(LifecycleCommand),
    /// List clusters, nodes and images, or print a kubeconfig
    #[command(subcommand)]
    Get(GetCommand),
    /// Show the state of clusters and their nodes
    Status(StatusArgs),
    /// Load images into the nodes of a cluster
    #[command(subcommand)]
    Load(LoadCommand),
    /// Build the image that nodes are made from
    #[command(subcommand)]
    Build(BuildCommand),
    /// Export the kubeconfig or the logs of a cluster
    #[command(subcommand)]
    Export(ExportCommand),
    /// Check what clusters need of this machine, and put it right
    Doctor(DoctorArgs),
    /// Take apple-k8s off this machine
    Uninstall(UninstallArgs),
    /// Print a completion script for a shell
    #[command(after_help = COMPLETION_HELP)]
    Completion {
        /// The shell: bash, zsh or fish
        #[arg(hide_possible_values = true)]
        shell: Shell,
    },
    /// Write the pages of the manual into a folder, for whoever makes a package
    #[command(hide = true)]
    Manual {
        /// The folder; it is made when it is missing
        #[arg(value_name = "FOLDER", value_hint = ValueHint::DirPath)]
        folder: PathBuf,
    },
    /// Print versions
    Version,
    /// List exit statuses and error codes
    #[command(after_help = crate::exit_codes::table())]
    ExitCodes,
}

/// Shells with a completion script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    /// Bash
    Bash,
    /// Zsh
    Zsh,
    /// Fish
    Fish,
}

const COMPLETION_HELP: &str = "\
Examples:
  bash:  source <(apple-k8s completion bash)      # in ~/.bashrc
  zsh:   source <(apple-k8s completion zsh)       # in ~/.zshrc, after compinit
  fish:  apple-k8s completion fish | source       # in ~/.config/fish/config.fish";

#[cfg(test)]
mod tests;
