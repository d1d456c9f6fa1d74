//! `registry …`: credentials in a file of the app root.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Read};
use std::process::Stdio;

use serde::Serialize;

use super::{print, show_list};
use crate::cli::Matches;
use crate::error::{Context, Error, Outcome, Result};
use crate::podman::{Podman, reason, unavailable};
use crate::world::World;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Login {
    creation_date: String,
    id: String,
    labels: BTreeMap<String, String>,
    modification_date: String,
    name: String,
    username: String,
}

pub(super) fn login(world: &World, matches: &Matches) -> Outcome {
    let server = &matches.positional[0];
    let Some(user) = matches.value("username") else {
        return Err(Error::invalid("no user name given: use --username").into());
    };
    if !matches.has("password-stdin") && std::io::stdin().is_terminal() {
        return Err(matches.usage("give the password on stdin with --password-stdin"));
    }
    let mut password = String::new();
    std::io::stdin()
        .read_to_string(&mut password)
        .context(|| "cannot read the password".into())?;
    if password.trim_end_matches(['\r', '\n']).is_empty() {
        return Err(Error::invalid("no password given on the standard input").into());
    }
    let mut command = Podman::new(world).command(["login", "--password-stdin", "--username", user]);
    if matches.value("scheme") == Some("http") {
        command.arg("--tls-verify=false");
    }
    let mut child = command
        .arg(server)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| unavailable(&e))?;
    if let Some(mut stdin) = child.stdin.take() {
        std::io::Write::write_all(&mut stdin, password.as_bytes())
            .context(|| "cannot hand on the password".into())?;
    }
    let output = child
        .wait_with_output()
        .context(|| "cannot wait for podman".into())?;
    if !output.status.success() {
        return Err(Error::internal(reason(&String::from_utf8_lossy(&output.stderr))).into());
    }
    print("Login succeeded");
    Ok(())
}

pub(super) fn logout(world: &World, matches: &Matches) -> Result<()> {
    Podman::new(world)
        .run(["logout", &matches.positional[0]])
        .map(drop)
}

pub(super) fn list(world: &World, matches: &Matches) -> Outcome {
    let path = world.podman().join("auth.json");
    let text = std::fs::read(&path).unwrap_or_default();
    let file: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
    let date = std::fs::metadata(&path)
        .and_then(|meta| meta.modified())
        .ok()
        .and_then(|time| jiff::Timestamp::try_from(time).ok())
        .map(crate::model::date)
        .unwrap_or_default();
    let mut logins = Vec::new();
    for server in file["auths"]
        .as_object()
        .into_iter()
        .flat_map(|auths| auths.keys())
    {
        let username = Podman::new(world).run(["login", "--get-login", server])?;
        logins.push(Login {
            creation_date: date.clone(),
            id: server.clone(),
            labels: BTreeMap::new(),
            modification_date: date.clone(),
            name: server.clone(),
            username,
        });
    }
    let header = ["HOSTNAME", "USERNAME", "MODIFIED", "CREATED"];
    let row = |l: &Login| {
        vec![
            l.name.clone(),
            l.username.clone(),
            l.modification_date.clone(),
            l.creation_date.clone(),
        ]
    };
    show_list(world, matches, &logins, &header, row, |l| l.name.clone())
}
