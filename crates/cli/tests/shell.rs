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

#[test]
fn bash_completes_commands_and_options() {
    let bench = Bench::new(&Script::new());
    let file = script(&bench, "bash");
    let Some(bash) = shell("bash") else { return };
    let ask = r#"
        . "$1"
        COMP_WORDS=(apple-k8s create cluster --wo) COMP_CWORD=3
        [[ $(complete -p apple-k8s) =~ -F\ ([^ ]+) ]]
        "${BASH_REMATCH[1]}" apple-k8s --wo cluster
        echo "${COMPREPLY[*]}""#;
    let output = Command::new(bash)
        .args(["--noprofile", "--norc", "-c", ask, "bash", &file])
        .output()
        .expect("bash runs");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "--workers\n",
        "{output:?}"
    );
}

#[test]
fn zsh_and_fish_take_their_scripts() {
    let bench = Bench::new(&Script::new());
    for name in ["zsh", "fish"] {
        let file = script(&bench, name);
        let text = fs::read_to_string(&file).expect("a file");
        assert!(text.contains("kubernetes-version"), "{name}: {text}");
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
