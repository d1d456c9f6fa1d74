//! `export kubeconfig` and `export logs`

use std::path::{Path, PathBuf};

use engine::{Engine, Error, ErrorCode, Result};
use serde::Serialize;

use crate::args::{ExportKubeconfigArgs, ExportLogsArgs};
use crate::session::Session;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExportedKubeconfig<'a> {
    name: &'a str,
    context: String,
    kubeconfig: &'a Path,
}

#[derive(Serialize)]
struct ExportedLogs<'a> {
    name: &'a str,
    logs: &'a Path,
}

pub(super) async fn kubeconfig(args: &ExportKubeconfigArgs, session: &Session) -> Result<()> {
    let engine = session.engine()?;
    let name = args.name.resolve()?;
    let file = args.kubeconfig.absolute()?;
    let file = session
        .ask(engine.export_kubeconfig(&name, file.as_deref(), args.set_context))
        .await?;
    let context = Engine::context_name(&name);
    let exported = ExportedKubeconfig {
        name: &name,
        context,
        kubeconfig: &file,
    };
    session.console.result(&exported, |_| {
        let current = if args.set_context {
            ", now the current one"
        } else {
            ""
        };
        format!(
            "Context {} is in {}{current}\n",
            exported.context,
            file.display()
        )
    })
}

pub(super) async fn logs(args: &ExportLogsArgs, session: &Session) -> Result<()> {
    let engine = session.engine()?;
    let name = args.name.resolve()?;
    let folder = match &args.folder {
        Some(folder) => {
            std::path::absolute(folder).map_err(|error| Error::io("find", folder, &error))?
        }
        None => new_folder(&name)?,
    };
    let title = format!("Collecting logs of cluster \"{name}\"");
    let logs = session
        .operate(&title, &name, async |op| {
            engine.export_logs(&name, &folder, op).await
        })
        .await?;
    session.console.result(
        &ExportedLogs {
            name: &name,
            logs: &logs,
        },
        |_| format!("{}\n", logs.display()),
    )
}

/// A folder that did not exist before, in the temporary folder.
fn new_folder(cluster: &str) -> Result<PathBuf> {
    let parent = std::env::temp_dir();
    for number in 1..1000 {
        let folder = parent.join(format!("apple-k8s-logs-{cluster}-{number}"));
        match std::fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => (),
            Err(error) => return Err(Error::io("create", &folder, &error)),
        }
    }
    let message = format!("{} is full of old logs", parent.display());
    Err(Error::new(ErrorCode::Usage, message)
        .hint("name a folder, or remove apple-k8s-logs-* there"))
}
