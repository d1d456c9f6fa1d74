//! Typed client of Apple's `container` command.
//!
//! Everything goes by that command line: the program is found once ([`Container::locate`]), each
//! call gets a clean environment, a time limit and a process group of its own, both its streams
//! are drained, and whatever goes wrong becomes one [`Error`] that keeps the program's words.
//! Releases 1.0 to 1.5 are read; 1.2.0 is refused.
//!
//! ```no_run
//! # async fn example() -> Result<(), container::Error> {
//! use container::{Container, ExecSpec, RunSpec};
//!
//! let container = Container::locate(None)?;
//! container.ready().await?;
//! let id = container.run(&RunSpec::new("demo", "alpine:latest")).await?;
//! let output = container.exec(&id, &ExecSpec::new("uname", ["-r"])).await?.ok()?;
//! println!("{}", output.text());
//! container.delete(&[&id], true).await?;
//! # Ok(())
//! # }
//! ```

mod args;
mod builder;
mod capture;
mod classify;
mod client;
mod error;
mod exec;
mod group;
mod image;
mod info;
mod json;
mod lifecycle;
mod locate;
mod resource;
mod run_spec;
mod stream;
mod system;
mod version;

pub use client::Container;
pub use error::{Error, Failure, Result};
pub use exec::{ExecSpec, Output};
pub use image::{BuildSpec, ImageInfo, ImageVariant};
pub use info::{Attachment, ContainerInfo, MountInfo, Platform, PublishedPort, State};
pub use lifecycle::{Log, Stats};
pub use locate::PROGRAM_VARIABLE;
pub use resource::{NetworkInfo, VolumeInfo};
pub use run_spec::{LEAST_MEMORY, Mount, MountSource, Protocol, Publish, RunSpec};
pub use stream::{Exit, Lines};
pub use system::{DiskUsage, SystemStatus, Usage};
pub use version::{Capabilities, OLDEST, Version};
