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

impl Product {
    /// Programs and their platform; none for what holds none of ours in Rust.
    pub(crate) const fn programs(self) -> Option<(&'static str, &'static [&'static str])> {
        match self {
            Self::Mac => Some(("aarch64-apple-darwin", &["cli", "apple-k8s-app"])),
            Self::Linux => Some((
                "x86_64-unknown-linux-gnu",
                &["cli", "linux-container", "apple-k8s-app"],
            )),
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
    /// Where the text is written
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

impl Arguments {
    /// Refuses an image where there is none in the product.
    pub(crate) fn check(&self) -> Result<()> {
        ensure!(
            self.image.is_none() || self.product == Product::NodeImage,
            "--image is for --product node-image"
        );
        Ok(())
    }
}
