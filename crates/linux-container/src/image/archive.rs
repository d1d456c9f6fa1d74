//! Archives of images: OCI layouts in a tar, as Apple's tool reads and writes them.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{find, no_content, platform_of};
use crate::error::{Context, Error, Result};
use crate::lock::Lock;
use crate::model::Platform;
use crate::parse::reference;
use crate::podman::Podman;
use crate::scratch::Scratch;
use crate::store::Store;
use crate::world::World;

/// The name of an image in an index: Apple's, containerd's, and the one of the standard.
const NAMES: [&str; 3] = [
    "com.apple.containerization.image.name",
    "io.containerd.image.name",
    "org.opencontainers.image.ref.name",
];

/// Loads all images of an archive and returns their references.
pub(crate) fn load(world: &World, input: Option<&str>) -> Result<Vec<String>> {
    let _work = Lock::images(world)?;
    let scratch = Scratch::new(world)?;
    let archive = if let Some(path) = input {
        PathBuf::from(path)
    } else {
        let path = scratch.path().join("input.tar");
        let mut file = File::create(&path).context(|| "cannot store the archive".into())?;
        std::io::copy(&mut std::io::stdin().lock(), &mut file)
            .context(|| "cannot read the archive".into())?;
        path
    };
    let layout = scratch.path().join("layout");
    fs::create_dir(&layout).context(|| format!("cannot create {}", layout.display()))?;
    tar(
        ["--extract", "--no-same-owner", "--file"],
        &archive,
        &layout,
    )?;
    if !layout.join("index.json").exists() {
        return load_other(world, &archive);
    }
    let index = read(&layout.join("index.json"))?;
    let entries = index["manifests"].as_array().cloned().unwrap_or_default();
    let mut loaded = Vec::new();
    for entry in entries {
        if let Some(full) = import(world, &layout, &entry)? {
            loaded.push(full);
        }
    }
    if loaded.is_empty() {
        return Err(Error::internal(
            "failed to load archive: it contains no image",
        ));
    }
    Ok(loaded)
}

/// An archive of another tool.
fn load_other(world: &World, archive: &Path) -> Result<Vec<String>> {
    let text =
        Podman::new(world).run(["load", "--quiet", "--input", &archive.to_string_lossy()])?;
    let names = text
        .lines()
        .filter_map(|line| line.split_once(": ").map(|(_, name)| name));
    let mut loaded = Vec::new();
    for name in names.flat_map(|line| line.split(',')) {
        let short = name.trim().trim_start_matches("localhost/");
        let full = reference::normalise(short, &world.settings.registry.domain)?;
        if full != name.trim() {
            Podman::new(world).run(["tag", name.trim(), &full])?;
            Podman::new(world).run(["untag", &full, name.trim()])?;
        }
        loaded.push(full);
    }
    Ok(loaded)
}

/// Imports one entry of a layout's index; none for what is no image, such as an attestation.
fn import(world: &World, layout: &Path, entry: &Value) -> Result<Option<String>> {
    let annotations = &entry["annotations"];
    let Some(manifest) = select(layout, entry)? else {
        return Ok(None);
    };
    let name = NAMES.iter().find_map(|key| annotations[*key].as_str());
    let digest = entry["digest"].as_str().unwrap_or_default();
    let name = name.map_or_else(
        || {
            digest
                .replace(':', "-")
                .chars()
                .take(19)
                .collect::<String>()
        },
        str::to_owned,
    );
    let full = reference::normalise(&name, &world.settings.registry.domain)?;
    // podman imports one image at a time.
    let index = json!({
        "schemaVersion": 2,
        "manifests": [{
            "mediaType": manifest["mediaType"],
            "digest": manifest["digest"],
            "size": manifest["size"],
            "annotations": { NAMES[2]: full },
        }],
    });
    fs::write(layout.join("index.json"), index.to_string())
        .context(|| "cannot prepare the archive".into())?;
    // This podman names what it imports after the path, in lower case: give a path that is a name.
    let unique = format!("import-{}", crate::random::uuid()?);
    let folder = layout.parent().unwrap_or(layout);
    let link = folder.join(&unique);
    std::os::unix::fs::symlink(layout, &link).context(|| "cannot prepare the archive".into())?;
    let podman = Podman::new(world);
    let id = podman.run_in(folder, ["pull", "--quiet", &format!("oci:{unique}:{full}")])?;
    podman.run(["tag", &id, &full])?;
    // Newer ones go by the name in the index, and then there is nothing to take away.
    let _ = podman.run(["untag", &id, &format!("localhost/{unique}:latest")]);
    let _ = fs::remove_file(link);
    Ok(Some(full))
}

