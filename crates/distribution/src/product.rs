//! What is shipped.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};

/// What is shipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Product {
    /// The app for a Mac with its command line.
    Mac,
    /// Command line, `container` and app for Linux.
    Linux,
    /// The image that nodes are made from.
    NodeImage,
}

/// Programs for Linux are made where they run: for the machine that this was made for, too.
const LINUX: &str = if cfg!(target_arch = "aarch64") {
    "aarch64-unknown-linux-gnu"
} else {
    "x86_64-unknown-linux-gnu"
};

/// What Debian calls that machine.
pub(crate) const DEBIAN: &str = if cfg!(target_arch = "aarch64") {
    "arm64"
} else {
    "amd64"
};

impl Product {
    /// Programs and their platform; none for what holds none of ours in Rust.
    pub(crate) const fn programs(self) -> Option<(&'static str, &'static [&'static str])> {
        match self {
            Self::Mac => Some(("aarch64-apple-darwin", &["cli", "apple-k8s-app"])),
            Self::Linux => Some((LINUX, &["cli", "linux-container", "apple-k8s-app"])),
            Self::NodeImage => None,
        }
    }
}

/// What tasks take that tell of a product.
#[derive(Debug, Args)]
pub struct Arguments {
    /// What is shipped
    #[arg(long, value_enum, default_value = "mac")]
    pub product: Product,
    /// The node image as it was built, from `container image save`: gives its packages their
    /// versions, which nobody knows before
    #[arg(long, value_name = "FILE")]
    pub image: Option<PathBuf>,
    /// Downloads Go's modules and says what licences they are under, as far as their texts are
    /// known; reports of licences always do
    #[arg(long)]
    pub modules: bool,
    /// Where the text is written
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

impl Arguments {
    /// Refuses an image, and modules, where there are none in the product.
    pub(crate) fn check(&self) -> Result<()> {
        ensure!(
            !self.modules || self.product == Product::NodeImage,
            "--modules is for --product node-image"
        );
        ensure!(
            self.image.is_none() || self.product == Product::NodeImage,
            "--image is for --product node-image"
        );
        Ok(())
    }
}
