//! `build`: podman's builder behind Apple's flags. Steps share the host's network.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::print;
use crate::builder;
use crate::cli::Matches;
use crate::error::{Context, Error, Exit, Outcome, Result};
use crate::image;
use crate::lock::Lock;
use crate::parse::{platform, reference};
use crate::podman::{Podman, unavailable};
use crate::scratch::Scratch;
use crate::service_log;
use crate::world::World;

/// Apple's builder takes no larger file.
const LARGEST: usize = 16 * 1024;

/// How often a build is begun that lost a race for its cache.
const TRIES: u32 = 4;

/// Where the result goes.
enum Export {
    /// Into the store, and into an archive when there is a destination.
    Oci(Option<String>),
    /// The files of the last stage: as a tar, or in a folder.
    Files {
        kind: &'static str,
        destination: String,
    },
}

pub(super) fn build(world: &World, matches: &Matches) -> Outcome {
    matches.choice("progress", &["auto", "plain", "tty"])?;
    let context = matches.positional.first().map_or(".", String::as_str);
    if !Path::new(context).exists() {
        return Err(matches.usage(format!("context dir does not exist {context}")));
    }
    let names = names(world, matches)?;
    let export = export(matches)?;
    builder::ensure(world, &super::builder::asked(world, matches)?)?;
    image::clear_remains(world)?;
    let work = Lock::images(world)?;
    let folder = Scratch::new(world)?;
    let dockerfile = dockerfile(matches, context, folder.path())?;
    let mut command = Podman::new(world).command(["build", "--isolation", "chroot"]);
    command.args(["--layers", "--force-rm", "--network", "host"]);
    command.arg("--file").arg(&dockerfile);
    options(world, matches, &mut command)?;
    secrets(matches, &mut command)?;
    match &export {
        Export::Oci(_) => {
            for name in &names {
                command.args(["--tag", name]);
            }
        }
        Export::Files { kind, destination } => {
            command
                .arg("--output")
                .arg(format!("type={kind},dest={destination}"));
        }
    }
    command.arg(context);
    let mut tries = 1;
    while let Err(error) = run(matches, &mut command, &work) {
        if tries == TRIES || !is_race(&error.to_string()) {
            return Err(error.into());
        }
        tries += 1;
    }
    service_log::note(world, &format!("image {}: built", names.join(" ")));
    drop(work);
    let message = match export {
        Export::Oci(None) => names.join("\n"),
        Export::Oci(Some(path)) => {
            image::save(world, &names, None, Some(&path))?;
            names.join("\n")
        }
        Export::Files { destination, .. } => destination,
    };
    print(&message);
    Ok(())
}

fn names(world: &World, matches: &Matches) -> Result<Vec<String>, Exit> {
    let domain = &world.settings.registry.domain;
    if matches.all("tag").is_empty() {
        return Ok(vec![reference::normalise(&crate::random::uuid()?, domain)?]);
    }
    matches
        .all("tag")
        .iter()
        .map(|name| {
            reference::normalise(name, domain)
                .map_err(|_| matches.usage(format!("invalid reference {name}")))
        })
        .collect()
}

fn export(matches: &Matches) -> Result<Export, Exit> {
    let given = matches.value("output").unwrap_or("type=oci");
    let field = |key: &str| {
        given
            .split(',')
            .find_map(|part| part.strip_prefix(key)?.strip_prefix('='))
    };
    let destination = field("dest").filter(|d| !d.is_empty()).map(absolute);
    let required = || Error::invalid(format!("dest is required {given}"));
    match field("type") {
        Some("oci") => Ok(Export::Oci(destination)),
        Some("tar") => Ok(Export::Files {
            kind: "tar",
            destination: destination.ok_or_else(required)?,
        }),
        Some("local") => Ok(Export::Files {
            kind: "local",
            destination: destination.ok_or_else(required)?,
        }),
        _ => Err(Error::invalid(format!("invalid exporter {given}")).into()),
    }
}

fn absolute(path: &str) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path));
    path.to_string_lossy().into_owned()
}