/// The manifest of an entry for this host, else the first real one: nested indexes are entered.
fn select(layout: &Path, entry: &Value) -> Result<Option<Value>> {
    let kind = entry["mediaType"].as_str().unwrap_or_default();
    if !kind.contains("index") && !kind.contains("manifest.list") {
        let unknown = entry["platform"]["architecture"] == "unknown";
        return Ok((!unknown).then(|| entry.clone()));
    }
    let index = read(&blob(layout, entry)?)?;
    let mut candidates = Vec::new();
    for inner in index["manifests"].as_array().into_iter().flatten() {
        if let Some(manifest) = select(layout, inner)?
            && blob(layout, &manifest)?.exists()
        {
            candidates.push(manifest);
        }
    }
    let host = crate::world::architecture();
    let fits = |m: &&Value| m["platform"]["architecture"].as_str() == Some(host);
    Ok(candidates
        .iter()
        .find(fits)
        .or_else(|| candidates.first())
        .cloned())
}

fn blob(layout: &Path, descriptor: &Value) -> Result<PathBuf> {
    let digest = descriptor["digest"].as_str().unwrap_or_default();
    let hex = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric());
    match digest.split_once(':') {
        Some((algorithm, value)) if hex(algorithm) && hex(value) => {
            Ok(layout.join("blobs").join(algorithm).join(value))
        }
        _ => Err(Error::invalid(format!(
            "invalid digest in the archive: {digest}"
        ))),
    }
}

fn read(path: &Path) -> Result<Value> {
    let text = fs::read(path).context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text).context(|| "cannot read the archive".into())
}

/// Writes images as one OCI layout tar to a file, or to stdout.
pub(crate) fn save(
    world: &World,
    names: &[String],
    asked: Option<&Platform>,
    output: Option<&str>,
) -> Result<Vec<String>> {
    let _work = Lock::images(world)?;
    let scratch = Scratch::new(world)?;
    let store = Store::new(world);
    let layout = scratch.path().join("layout");
    let mut entries = Vec::new();
    let mut references = Vec::new();
    for name in names {
        let (full, image) = find(world, name)?;
        let there = platform_of(&store.image_config(&image)?);
        if let Some(asked) = asked
            && (asked.architecture != there.architecture || asked.os != there.os)
        {
            return Err(no_content(&full, asked, &there));
        }
        let single = scratch.path().join("single");
        let format = [
            "save",
            "--quiet",
            "--format",
            "oci-dir",
            "--uncompressed",
            "--output",
        ];
        let target = single.to_string_lossy();
        Podman::new(world).run(
            format
                .iter()
                .copied()
                .chain([target.as_ref(), full.as_str()]),
        )?;
        for mut entry in read(&single.join("index.json"))?["manifests"]
            .as_array()
            .cloned()
            .unwrap_or_default()
        {
            let (_, tag) = reference::name_and_tag(&full);
            entry["annotations"] = json!({ NAMES[0]: full, NAMES[1]: full, NAMES[2]: tag });
            entry["platform"] = json!(there);
            entries.push(entry);
        }
        merge(&single, &layout)?;
        references.push(full);
    }
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": entries,
    });
    fs::write(layout.join("index.json"), index.to_string())
        .context(|| "cannot write the archive".into())?;
    match output {
        Some(path) => {
            let path = std::path::absolute(path).context(|| format!("invalid path {path}"))?;
            tar(["--create", "--owner=0:0", "--file"], &path, &layout)?;
        }
        None => tar(
            ["--create", "--owner=0:0", "--file"],
            Path::new("-"),
            &layout,
        )?,
    }
    Ok(references)
}

/// Moves the blobs of a layout into another one.
fn merge(from: &Path, to: &Path) -> Result<()> {
    let step = || -> std::io::Result<()> {
        let blobs = to.join("blobs/sha256");
        fs::create_dir_all(&blobs)?;
        for entry in fs::read_dir(from.join("blobs/sha256"))? {
            let entry = entry?;
            fs::rename(entry.path(), blobs.join(entry.file_name()))?;
        }
        fs::rename(from.join("oci-layout"), to.join("oci-layout"))?;
        fs::remove_dir_all(from)
    };
    step().context(|| "cannot write the archive".into())
}

/// Runs tar on a folder; an archive named `-` is stdout.
fn tar(action: [&str; 3], archive: &Path, folder: &Path) -> Result<()> {
    let mut command = Command::new("tar");
    command.args(&action[..2]);
    command
        .arg(action[2])
        .arg(archive)
        .arg("--directory")
        .arg(folder);
    if action[0] == "--create" {
        command.arg(".");
    }
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::inherit())
        .stderr(Stdio::piped())
        .spawn()
        .context(|| "cannot run tar".into())?;
    let mut text = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        let _ = stderr.read_to_string(&mut text);
    }
    let status = child.wait().context(|| "cannot wait for tar".into())?;
    let _ = std::io::stdout().flush();
    if status.success() {
        return Ok(());
    }
    let line = text.lines().next().unwrap_or("tar failed");
    Err(Error::internal(format!(
        "cannot process {}: {line}",
        archive.display()
    )))
}
