//! `make run`: a cluster with a sample web app, by the commands a user would type. What is there
//! already is left as it is, so a second run is quick.

use std::fs;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Variable that names the cluster; for its own test.
const CLUSTER: &str = "APPLE_K8S_DEMO";
/// Variable with the search path of whoever called make, which adds to its own.
const SEARCH_PATH: &str = "APPLE_K8S_USER_PATH";
const IMAGE: &str = "sample:1";
const SAMPLE: &str = "tests/sample";
/// As in the sample's manifest.
const NODE_PORT: u16 = 30080;
/// Debian's static busybox, of which the sample is made on Linux; a Mac takes it from a hub.
const BUSYBOX: &str = "/bin/busybox";

/// Brings everything up and shows that it answers.
pub(crate) fn run() -> Result<()> {
    let cluster = std::env::var(CLUSTER).unwrap_or_else(|_| "demo".to_owned());
    let control_plane = format!("{cluster}-control-plane");
    show("container", &["system", "start", "--enable-kernel-install"])?;
    show("apple-k8s", &["build", "node-image"])?;
    match state(&cluster)?.as_deref() {
        Some("running") => println!("Cluster {cluster} runs already."),
        Some("incomplete") | None => {
            show(
                "apple-k8s",
                &["create", "cluster", &cluster, "--workers", "1"],
            )?;
        }
        Some(_) => show("apple-k8s", &["start", "cluster", &cluster])?,
    }
    build_sample()?;
    show("apple-k8s", &["load", "image", IMAGE, "--name", &cluster])?;
    kubectl(
        &control_plane,
        &["apply", "--filename", "-"],
        Some(&fs::read(Path::new(SAMPLE).join("manifest.yaml"))?),
    )?;
    kubectl(
        &control_plane,
        &["rollout", "status", "deployment/sample", "--timeout=120s"],
        None,
    )?;
    let address = address(&control_plane)?;
    let page = get_soon(address)?;
    let title = page
        .split_once("<title>")
        .and_then(|(_, rest)| rest.split_once("</title>"));
    let title = title.context("the sample answered with another page")?.0;
    println!("\nThe sample answers through its Service: “{title}”\n");
    print!("{}", advice(&cluster, address, &Shell::of_the_user()?));
    Ok(())
}

/// What the user's own shell finds.
struct Shell {
    /// The folder of our programs, where they are not found by name.
    programs: Option<PathBuf>,
    kubectl: bool,
}

impl Shell {
    fn of_the_user() -> Result<Self> {
        let path = std::env::var_os(SEARCH_PATH).or_else(|| std::env::var_os("PATH"));
        let path = path.unwrap_or_default();
        let finds = |name: &str| std::env::split_paths(&path).any(|at| at.join(name).is_file());
        let own = std::env::current_exe().context("finding this program")?;
        Ok(Self {
            programs: if finds("apple-k8s") && finds("container") {
                None
            } else {
                own.parent().map(Path::to_owned)
            },
            kubectl: finds("kubectl"),
        })
    }
}

/// What to try next, in commands that work as they stand.
fn advice(cluster: &str, address: SocketAddr, shell: &Shell) -> String {
    let path = shell.programs.as_ref().map_or(String::new(), |folder| {
        format!(
            "`make install` puts the programs on your PATH. Until then, in this shell:\n  \
             export PATH=\"{}:$PATH\"\n\n",
            folder.display()
        )
    });
    let kubectl = if shell.kubectl {
        format!("kubectl --context apple-k8s-{cluster}")
    } else {
        format!("container exec {cluster}-control-plane kubectl")
    };
    format!(
        "{path}Look at it, and around:\n  \
         curl http://{address}\n  \
         apple-k8s status {cluster}\n  \
         {kubectl} get pods --all-namespaces\n\n\
         Stop it and start it again, nothing is lost:\n  \
         apple-k8s stop cluster {cluster}\n  \
         apple-k8s start cluster {cluster}\n\n\
         And when you are done:\n  \
         apple-k8s delete cluster {cluster}\n"
    )
}

/// State of the cluster, in the words of `apple-k8s get clusters`; none when there is none.
fn state(cluster: &str) -> Result<Option<String>> {
    let said = output(Command::new("apple-k8s").args(["get", "clusters", "--output", "json"]))?;
    for line in said.lines() {
        let line: Value = serde_json::from_str(line).context("reading `apple-k8s get clusters`")?;
        let clusters = line.pointer("/result").unwrap_or(&line);
        let clusters = clusters.pointer("/clusters").unwrap_or(clusters);
        let ours = clusters
            .as_array()
            .into_iter()
            .flatten()
            .find(|one| one["name"] == cluster);
        if let Some(state) = ours.and_then(|one| one["state"].as_str()) {
            return Ok(Some(state.to_owned()));
        }
    }
    Ok(None)
}

