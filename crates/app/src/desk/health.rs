//! The check list, and what the app says of itself.

use std::path::{Path, PathBuf};

use std::sync::Arc;

use engine::{Check, Engine, Error, ErrorCode, FixId, Home, Result};

use super::Desk;
use super::clusters::build_image;
use super::work::Order;
use crate::snapshot::OperationKind;
use crate::terminal::{self, Launch, Platform, Surroundings};
use crate::wire::{AppInfo, RevealTarget, TerminalTarget};

/// Addresses of documentation that a window may open.
const DOCUMENTATION: [&str; 4] = [
    "https://github.com/apple/container/releases",
    "https://github.com/apple/container",
    "https://github.com/apple-k8s/apple-k8s",
    "https://kubernetes.io/docs/",
];

/// What puts checks right: by name, and what is done in words.
const FIXES: [(&str, FixId, &str); 4] = [
    (
        "start-service",
        FixId::StartService,
        "Starting the container service",
    ),
    (
        "restart-service",
        FixId::RestartService,
        "Restarting the container service",
    ),
    (
        "install-kernel",
        FixId::InstallKernel,
        "Installing the kernel for nodes",
    ),
    (
        "build-node-image",
        FixId::BuildNodeImage,
        "Building the node image",
    ),
];

impl Desk {
    /// The check list of what nodes need.
    pub async fn doctor_check(&self) -> Vec<Check> {
        Engine::doctor(self.engine(), self.kubeconfig().as_deref()).await
    }

    /// Puts a check right.
    pub fn doctor_fix(self: &Arc<Self>, id: &str) -> Result<u64> {
        let unknown = || Error::new(ErrorCode::Usage, format!("{id:?} puts nothing right"));
        let (_, fix, text) = FIXES
            .into_iter()
            .find(|(word, _, _)| *word == id)
            .ok_or_else(unknown)?;
        let kind = match fix {
            FixId::BuildNodeImage => OperationKind::BuildImage,
            _ => OperationKind::Fix,
        };
        let order = Order::on_runtime(kind, text);
        Ok(self.begin(order, move |_, engine, op| async move {
            match fix {
                FixId::BuildNodeImage => {
                    engine.container().ready().await?;
                    build_image(&engine, None, &op).await?;
                }
                fix => engine.fix(fix, &op).await?,
            }
            Ok(None)
        }))
    }

    /// What the app is.
    pub fn info(&self) -> AppInfo {
        AppInfo {
            version: env!("CARGO_PKG_VERSION").into(),
            platform: Platform::here().name().into(),
            architecture: engine::architecture().into(),
            cpus: engine::cpus(),
            memory_bytes: engine::total_memory(),
            kubernetes_version: engine::DEFAULT_KUBERNETES_VERSION.into(),
            logs: self.place.logs().display().to_string(),
            config: self.place.config().display().to_string(),
        }
    }

    /// Where the engine keeps its files.
    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    /// How a shell for a target is opened.
    pub fn terminal(&self, target: &TerminalTarget) -> Result<Launch> {
        let surroundings = Surroundings::of_this_process();
        let command = terminal::command(target, &self.engine()?, &surroundings)?;
        let launch = terminal::launch(
            Platform::here(),
            &surroundings,
            &command,
            &self.place.config().join("terminal"),
            self.store.number(),
        )?;
        if let Some((file, text)) = &launch.script {
            crate::saved::replace(file, text)?;
            make_executable(file)?;
        }
        Ok(launch)
    }

    /// The folder to show in the file manager. One that is not there yet is made when it is ours;
    /// instead of another's the nearest one that is there is shown.
    pub fn reveal(&self, what: RevealTarget) -> Result<PathBuf> {
        let own = match what {
            RevealTarget::Logs => self.place.logs().to_owned(),
            RevealTarget::ClusterLogs => self.home.logs(),
            RevealTarget::Settings => self.place.config().to_owned(),
            RevealTarget::Exported { operation } => return self.exported(operation),
            RevealTarget::Kubeconfig => {
                let files = kubeconfig::Files::from_env(self.kubeconfig().as_deref())?;
                let mut above = files.target().ancestors().skip(1);
                let folder = above.find(|folder| folder.is_dir());
                return Ok(folder.unwrap_or(Path::new("/")).to_owned());
            }
        };
        crate::saved::folder(&own)?;
        Ok(own)
    }

    /// Whether a window may have this address opened: documentation, or a port of this machine
    /// that a cluster which is shown says can be reached.
    pub fn may_open(&self, url: &str) -> bool {
        if DOCUMENTATION.iter().any(|known| {
            url.strip_prefix(known).is_some_and(|rest| {
                rest.is_empty() || known.ends_with('/') || rest.starts_with('/')
            })
        }) {
            return url.chars().all(|c| c.is_ascii_graphic());
        }
        let rest = url
            .strip_prefix("http://")
            .or_else(|| url.strip_prefix("https://"));
        let Some(address) = rest.map(|rest| rest.trim_end_matches('/')) else {
            return false;
        };
        self.reachable()
            .iter()
            .any(|known| known == address || known.replace("127.0.0.1", "localhost") == address)
    }
}

fn make_executable(file: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o700))
        .map_err(|error| Error::io("make executable", file, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words are those that windows get with the checks.
    #[test]
    fn fixes_are_called_as_the_checks_call_them() {
        for (word, fix, _) in FIXES {
            assert_eq!(serde_json::to_value(fix).unwrap(), word);
        }
    }
}
