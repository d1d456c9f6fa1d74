//! Completion scripts that their shells take, and help that can be read.
#![allow(clippy::expect_used)]

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::Bench;
use container_script::Script;

/// The shell, where this machine has it.
fn shell(name: &str) -> Option<String> {
    let places = ["/bin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"];
    places
        .iter()
        .map(|place| format!("{place}/{name}"))
        .find(|file| Path::new(file).is_file())
}

fn script(bench: &Bench, name: &str) -> String {
    let answer = bench.run(&format!("completion {name}"));
    assert_eq!((answer.status, answer.err.as_str()), (0, ""), "{name}");
    let file = bench.path(name);
    fs::write(&file, answer.out).expect("a file");
    file.to_str().expect("a path").to_owned()
}

/// What bash completes the last of these words to.
fn bash_completes(bench: &Bench, bash: &str, words: &str) -> String {
    let file = script(bench, "bash");
    let ask = r#"
        . "$1"
        COMP_WORDS=($2) COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        [[ $(complete -p apple-k8s) =~ -F\ ([^ ]+) ]]
        "${BASH_REMATCH[1]}" apple-k8s "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
        echo "${COMPREPLY[*]}""#;
    let output = Command::new(bash)
        .args(["--noprofile", "--norc", "-c", ask, "bash", &file, words])
        .env("APPLE_K8S_HOME", bench.path("home"))
        .output()
        .expect("bash runs");
    assert!(output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn bash_completes_commands_options_and_clusters() {
    let bench = Bench::new(&Script::new());
    bench.remember("dev");
    bench.remember("demo");
    bench.remember("other");
    let Some(bash) = shell("bash") else { return };
    for (words, expected) in [
        ("apple-k8s create cluster --wo", "--workers"),
        ("apple-k8s stat", "status"),
        ("apple-k8s delete cluster o", "other"),
        ("apple-k8s get nodes d", "demo dev"),
        ("apple-k8s create cluster o", ""),
    ] {
        let answer = bash_completes(&bench, &bash, words);
        assert_eq!(answer.trim_end(), expected, "{words}");
    }
    assert!(bench.stand.calls().is_empty(), "`container` was asked");
}

/// What the program answers a shell that completes the last of these words.
fn answer(bench: &Bench, shell: &str, words: &str) -> Vec<String> {
    let count = words.split(' ').count();
    let output = bench
        .command("--")
        .args(words.split(' '))
        .env("APPLE_K8S_COMPLETE", shell)
        .env("_CLAP_IFS", "\n")
        .env("_CLAP_COMPLETE_INDEX", (count - 1).to_string())
        .output()
        .expect("runs");
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
    let text = String::from_utf8(output.stdout).expect("text");
    let word = |line: &str| line.split(['\t', ':']).next().unwrap_or("").to_owned();
    text.lines().map(word).collect()
}

#[test]
fn clusters_are_offered_wherever_one_is_named() {
    let bench = Bench::new(&Script::new());
    let none = answer(&bench, "zsh", "apple-k8s delete cluster d");
    assert_eq!(none, [""; 0], "there is no cluster");
    bench.remember("dev");
    bench.remember("demo");
    for words in [
        "delete cluster",
        "delete clusters other",
        "start cluster",
        "stop cluster",
        "restart cluster",
        "status",
        "status --name",
        "get nodes",
        "get kubeconfig",
        "get images",
        "export kubeconfig",
        "export logs --name",
        "load image web:1 --name",
        "load image-archive web.tar -n",
    ] {
        for shell in ["bash", "zsh", "fish"] {
            let words = format!("apple-k8s {words} de");
            let offered = answer(&bench, shell, &words);
            assert_eq!(offered, ["demo", "dev"], "{shell}: {words}");
        }
    }
}

#[test]
fn zsh_and_fish_take_their_scripts() {
    let bench = Bench::new(&Script::new());
    for name in ["zsh", "fish"] {
        let file = script(&bench, name);
        let text = fs::read_to_string(&file).expect("a file");
        let asks = format!("APPLE_K8S_COMPLETE=\"{name}\"");
        assert!(
            text.contains(&asks) || text.contains(&asks.replace('"', "")),
            "{name}: {text}"
        );
        let Some(shell) = shell(name) else { continue };
        let output = Command::new(shell)
            .args(["-n", &file])
            .output()
            .expect("the shell runs");
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{name}: {output:?}"
        );
    }
}

#[test]
fn exit_codes_are_documented_where_one_looks() {
    let bench = Bench::new(&Script::new());
    let help = bench.run("help exit-codes");
    let table = bench.run("exit-codes");
    assert!(help.out.contains(&table.out), "{}", help.out);
    let json = bench.run("exit-codes -o json").last("result");
    let codes = json["exitCodes"].as_array().expect("codes");
    assert_eq!(codes.len(), engine::ErrorCode::ALL.len());
    assert!(
        codes.iter().all(|code| code["meaning"].is_string()),
        "{json}"
    );
}

#[test]
fn help_needs_neither_a_home_nor_a_runtime() {
    for line in [
        "--help",
        "help create cluster",
        "create cluster --help",
        "get --help",
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_apple-k8s"))
            .args(line.split(' '))
            .env_clear()
            .output()
            .expect("runs");
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{line}: {output:?}"
        );
        assert!(
            String::from_utf8_lossy(&output.stdout).contains("Usage: apple-k8s"),
            "{line}"
        );
    }
}