/// The file to build from; one on stdin is stored first.
fn dockerfile(matches: &Matches, context: &str, scratch: &Path) -> Result<PathBuf, Exit> {
    let path = match matches.value("file") {
        Some("-") => {
            let mut text = Vec::new();
            std::io::stdin()
                .read_to_end(&mut text)
                .context(|| "cannot read stdin".into())?;
            let path = scratch.join("Dockerfile");
            std::fs::write(&path, text).context(|| "cannot store the Dockerfile".into())?;
            path
        }
        Some(path) => PathBuf::from(path),
        None => ["Dockerfile", "Containerfile"]
            .iter()
            .map(|name| Path::new(context).join(name))
            .find(|path| path.exists())
            .ok_or_else(|| matches.usage("dockerfile not found in context dir"))?,
    };
    let text = std::fs::read(&path)
        .map_err(|_| matches.usage(format!("dockerfile does not exist {}", path.display())))?;
    if text.len() >= LARGEST {
        return Err(Error::invalid(format!(
            "Dockerfile size ({} bytes) exceeds the maximum allowed size of {LARGEST} bytes. See https://github.com/apple/container/issues/735.",
            text.len()
        ))
        .into());
    }
    Ok(path)
}

fn options(
    world: &World,
    matches: &Matches,
    command: &mut std::process::Command,
) -> Result<(), Exit> {
    for (flag, theirs) in [("build-arg", "--build-arg"), ("label", "--label")] {
        for value in matches.all(flag) {
            command.args([theirs, value]);
        }
    }
    // As BuildKit does: the time of the image. Here all of its files have it, too.
    let mut last_first = matches.all("build-arg").iter().rev();
    let time = last_first.find_map(|arg| arg.strip_prefix("SOURCE_DATE_EPOCH="));
    if let Some(time) = time {
        command.args(["--timestamp", time]);
    }
    if let Some(stage) = matches.value("target") {
        command.args(["--target", stage]);
    }
    command.arg(if matches.has("pull") {
        "--pull=always"
    } else {
        "--pull=missing"
    });
    if matches.has("no-cache") {
        command.arg("--no-cache");
    }
    match matches.value("ssh") {
        None => {}
        Some("default") if std::env::var_os("SSH_AUTH_SOCK").is_some() => {
            command.args(["--ssh", "default"]);
        }
        Some("default") => {
            return Err(matches.usage("--ssh default requires SSH_AUTH_SOCK to be set"));
        }
        Some(_) => return Err(matches.usage("only --ssh default is currently supported")),
    }
    for volume in world.settings.build_volumes()? {
        command.args(["--volume", &volume]);
    }
    let asked = platforms(matches)?;
    match &asked[..] {
        [] => {}
        [one] => {
            command.args(["--platform", one]);
        }
        _ => {
            return Err(Error::invalid(
                "building for several platforms at once is not supported here: build each by itself",
            )
            .into());
        }
    }
    Ok(())
}

fn platforms(matches: &Matches) -> Result<Vec<String>, Exit> {
    let mut all = Vec::new();
    for text in matches
        .all("platform")
        .iter()
        .flat_map(|text| text.split(','))
    {
        let one = platform::parse(text)
            .map_err(|_| matches.usage(format!("invalid platform specified {text}")))?;
        let text = platform::text(&one);
        if !all.contains(&text) {
            all.push(text);
        }
    }
    if all.is_empty()
        && let Some(one) = platform::asked(matches)?
    {
        all.push(platform::text(&one));
    }
    Ok(all)
}

fn secrets(matches: &Matches, command: &mut std::process::Command) -> Result<(), Exit> {
    for secret in matches.all("secret") {
        let Some(rest) = secret.strip_prefix("id=") else {
            return Err(matches.usage(format!("secret must start with id=<key> {secret}")));
        };
        let (id, source) = rest.split_once(',').unwrap_or((rest, ""));
        if id.contains('=') {
            return Err(matches.usage(format!("secret id cannot contain '=' {id}")));
        }
        let variable = match source.split_once('=') {
            None => id,
            Some(("env", variable)) => variable,
            Some(("src", path)) => {
                command
                    .arg("--secret")
                    .arg(format!("id={id},src={}", absolute(path)));
                continue;
            }
            Some(_) => return Err(matches.usage(format!("secret bad value {source}"))),
        };
        if std::env::var_os(variable).is_none() {
            return Err(matches.usage(format!("secret env var doesn't exist {variable}")));
        }
        command
            .arg("--secret")
            .arg(format!("id={id},env={variable}"));
    }
    Ok(())
}

