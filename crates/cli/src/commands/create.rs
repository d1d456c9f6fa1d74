//! `create cluster`

use std::env;
use std::path::Path;
use std::time::{Duration, Instant};

use engine::{CreateRequest, Created, Result};
use spec::{Cluster, Role};

use super::{config, counted};
use crate::args::CreateArgs;
use crate::duration;
use crate::session::Session;
use crate::style::{Style, Tone};

/// Where kubeadm puts the administrator's kubeconfig in a control plane.
const ADMIN: &str = "/etc/kubernetes/admin.conf";

pub(super) async fn cluster(args: &CreateArgs, session: &Session) -> Result<()> {
    let cluster = config::cluster(args, session.console)?;
    for doubt in engine::doubts(&cluster) {
        session.console.warn(&doubt);
    }
    let engine = session.engine()?;
    let (title, name) = (title(&cluster), cluster.name.clone());
    let request = CreateRequest {
        cluster,
        wait: Some(args.wait).filter(|wait| !wait.is_zero()),
        retain: args.retain,
        kubeconfig: args.kubeconfig.absolute()?,
        set_context: args.set_context,
    };
    let (waits, began) = (request.wait.is_some(), Instant::now());
    let created = session
        .operate(&title, &name, async |op| engine.create(request, op).await)
        .await?;
    let took = began.elapsed();
    session.console.result(&created, |style| {
        let mut text = summary(&created, waits, took, style);
        if !session.console.is_quiet() {
            text.push_str(&advice(&created, args, style));
        }
        text
    })
}

fn title(cluster: &Cluster) -> String {
    let machines = cluster.machines();
    let workers = machines
        .iter()
        .filter(|machine| machine.role == Role::Worker)
        .count();
    let planes = counted(machines.len() - workers, "control plane");
    let nodes = match workers {
        0 => planes,
        _ => format!("{planes}, {}", counted(workers, "worker")),
    };
    format!("Creating cluster \"{}\" ({nodes})", cluster.name)
}

fn summary(created: &Created, waited: bool, took: Duration, style: Style) -> String {
    let (is, doubt) = if waited {
        ("ready", "")
    } else {
        ("created", ", maybe not ready yet")
    };
    let took = duration::precise(took);
    let mut text = format!(
        "{}: Kubernetes {}, {}{doubt}\n",
        style.paint(
            Tone::Strong,
            &format!("Cluster \"{}\" is {is} after {took}", created.name)
        ),
        created.kubernetes_version,
        counted(created.nodes.len(), "node"),
    );
    text.extend(created.ports.iter().map(|port| format!("  {port}\n")));
    text
}

/// What to try next, and how to get what it takes.
fn advice(created: &Created, args: &CreateArgs, style: Style) -> String {
    let mut call = vec!["kubectl".to_owned()];
    if let Some(file) = &args.kubeconfig.file {
        call.push(format!("--kubeconfig {}", shell_word(file)));
    }
    if !created.current_context {
        call.push(format!("--context {}", created.context));
    }
    call.push("get nodes".to_owned());
    let call = style.paint(Tone::Active, &call.join(" "));
    if on_path("kubectl", env::var_os("PATH").as_deref()) {
        return format!("\nTry it:\n  {call}\n");
    }
    let source = if cfg!(target_os = "macos") {
        "brew install kubectl"
    } else {
        "https://kubernetes.io/docs/tasks/tools/"
    };
    let node = created.nodes.first().map_or("", String::as_str);
    let inside = format!("container exec {node} kubectl --kubeconfig {ADMIN} get nodes");
    format!(
        "\nTry it:\n  {call}\n\nkubectl is not on your PATH. Get it ({source}), or use the node's own:\n  {}\n",
        style.paint(Tone::Active, &inside),
    )
}

/// The path as one word of a shell.
fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let safe = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%,=".contains(c);
    if !text.is_empty() && text.chars().all(safe) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

fn on_path(program: &str, path: Option<&std::ffi::OsStr>) -> bool {
    let executable = |file: &Path| {
        file.is_file() && rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok()
    };
    path.is_some_and(|path| env::split_paths(path).any(|folder| executable(&folder.join(program))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_counts_nodes() {
        let title = |workers| title(&Cluster::simple("demo", workers).expect("cluster"));
        assert_eq!(title(0), "Creating cluster \"demo\" (1 control plane)");
        assert_eq!(
            title(2),
            "Creating cluster \"demo\" (1 control plane, 2 workers)"
        );
    }

    #[test]
    fn a_path_is_one_word() {
        assert_eq!(
            shell_word(Path::new("/home/u/.kube/config")),
            "/home/u/.kube/config"
        );
        assert_eq!(shell_word(Path::new("/a b/it's")), r"'/a b/it'\''s'");
        assert_eq!(shell_word(Path::new("/a;b")), "'/a;b'");
    }

    #[test]
    fn only_an_executable_file_is_a_program() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("kubectl");
        std::fs::write(&file, "").expect("file");
        let path = Some(folder.path().as_os_str());
        assert!(!on_path("kubectl", path));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("mode");
        assert!(on_path("kubectl", path));
        assert!(!on_path("kubectl", None));
    }
}
