//! `system status` and `system version`.

use std::path::Path;

use serde_json::{Value, json};

use super::super::{format, print};
use crate::cli::Matches;
use crate::container::Container;
use crate::error::{Exit, Outcome, Result};
use crate::image;
use crate::output::{self, Format, Layout};
use crate::version::Version;
use crate::world::{World, architecture};

pub(in crate::command) fn status(world: &World, matches: &Matches) -> Outcome {
    let format = format(matches)?;
    let Some(service) = world.service() else {
        if format == Format::Table {
            print("apiserver is not running and not registered with launchd");
        } else {
            print(&output::render(
                &down(world),
                format,
                Layout::Compact,
                world.version,
            )?);
        }
        return Err(Exit::Status(1));
    };
    let server: Version = service.version.parse().unwrap_or(world.version);
    let value = if world.version < Version::PLAIN_SLASH {
        flat(world, server)
    } else {
        nested(world, server)?
    };
    if format == Format::Table {
        let mut rows = Vec::new();
        flatten("", &value, &mut rows);
        print(&output::table(&["FIELD", "VALUE"], &rows));
    } else {
        print(&output::render(
            &value,
            format,
            Layout::Compact,
            world.version,
        )?);
    }
    Ok(())
}

fn down(world: &World) -> Value {
    if world.version >= Version::PLAIN_SLASH {
        return json!({ "status": "unregistered" });
    }
    json!({
        "apiServerAppName": "", "apiServerBuild": "", "apiServerCommit": "",
        "apiServerVersion": "", "appRoot": "", "installRoot": "", "status": "unregistered",
    })
}

fn app_root(world: &World) -> String {
    format!("{}/", world.app_root.display())
}

fn install_root() -> String {
    let program = std::env::current_exe().unwrap_or_default();
    let folder = program
        .parent()
        .and_then(Path::parent)
        .unwrap_or(Path::new("/"));
    format!("{}/", folder.display().to_string().trim_end_matches('/'))
}

fn flat(world: &World, server: Version) -> Value {
    json!({
        "apiServerAppName": "container-apiserver",
        "apiServerBuild": "release",
        "apiServerCommit": Version::COMMIT,
        "apiServerVersion": server.line("container-apiserver"),
        "appRoot": app_root(world),
        "installRoot": install_root(),
        "status": "running",
    })
}

fn nested(world: &World, server: Version) -> Result<Value> {
    let all = Container::all(world)?;
    let part = |name: &str, version: String| {
        json!({
            "appName": name, "build": "release", "commit": Version::COMMIT, "version": version,
        })
    };
    let system = rustix::system::uname();
    Ok(json!({
        "client": part("container", world.version.to_string()),
        "host": {
            "architecture": architecture(),
            "cpus": std::thread::available_parallelism().map_or(1, usize::from),
            "operatingSystem": format!("Linux {}", system.release().to_string_lossy()),
        },
        "paths": { "appRoot": app_root(world), "installRoot": install_root() },
        "resources": {
            "containersRunning": all.iter().filter(|c| c.is_running()).count(),
            "containersTotal": all.len(),
            "images": image::all(world)?.len(),
        },
        "server": part("container-apiserver", server_version(server)),
        "status": "running",
    }))
}

/// Up to 1.4.0 a server answered with the whole line.
fn server_version(server: Version) -> String {
    if server < Version::PLAIN_SLASH {
        server.line("container-apiserver")
    } else {
        server.to_string()
    }
}

fn flatten(prefix: &str, value: &Value, rows: &mut Vec<Vec<String>>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let name = if prefix.is_empty() {
                    key.clone()
                } else {
                    format!("{prefix}.{key}")
                };
                flatten(&name, value, rows);
            }
        }
        Value::String(text) => rows.push(vec![prefix.to_owned(), text.clone()]),
        other => rows.push(vec![prefix.to_owned(), other.to_string()]),
    }
}

pub(in crate::command) fn version(world: &World, matches: &Matches) -> Outcome {
    let format = format(matches)?;
    let part = |name: &str, version: String| {
        json!({
            "appName": name, "buildType": "release", "commit": Version::COMMIT, "version": version,
        })
    };
    let mut parts = vec![part("container", world.version.to_string())];
    if let Some(service) = world.service() {
        let server: Version = service.version.parse().unwrap_or(world.version);
        parts.push(part("container-apiserver", server_version(server)));
    }
    if format == Format::Table {
        let text = |part: &Value, key: &str| part[key].as_str().unwrap_or_default().to_owned();
        let rows: Vec<Vec<String>> = parts
            .iter()
            .map(|p| {
                ["appName", "version", "buildType", "commit"]
                    .map(|k| text(p, k))
                    .to_vec()
            })
            .collect();
        print(&output::table(
            &["COMPONENT", "VERSION", "BUILD", "COMMIT"],
            &rows,
        ));
    } else {
        print(&output::render(
            &parts,
            format,
            Layout::Compact,
            world.version,
        )?);
    }
    Ok(())
}