fn build_sample() -> Result<()> {
    let known = Command::new("container")
        .args(["image", "inspect", IMAGE])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    if known.success() {
        return Ok(());
    }
    if !Path::new(BUSYBOX).exists() {
        return show("container", &["build", "--tag", IMAGE, SAMPLE]);
    }
    let folder = tempfile::tempdir()?;
    fs::copy(BUSYBOX, folder.path().join("busybox"))?;
    let dockerfile = "FROM scratch\nCOPY busybox /bin/busybox\n";
    fs::write(folder.path().join("Dockerfile"), dockerfile)?;
    let folder = folder.path().to_string_lossy();
    show("container", &["build", "--tag", "sample-base:1", &folder])?;
    show(
        "container",
        &[
            "build",
            "--tag",
            IMAGE,
            "--build-arg",
            "BASE=sample-base:1",
            SAMPLE,
        ],
    )
}

/// Runs the cluster's own kubectl: the host needs none.
fn kubectl(control_plane: &str, arguments: &[&str], input: Option<&[u8]>) -> Result<()> {
    println!("\n$ kubectl {}", arguments.join(" "));
    let mut command = Command::new("container");
    command.arg("exec").args(input.map(|_| "--interactive"));
    command
        .args([control_plane, "/usr/local/bin/kubectl"])
        .args(arguments);
    let stdin = if input.is_some() {
        Stdio::piped()
    } else {
        Stdio::null()
    };
    let mut child = command.stdin(stdin).spawn()?;
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        stdin.write_all(input)?;
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("kubectl {} ended with {status}", arguments.join(" "));
    }
    Ok(())
}

/// Where the sample's Service answers on this machine: any node's address, at its node port.
fn address(control_plane: &str) -> Result<SocketAddr> {
    let said = output(Command::new("container").args(["inspect", control_plane]))?;
    let said: Value = serde_json::from_str(&said)?;
    let address = said
        .pointer("/0/status/networks/0/ipv4Address")
        .and_then(Value::as_str)
        .and_then(|text| text.split('/').next())
        .context("the control plane has no address")?;
    Ok(SocketAddr::new(address.parse()?, NODE_PORT))
}

/// A page of a Service whose pods are ready: kube-proxy leads to them a moment later, and says so
/// nowhere.
fn get_soon(address: SocketAddr) -> Result<String> {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        match get(address) {
            Err(_) if Instant::now() < until => thread::sleep(Duration::from_millis(50)),
            page => return page,
        }
    }
}

/// A page, by the plainest HTTP there is.
fn get(address: SocketAddr) -> Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(10))
        .with_context(|| format!("connecting to {address}"))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(stream, "GET / HTTP/1.0\r\nHost: sample\r\n\r\n")?;
    let page = std::io::read_to_string(stream)?;
    if !page.starts_with("HTTP/1.0 200") && !page.starts_with("HTTP/1.1 200") {
        bail!(
            "http://{address} answered {}",
            page.lines().next().unwrap_or("nothing")
        );
    }
    Ok(page)
}

/// Runs a command in sight of the user, as they would type it.
fn show(program: &str, arguments: &[&str]) -> Result<()> {
    println!("\n$ {program} {}", arguments.join(" "));
    let status = Command::new(program)
        .args(arguments)
        .status()
        .context(program.to_owned())?;
    if !status.success() {
        bail!("{program} {} ended with {status}", arguments.join(" "));
    }
    Ok(())
}

/// Runs a command out of sight and gives what it wrote.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let shown = format!("{command:?}");
    let done = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| shown.clone())?;
    if !done.status.success() {
        bail!(
            "{shown}\n{}\n{}",
            done.status,
            String::from_utf8_lossy(&done.stderr)
        );
    }
    Ok(String::from_utf8(done.stdout)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_works_in_the_users_own_shell() {
        let address = "10.0.0.2:30080".parse().expect("an address");
        let mut shell = Shell {
            programs: Some("/built".into()),
            kubectl: false,
        };
        let text = advice("demo", address, &shell);
        assert!(text.contains("  export PATH=\"/built:$PATH\"\n"), "{text}");
        assert!(text.contains("  container exec demo-control-plane kubectl get pods"));
        shell.programs = None;
        shell.kubectl = true;
        let text = advice("demo", address, &shell);
        assert!(text.starts_with("Look at it"), "{text}");
        assert!(text.contains("  kubectl --context apple-k8s-demo get pods"));
    }
}
