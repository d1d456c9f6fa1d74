//! The node image: its recipe, carried by this crate, and how it is built with `container build`.
//!
//! ```no_run
//! # async fn example() -> Result<(), node_image::Error> {
//! use container::Container;
//! use node_image::{Build, NodeImage};
//!
//! let container = Container::locate(None)?;
//! let image = NodeImage::new(None, None)?;
//! let built = Build::new(&container)
//!     .run(&image, |progress| println!("{progress}"))
//!     .await?;
//! println!("{} {}", built.reference, if built.made { "built" } else { "is up to date" });
//! # Ok(())
//! # }
//! ```

mod architecture;
mod base;
mod build;
mod builder;
mod contents;
mod elf;
mod error;
mod folder;
mod image;
mod process;
mod progress;
mod recipe;

pub use architecture::Architecture;
pub use build::{BaseImages, Build, Built};
pub use contents::Contents;
pub use elf::Machine;
pub use error::{Error, Result};
pub use image::{LABEL_CONTRACT, LABEL_INPUTS, LABEL_KUBERNETES, NodeImage};
pub use progress::Progress;
pub use recipe::default_kubernetes_version;