/// Whether a build ended because an image was removed while podman looked through all there are for
/// what it may go on from. Steps that were done are not done again.
fn is_race(error: &str) -> bool {
    error.contains("checking if cached image exists from a previous build")
        && error.contains("not known")
}

/// Runs the builder. What it prints is progress; its errors are kept for the end.
fn run(matches: &Matches, command: &mut std::process::Command, work: &Lock) -> Result<()> {
    let quiet = matches.has("quiet");
    command.stdin(work.for_child()?).stderr(Stdio::piped());
    if quiet {
        command.stdout(Stdio::null());
    } else {
        let stderr = std::io::stderr();
        let copy = rustix::io::dup(&stderr).context(|| "cannot pass on progress".into())?;
        command.stdout(Stdio::from(copy));
    }
    let mut child = command.spawn().map_err(|e| unavailable(&e))?;
    let mut kept = Vec::new();
    let mut progress = Progress::default();
    if let Some(mut stderr) = child.stderr.take() {
        let mut buffer = [0; 8192];
        while let Ok(count) = stderr.read(&mut buffer) {
            if count == 0 {
                break;
            }
            if !quiet {
                let _ = std::io::stderr().write_all(&progress.pass(&buffer[..count]));
            }
            kept.extend_from_slice(&buffer[..count]);
            // Only the end matters for the message.
            if kept.len() > 64 * 1024 {
                kept.drain(..32 * 1024);
            }
        }
    }
    let status = child.wait().context(|| "cannot wait for podman".into())?;
    if status.success() {
        if !quiet {
            let _ = std::io::stderr().write_all(&progress.held);
        }
        return Ok(());
    }
    Err(Error::internal(crate::podman::reason(
        &String::from_utf8_lossy(&kept),
    )))
}

/// What is shown of the builder's output as it comes: all but an error in its last line, which is
/// told as this program's own.
#[derive(Default)]
struct Progress {
    held: Vec<u8>,
}

impl Progress {
    fn pass(&mut self, part: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(part);
        let text = self.held.strip_suffix(b"\n").unwrap_or(&self.held);
        let last = text.iter().rposition(|byte| *byte == b'\n');
        let last = last.map_or(0, |at| at + 1);
        let line = &self.held[last..];
        if line.starts_with(ERROR) || ERROR.starts_with(line) {
            let rest = self.held.split_off(last);
            std::mem::replace(&mut self.held, rest)
        } else {
            std::mem::take(&mut self.held)
        }
    }
}

/// What podman's errors begin with.
const ERROR: &[u8] = b"Error: ";

#[cfg(test)]
mod tests {
    use super::{Progress, is_race};

    #[test]
    fn a_lost_race_for_the_cache_is_told_from_what_is_wrong() {
        let lost = "checking if cached image exists from a previous build: getting top layer info: \
                    layer not known";
        assert!(is_race(lost));
        for wrong in [
            "building at STEP \"RUN false\": while running runtime: exit status 1",
            "initializing source docker://x: image not known",
            "checking if cached image exists from a previous build: no space left on device",
        ] {
            assert!(!is_race(wrong), "{wrong}");
        }
    }

    #[test]
    fn progress_is_passed_on_as_it_comes_but_for_a_last_error() {
        let mut progress = Progress::default();
        let mut pass = |text: &str| String::from_utf8(progress.pass(text.as_bytes())).unwrap();
        assert_eq!(pass("STEP 1\nhalf"), "STEP 1\nhalf");
        assert_eq!(pass(" of a line\nErr"), " of a line\n");
        assert_eq!(pass("or: of a step\n"), "");
        assert_eq!(pass("STEP 2\n"), "Error: of a step\nSTEP 2\n");
        assert_eq!(pass("Error: the"), "");
        assert_eq!(pass(" end\n"), "");
        assert_eq!(progress.held, b"Error: the end\n");
    }
}
