//! Arguments of the commands about images.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use node_image::Architecture;

use super::name::NamedCluster;

#[derive(Debug, Subcommand)]
pub(crate) enum LoadCommand {
    /// Load images from archives
    #[command(after_help = "\
Examples:
  apple-k8s load image-archive web.tar
  apple-k8s load image-archive web.tar.gz db.tar --name dev --nodes dev-worker

Archives are those of `container image save` and `docker save`, and OCI layouts
in a tar file; plain, gzip or zstd.")]
    ImageArchive(LoadArchiveArgs),
    /// Load images that `container` has built or pulled
    #[command(
        alias = "docker-image",
        after_help = "\
Examples:
  container build --tag web:1 . && apple-k8s load image web:1
  apple-k8s load image web:1 db:2 --name dev

Run them with an imagePullPolicy of IfNotPresent or Never."
    )]
    Image(LoadImageArgs),
}

#[derive(Debug, Args)]
pub(crate) struct LoadArchiveArgs {
    /// The archives
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) archives: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) target: LoadTarget,
}

#[derive(Debug, Args)]
pub(crate) struct LoadImageArgs {
    /// The images
    #[arg(value_name = "IMAGE", required = true)]
    pub(crate) images: Vec<String>,
    #[command(flatten)]
    pub(crate) target: LoadTarget,
}

/// Where images go.
#[derive(Debug, Args)]
pub(crate) struct LoadTarget {
    #[command(flatten)]
    pub(crate) name: NamedCluster,
    /// Only these nodes, separated by commas [default: all]
    #[arg(long, value_name = "NODE", value_delimiter = ',')]
    pub(crate) nodes: Vec<String>,
}

const BUILD_HELP: &str = "\
Builds Kubernetes and all that a node needs from pinned Go modules, with
`container build`. The first build takes a while; later ones reuse its layers.";

#[derive(Debug, Subcommand)]
pub(crate) enum BuildCommand {
    /// Build the image that nodes are made from
    #[command(after_help = BUILD_HELP)]
    NodeImage(BuildArgs),
}

#[derive(Debug, Args)]
pub(crate) struct BuildArgs {
    /// Version of Kubernetes, such as v1.37.1 [default: the newest known]
    #[arg(long, value_name = "VERSION")]
    pub(crate) kubernetes_version: Option<spec::KubernetesVersion>,
    /// Architecture of the nodes, arm64 or amd64 [default: this machine's]
    #[arg(long, value_name = "ARCH", value_parser = crate::commands::architecture)]
    pub(crate) arch: Option<Architecture>,
    /// Name of the image [default: apple-k8s-node:VERSION]
    #[arg(long, value_name = "IMAGE")]
    pub(crate) image: Option<String>,
}
