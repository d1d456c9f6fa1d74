//! Packages for Debian and its relatives: `apple-k8s` with command line and `container`, and
//! `apple-k8s-app`, which a machine without a screen has no use for.

mod contents;
mod package;
mod programs;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::source;

pub use package::Package;
pub use programs::Programs;

/// How the programs are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// As they are shipped.
    Release,
    /// As while developing, which takes a fraction of the time: for tests of the packages.
    Dev,
}

/// What the task takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// How the programs are built
    #[arg(long, value_enum, default_value = "release")]
    profile: Profile,
    /// Folder with programs that are built already, in that profile
    #[arg(long, value_name = "FOLDER")]
    programs: Option<PathBuf>,
    /// Folder that the packages are written to
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
}

/// Builds the programs and packs them; prints the path of each package.
///
/// # Errors
/// When something can't be built, read or written, and where there is no dpkg.
pub fn run(arguments: &Arguments) -> Result<()> {
    let programs = match &arguments.programs {
        Some(folder) => Programs::in_folder(folder),
        None => Programs::build(arguments.profile)?,
    };
    for package in packages(&programs)? {
        let path = package.write(&arguments.out, arguments.profile, source::time()?)?;
        println!("{}", path.display());
    }
    Ok(())
}

/// Both packages of these programs.
///
/// # Errors
/// As [`run`].
pub fn packages(programs: &Programs) -> Result<[Package; 2]> {
    Ok([contents::clusters(programs)?, contents::app(programs)?])
}
