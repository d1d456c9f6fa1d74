//! `make run`: a cluster with a sample web app, by the commands a user would type. What is there
//! already is left as it is, so a second run is quick.

use std::fs;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

const CLUSTER: &str = "demo";
const CONTROL_PLANE: &str = "demo-control-plane";
const IMAGE: &str = "sample:1";
const SAMPLE: &str = "tests/sample";
/// As in the sample's manifest.
const NODE_PORT: u16 = 30080;
/// Debian's static busybox, of which the sample is made on Linux; a Mac takes it from a hub.
const BUSYBOX: &str = "/bin/busybox";

/// Brings everything up and shows that it answers.
pub(crate) fn run() -> Result<()> {
    show("container", &["system", "start", "--enable-kernel-install"])?;
    show("apple-k8s", &["build", "node-image"])?;
    match state()?.as_deref() {
        Some("running") => println!("Cluster {CLUSTER} runs already."),
        Some("incomplete") | None => {
            show(
                "apple-k8s",
                &["create", "cluster", CLUSTER, "--workers", "1"],
            )?;
        }
        Some(_) => show("apple-k8s", &["start", "cluster", CLUSTER])?,
    }
    build_sample()?;
    show("apple-k8s", &["load", "image", IMAGE, "--name", CLUSTER])?;
    kubectl(
        &["apply", "--filename", "-"],
        Some(&fs::read(Path::new(SAMPLE).join("manifest.yaml"))?),
    )?;
    kubectl(
        &["rollout", "status", "deployment/sample", "--timeout=120s"],
        None,
    )?;
    let address = address()?;
    let page = get(address)?;
    let title = page
        .split_once("<title>")
        .and_then(|(_, rest)| rest.split_once("</title>"));
    let title = title.context("the sample answered with another page")?.0;
    println!(
        "\nThe sample answers through its Service: “{title}”\n\n\
         Look at it, and around:\n  \
         http://{address}\n  \
         apple-k8s status {CLUSTER}\n  \
         kubectl --context apple-k8s-{CLUSTER} get pods --all-namespaces\n\n\
         Stop it and start it again, nothing is lost:\n  \
         apple-k8s stop cluster {CLUSTER}\n  \
         apple-k8s start cluster {CLUSTER}\n\n\
         And when you are done:\n  \
         apple-k8s delete cluster {CLUSTER}"
    );
    Ok(())
}

/// State of the cluster, in the words of `apple-k8s get clusters`; none when there is none.
fn state() -> Result<Option<String>> {
    let said = output(Command::new("apple-k8s").args(["get", "clusters", "--output", "json"]))?;
    for line in said.lines() {
        let line: Value = serde_json::from_str(line).context("reading `apple-k8s get clusters`")?;
        let clusters = line.pointer("/result").unwrap_or(&line);
        let clusters = clusters.pointer("/clusters").unwrap_or(clusters);
        let ours = clusters
            .as_array()
            .into_iter()
            .flatten()
            .find(|one| one["name"] == CLUSTER);
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
fn kubectl(arguments: &[&str], input: Option<&[u8]>) -> Result<()> {
    println!("\n$ kubectl {}", arguments.join(" "));
    let mut command = Command::new("container");
    command.arg("exec").args(input.map(|_| "--interactive"));
    command
        .args([CONTROL_PLANE, "/usr/local/bin/kubectl"])
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
fn address() -> Result<SocketAddr> {
    let said = output(Command::new("container").args(["inspect", CONTROL_PLANE]))?;
    let said: Value = serde_json::from_str(&said)?;
    let address = said
        .pointer("/0/status/networks/0/ipv4Address")
        .and_then(Value::as_str)
        .and_then(|text| text.split('/').next())
        .context("the control plane has no address")?;
    Ok(SocketAddr::new(address.parse()?, NODE_PORT))
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
