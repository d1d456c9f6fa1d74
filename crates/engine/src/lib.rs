//! Clusters: create, delete, start, stop, load, observe.

mod archive;
mod error;
mod home;
mod host;
mod step;

pub use archive::{Archive, ArchivedImage, normalise as normalise_image};
pub use error::{Error, ErrorCode, Result};
pub use home::Home;
pub use step::{RunningStep, Step, StepState, Steps};
