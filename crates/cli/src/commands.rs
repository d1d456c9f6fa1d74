//! One function a command: its arguments become one call of the engine, the answer becomes text.

mod acceptance;
mod apply;
mod build;
mod config;
mod create;
mod delete;
mod doctor;
mod export;
mod get;
mod lifecycle;
mod load;
mod manifests;
mod manual;
mod status;
mod uninstall;
mod version;

use engine::Result;
use serde::Serialize;

use crate::args::{
    ApplyCommand, BuildCommand, Command, CreateCommand, DeleteCommand, ExportCommand, GetCommand,
    LifecycleCommand, LoadCommand, Shell, StopCommand,
};
use crate::session::Session;

pub(crate) use build::architecture;

/// Runs a command to its end.
pub(crate) async fn run(command: &Command, session: &Session) -> Result<()> {
    match command {
        Command::Create(CreateCommand::Cluster(args)) => create::cluster(args, session).await,
        Command::Apply(ApplyCommand::Cluster(args)) => apply::cluster(args, session).await,
        Command::Apply(ApplyCommand::Manifests(args)) => manifests::apply(args, session).await,
        Command::Delete(DeleteCommand::Cluster(args)) => delete::one(args, session).await,
        Command::Delete(DeleteCommand::Clusters(args)) => delete::many(args, session).await,
        Command::Start(LifecycleCommand::Cluster(args)) => lifecycle::start(args, session).await,
        Command::Stop(StopCommand::Cluster(args)) => lifecycle::stop(args, session).await,
        Command::Restart(LifecycleCommand::Cluster(args)) => {
            lifecycle::restart(args, session).await
        }
        Command::Get(GetCommand::Clusters) => get::clusters(session).await,
        Command::Get(GetCommand::Nodes(args)) => get::nodes(args, session).await,
        Command::Get(GetCommand::Kubeconfig(name)) => get::kubeconfig(name, session).await,
        Command::Get(GetCommand::Images(name)) => get::images(name, session).await,
        Command::Status(args) => status::show(args, session).await,
        Command::Load(LoadCommand::ImageArchive(args)) => load::archives(args, session).await,
        Command::Load(LoadCommand::Image(args)) => load::images(args, session).await,
        Command::Build(BuildCommand::NodeImage(args)) => build::node_image(args, session).await,
        Command::Export(ExportCommand::Kubeconfig(args)) => export::kubeconfig(args, session).await,
        Command::Export(ExportCommand::Logs(args)) => export::logs(args, session).await,
        Command::Doctor(args) => doctor::run(args, session).await,
        Command::Uninstall(args) => uninstall::run(args, session).await,
        Command::Completion { shell } => completion(*shell, session),
        Command::Manual { folder } => manual::write(folder),
        Command::Version => version::show(session).await,
        Command::ExitCodes => exit_codes(session),
    }
}

/// A completion script, for JSON.
#[derive(Serialize)]
struct Completion<'a> {
    shell: &'static str,
    script: &'a str,
}

fn completion(shell: Shell, session: &Session) -> Result<()> {
    let shell = match shell {
        Shell::Bash => "bash",
        Shell::Zsh => "zsh",
        Shell::Fish => "fish",
    };
    let script = crate::completion::script(shell)?;
    let script = &String::from_utf8_lossy(&script);
    session
        .console
        .result(&Completion { shell, script }, |_| script.to_string())
}

fn exit_codes(session: &Session) -> Result<()> {
    let codes = crate::exit_codes::list();
    session
        .console
        .result(&codes, |_| crate::exit_codes::table())
}

/// "1 node", "2 nodes".
fn counted(count: usize, what: &str) -> String {
    if count == 1 {
        format!("1 {what}")
    } else {
        format!("{count} {what}s")
    }
}
