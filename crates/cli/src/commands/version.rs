//! `version`

use std::path::PathBuf;

use engine::{DEFAULT_KUBERNETES_VERSION, Result};
use serde::Serialize;

use crate::session::Session;

#[derive(Serialize)]
struct Versions {
    version: &'static str,
    platform: String,
    kubernetes: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<Runtime>,
}

#[derive(Serialize)]
struct Runtime {
    program: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
}

pub(super) async fn show(session: &Session) -> Result<()> {
    let versions = Versions {
        version: env!("CARGO_PKG_VERSION"),
        platform: format!("{}/{}", system(), engine::architecture()),
        kubernetes: DEFAULT_KUBERNETES_VERSION,
        container: session.ask(runtime(session)).await?,
    };
    session.console.result(&versions, |_| text(&versions))
}

/// The `container` program, as far as it can be found and asked. This command never fails for it.
async fn runtime(session: &Session) -> Result<Option<Runtime>> {
    let Ok(engine) = session.engine() else {
        return Ok(None);
    };
    let container = engine.container();
    let version = container
        .version()
        .await
        .ok()
        .map(|version| version.to_string());
    Ok(Some(Runtime {
        program: container.program().to_owned(),
        version,
    }))
}

fn text(versions: &Versions) -> String {
    let container = match &versions.container {
        None => "not found".to_owned(),
        Some(Runtime {
            program,
            version: None,
        }) => {
            format!("{}, which does not tell its version", program.display())
        }
        Some(Runtime {
            program,
            version: Some(version),
        }) => {
            format!("{version} ({})", program.display())
        }
    };
    format!(
        "apple-k8s v{} ({})\ncontainer {container}\nKubernetes {} by default\n",
        versions.version, versions.platform, versions.kubernetes
    )
}

/// The operating system as Go and Kubernetes call it.
fn system() -> &'static str {
    if cfg!(target_os = "macos") {
        "darwin"
    } else {
        std::env::consts::OS
    }
}
