//! `--output json`: no command of the tree may write anything else to standard output.
#![allow(clippy::expect_used)]

mod common;

use std::collections::BTreeSet;
use std::fs;

use common::{Bench, creatable, fresh, healthy, node, two_nodes};
use container_script::{Act, Script};
use serde_json::{Value, json};

/// All commands that take no further word, by what `--help` lists.
fn leaves(bench: &Bench, words: &str, into: &mut BTreeSet<String>) {
    let help = bench.run(&format!("{words} --help"));
    assert_eq!(help.status, 0, "{words}: {help:?}");
    let listed: Vec<String> = help
        .out
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        // Further lines of a description are indented deeper.
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .filter(|name| name != "help")
        .collect();
    if listed.is_empty() {
        into.insert(words.to_owned());
    }
    for name in listed {
        leaves(bench, format!("{words} {name}").trim(), into);
    }
}

/// A command, what it is given, how `container` answers, and the field of its result. The error's
/// code stands where an answer takes a cluster that runs: that is for the tests on real nodes.
struct Case {
    command: &'static str,
    given: &'static str,
    script: fn() -> Script,
    result: Result<&'static str, &'static str>,
}

const fn case(
    command: &'static str,
    given: &'static str,
    script: fn() -> Script,
    result: Result<&'static str, &'static str>,
) -> Case {
    Case {
        command,
        given,
        script,
        result,
    }
}

fn running() -> Script {
    healthy()
        .on(&["list"], [two_nodes("running")])
        .on(&["stop"], [Act::LastWord])
        .on(&["logs"], [Act::Stdout("systemd says hello\n".into())])
        .on(&["exec"], [Act::Stdout("a log\n".into())])
        .on(&["inspect"], [two_nodes("running")])
}

fn stopped() -> Script {
    healthy().on(&["list"], [two_nodes("stopped")])
}

fn deletable() -> Script {
    let mut script = fresh();
    script.rules.retain(|rule| rule.words != ["list"]);
    script.on(&["list"], [Act::Stdout("[]".into())])
}

fn unbuildable() -> Script {
    running().failing(&["build"], "the builder is gone")
}

/// Nodes of a cluster that another home made.
fn foreign() -> Script {
    let other = node("other", "other-worker", "worker", "172.30.0.3", "running");
    healthy().on(&["list"], [Act::Stdout(json!([other]).to_string())])
}

const MANIFEST: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: web}\n";

const CASES: &[Case] = &[
    case(
        "create cluster",
        "dev --workers 1 --wait 0",
        creatable,
        Ok("server"),
    ),
    case(
        "apply cluster",
        "dev --config cluster.yaml --dry-run",
        stopped,
        Ok("atOnce"),
    ),
    case(
        "apply manifests",
        "manifests.yaml --name dev",
        stopped,
        Err("ClusterStopped"),
    ),
    case("delete cluster", "nobody", deletable, Ok("name")),
    case("delete clusters", "--all", foreign, Ok("deleted")),
    case("start cluster", "nobody", running, Err("ClusterNotFound")),
    case("stop cluster", "dev", running, Ok("state")),
    case("restart cluster", "nobody", running, Err("ClusterNotFound")),
    case("get clusters", "", running, Ok("clusters")),
    case("get nodes", "dev", running, Ok("nodes")),
    case("get images", "dev", stopped, Err("ClusterStopped")),
    case("get kubeconfig", "dev", running, Ok("kubeconfig")),
    case("status", "dev", stopped, Ok("clusters")),
    case(
        "load image",
        "web:1 --name dev",
        stopped,
        Err("ClusterStopped"),
    ),
    case(
        "load image-archive",
        "missing.tar --name dev",
        running,
        Err("ImageMissing"),
    ),
    case(
        "build node-image",
        "--kubernetes-version v1.99.0",
        unbuildable,
        Err("RuntimeFailed"),
    ),
    case("export kubeconfig", "dev", running, Ok("context")),
    case("export logs", "collected --name dev", running, Ok("logs")),
    case("doctor", "", running, Err("KernelMissing")),
    case("uninstall", "--dry-run", running, Ok("kept")),
    case("completion", "bash", running, Ok("script")),
    case("version", "", running, Ok("version")),
    case("exit-codes", "", running, Ok("exitCodes")),
];

#[test]
fn every_command_speaks_json() {
    let bench = Bench::new(&Script::new());
    let mut all = BTreeSet::new();
    leaves(&bench, "", &mut all);
    let tried: BTreeSet<String> = CASES.iter().map(|case| case.command.to_owned()).collect();
    assert_eq!(
        all, tried,
        "a command without a case, or the other way round"
    );

    let wrong: Vec<String> = CASES.iter().filter_map(|case| case.fault().err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

impl Case {
    /// What is not as it should be.
    fn fault(&self) -> Result<(), String> {
        let bench = Bench::new(&(self.script)());
        let creates = self.command == "create cluster";
        if !creates {
            bench.remember("dev");
        }
        let saved = spec::Cluster::simple("dev", 1)
            .expect("a cluster")
            .to_yaml();
        fs::write(bench.path("cluster.yaml"), saved).expect("a file");
        fs::write(bench.path("manifests.yaml"), MANIFEST).expect("a file");
        let line = format!("{} {} --output json", self.command, self.given);
        let answer = bench.run(&line);
        let lines: Result<Vec<Value>, _> = answer.out.lines().map(serde_json::from_str).collect();
        let lines = lines.map_err(|error| format!("{line}: {error}: {answer:?}"))?;
        let Some((last, before)) = lines.split_last() else {
            return Err(format!("{line}: nothing: {answer:?}"));
        };
        let known = |step: &&Value| match step["type"].as_str() {
            Some("step" | "warning") => true,
            // What was found, before what is wrong with it.
            Some("result") => self.command == "doctor" && step["checks"].is_array(),
            _ => false,
        };
        if let Some(other) = before.iter().find(|line| !known(line)) {
            return Err(format!("{line}: {other} before the last line"));
        }
        let fits = match self.result {
            Ok(field) => last["type"] == "result" && !last[field].is_null(),
            Err(code) => last["type"] == "error" && last["code"] == code,
        };
        let expected = self.result;
        fits.then_some(())
            .ok_or_else(|| format!("{line}: {expected:?} is not in {last}"))
    }
}
