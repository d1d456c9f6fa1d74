//! `manual`

use std::fs;
use std::path::Path;

use clap::CommandFactory;
use engine::{Error, Result};

use crate::args::Cli;

/// Writes a page for the program and for each of its commands.
pub(super) fn write(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), folder))
        .map_err(|error| Error::io("write the manual to", folder, &error))
}
