//! `copy` and `export`.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::print;
use crate::cli::Matches;
use crate::container::Container;
use crate::error::{Code, Context, Error, Result};
use crate::podman::{Podman, reason, unavailable};
use crate::version::Version;
use crate::world::World;

enum Place<'a> {
    Local(&'a str),
    Inside { id: &'a str, path: &'a str },
}

impl<'a> Place<'a> {
    fn parse(text: &'a str) -> Result<Self> {
        let local = text.starts_with(['/', '.']) || !text.contains(':');
        if local {
            return Ok(Self::Local(text));
        }
        match text.split_once(':') {
            Some((id, path)) if !id.is_empty() && path.starts_with('/') => {
                Ok(Self::Inside { id, path })
            }
            _ => Err(Error::invalid(format!("invalid path given: {text}"))),
        }
    }
}

pub(super) fn copy(world: &World, matches: &Matches) -> Result<()> {
    let source = Place::parse(&matches.positional[0])?;
    let destination = Place::parse(&matches.positional[1])?;
    let (id, from, to) = match (source, destination) {
        (Place::Local(local), Place::Inside { id, path }) => {
            if !Path::new(local).exists() {
                return Err(Error::not_found(format!(
                    "source path does not exist: {local}"
                )));
            }
            (id, absolute(local), format!("{id}:{path}"))
        }
        (Place::Inside { id, path }, Place::Local(local)) => {
            (id, format!("{id}:{path}"), absolute(local))
        }
        (Place::Inside { .. }, Place::Inside { .. }) => {
            return Err(Error::invalid(
                "copying between containers is not supported",
            ));
        }
        (Place::Local(_), Place::Local(_)) => {
            return Err(Error::invalid(
                "one of source or destination must be a container reference (container_id:path)",
            ));
        }
    };
    Container::get(world, id)?.running()?;
    Podman::new(world).run(["cp", &from, &to])?;
    Ok(())
}

/// A colon in a local path must not look like a container.
fn absolute(local: &str) -> String {
    let path = std::path::absolute(local).unwrap_or_else(|_| PathBuf::from(local));
    let mut text = path.to_string_lossy().into_owned();
    if local.ends_with('/') && !text.ends_with('/') {
        text.push('/');
    }
    text
}

pub(super) fn export(world: &World, matches: &Matches) -> Result<()> {
    let id = &matches.positional[0];
    let container = Container::get(world, id)?;
    if container.is_running() && world.version < Version::MASK_FLAGS {
        return Err(Error::new(
            Code::InvalidState,
            format!("container {id} is not stopped"),
        ));
    }
    let mut command = Podman::new(world).command(["export"]);
    if let Some(path) = matches.value("output") {
        command.args(["--output", &absolute(path)]);
    }
    let child = command
        .arg(id)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .stdout(Stdio::inherit())
        .spawn()
        .map_err(|e| unavailable(&e))?;
    let output = child
        .wait_with_output()
        .context(|| "cannot wait for podman".into())?;
    if !output.status.success() {
        return Err(Error::internal(reason(&String::from_utf8_lossy(
            &output.stderr,
        ))));
    }
    if matches.has("output") {
        print(id);
    }
    Ok(())
}
