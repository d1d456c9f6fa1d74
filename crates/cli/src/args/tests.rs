use std::time::Duration;

use clap::CommandFactory;
use clap::error::ErrorKind;

use super::*;

fn parse(line: &str) -> Result<Command, clap::Error> {
    Cli::try_parse_from(line.split_whitespace()).map(|cli| cli.command)
}

fn create(line: &str) -> CreateArgs {
    match parse(line) {
        Ok(Command::Create(CreateCommand::Cluster(args))) => args,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn clap_finds_no_fault_with_the_definition() {
    Cli::command().debug_assert();
}

#[test]
fn the_name_is_an_argument_or_a_flag() {
    for line in [
        "apple-k8s create cluster dev",
        "apple-k8s create cluster --name dev",
        "apple-k8s create cluster -n dev",
        "apple-k8s create cluster --name=dev",
    ] {
        assert_eq!(
            create(line).name.given().expect("a name").as_deref(),
            Some("dev"),
            "{line}"
        );
    }
    let both = parse("apple-k8s create cluster dev --name dev").expect_err("both");
    assert_eq!(both.kind(), ErrorKind::ArgumentConflict);
    let bad = parse("apple-k8s delete cluster Dev_1").expect_err("bad name");
    assert_eq!(bad.kind(), ErrorKind::ValueValidation);
    assert!(bad.to_string().contains("lower-case letters"), "{bad}");
}

#[test]
fn create_takes_all_its_options() {
    let args = create(
        "apple-k8s create cluster --config - --image i:1 --kubernetes-version 1.36.3 --wait 1h30m \
         --retain --kubeconfig k --set-context",
    );
    assert_eq!(args.config, Some("-".into()));
    assert_eq!(args.image.as_deref(), Some("i:1"));
    assert_eq!(
        args.kubernetes_version
            .map(|version| version.to_string())
            .as_deref(),
        Some("v1.36.3")
    );
    assert_eq!(args.wait, Duration::from_mins(90));
    assert_eq!(args.kubeconfig.file, Some("k".into()));
    assert!(args.retain && args.set_context);
}

#[test]
fn create_waits_three_minutes_by_default_and_refuses_nonsense() {
    let args = create("apple-k8s create cluster");
    assert_eq!(args.wait, Duration::from_mins(3));
    assert!(!args.retain && !args.set_context && args.workers.is_none());
    for line in [
        "apple-k8s create cluster --workers -1",
        "apple-k8s create cluster --workers 250",
        "apple-k8s create cluster --workers two",
        "apple-k8s create cluster --wait 5",
        "apple-k8s create cluster --kubernetes-version latest",
        "apple-k8s create cluster --config f --workers 2",
        "apple-k8s create cluster --color",
        "apple-k8s create",
        "apple-k8s build node-image --arch riscv64",
        "apple-k8s delete clusters",
        "apple-k8s delete clusters --all dev",
        "apple-k8s load image",
        "apple-k8s load image-archive",
        "apple-k8s get nodes dev --all-clusters",
        "apple-k8s completion tcsh",
        "apple-k8s get clusters --output yaml",
        "apple-k8s get clusters -v -q",
    ] {
        assert!(parse(line).is_err(), "{line}");
    }
}

#[test]
fn kinds_words_are_understood() {
    for line in [
        "apple-k8s get clusters",
        "apple-k8s get nodes --name dev",
        "apple-k8s get nodes -A",
        "apple-k8s get kubeconfig -n dev",
        "apple-k8s load docker-image web:1 --name dev --nodes a,b",
        "apple-k8s load image-archive web.tar db.tar",
        "apple-k8s delete clusters -A",
        "apple-k8s delete clusters a b",
        "apple-k8s export logs /tmp/x --name dev",
        "apple-k8s export kubeconfig --name dev --kubeconfig f",
        "apple-k8s build node-image --image x --arch arm64",
        "apple-k8s completion zsh",
    ] {
        assert!(parse(line).is_ok(), "{line}: {:?}", parse(line).err());
    }
}

#[test]
fn nodes_are_separated_by_commas() {
    let Ok(Command::Load(LoadCommand::Image(args))) =
        parse("apple-k8s load image web:1 db:2 --nodes a,b --nodes c")
    else {
        panic!("no load image");
    };
    assert_eq!(args.images, ["web:1", "db:2"]);
    assert_eq!(args.target.nodes, ["a", "b", "c"]);
}

#[test]
fn global_options_stand_anywhere() {
    for line in [
        "apple-k8s -o json get clusters",
        "apple-k8s get clusters -o json",
    ] {
        let cli = Cli::try_parse_from(line.split_whitespace()).expect(line);
        assert_eq!(cli.globals.output, Format::Json);
    }
    let cli = Cli::try_parse_from("apple-k8s -vv status --container /c".split_whitespace());
    let globals = cli.expect("parsed").globals;
    assert_eq!((globals.verbose, globals.container), (2, Some("/c".into())));
}

/// Every command and option says what it is for; nothing is wider than a small terminal.
#[test]
fn help_of_every_command_is_readable() {
    fn check(command: &mut clap::Command, path: &str) {
        let help = command
            .clone()
            .term_width(80)
            .render_long_help()
            .to_string();
        assert!(
            command.get_about().is_some() || path == "apple-k8s help",
            "{path} says nothing"
        );
        for argument in command.get_arguments() {
            assert!(
                argument.get_help().is_some(),
                "{path}: {} says nothing",
                argument.get_id()
            );
        }
        let wide = help.lines().find(|line| line.chars().count() > 80);
        assert_eq!(wide, None, "{path} is too wide");
        let names: Vec<String> = command
            .get_subcommands()
            .map(|sub| sub.get_name().to_owned())
            .collect();
        for name in names.iter().filter(|name| *name != "help") {
            if let Some(sub) = command.find_subcommand_mut(name) {
                check(sub, &format!("{path} {name}"));
            }
        }
    }
    let mut command = Cli::command();
    command.build();
    check(&mut command, "apple-k8s");
}
