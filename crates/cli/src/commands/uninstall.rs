//! `uninstall`

use std::fmt::Write as _;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Component, Path};

use engine::{Belonging, Belongings, Choice, Error, ErrorCode, Installation, Part, Result};
use serde::Serialize;

use crate::args::UninstallArgs;
use crate::session::Session;
use crate::style::harmless;

/// Kinds of things, in the order in which they are shown, and what one is called.
const PARTS: [(Part, &str); 8] = [
    (Part::Cluster, "cluster"),
    (Part::KubeconfigEntry, "kubeconfig"),
    (Part::Image, "image"),
    (Part::LoginItem, "login item"),
    (Part::CommandLink, "command link"),
    (Part::Cache, "cache"),
    (Part::Log, "log"),
    (Part::Settings, "settings"),
];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    dry_run: bool,
    removed: Vec<&'a Belonging>,
    kept: Vec<&'a Belonging>,
    /// What removes the programs.
    programs: &'a str,
}

pub(super) async fn run(args: &UninstallArgs, session: &Session) -> Result<()> {
    let file = args.kubeconfig.absolute()?;
    let installation = Installation::of_user(session.engine(), file)?;
    let found = session.ask(installation.belongings()).await?;
    warn(&found, session);
    let programs = programs();

    if args.dry_run {
        let choice = args.chosen().unwrap_or_default();
        let (removed, kept) = found.split(choice);
        let outcome = Outcome {
            dry_run: true,
            removed,
            kept,
            programs: &programs,
        };
        return session.console.result(&outcome, |_| text(&outcome));
    }
    let choice = if args.yes {
        args.chosen().unwrap_or_default()
    } else {
        asked(args, &found)?
    };
    let done = session
        .operate("Uninstalling apple-k8s", "", async |op| {
            installation.uninstall(&found, choice, op).await
        })
        .await?;
    let outcome = Outcome {
        dry_run: false,
        removed: done.removed.iter().collect(),
        kept: done.kept.iter().collect(),
        programs: &programs,
    };
    session.console.result(&outcome, |_| text(&outcome))
}

/// What the flags do not settle, a person does.
fn asked(args: &UninstallArgs, found: &Belongings) -> Result<Choice> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(Error::new(
            ErrorCode::Usage,
            "there is no terminal to ask on, and --yes was not given",
        )
        .hint("look first: apple-k8s uninstall --dry-run"));
    }
    let mut terminal = Terminal(io::stdin().lock());
    let choice = match args.chosen() {
        Some(choice) => choice,
        None => terminal.choose(found)?,
    };
    let (removed, _) = found.split(choice);
    crate::console::note(&listed("To be removed:", &removed));
    if terminal.yes("Remove that?")? {
        Ok(choice)
    } else {
        Err(Error::cancelled())
    }
}

/// Who is asked.
struct Terminal<R>(R);

impl<R: BufRead> Terminal<R> {
    /// One question for each kind of thing that there is.
    fn choose(&mut self, found: &Belongings) -> Result<Choice> {
        let names = |part: Part| {
            let all = found.all.iter().filter(|one| one.part == part);
            all.map(|one| harmless(&one.name))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let mut choice = Choice::default();
        if found.has(Part::Cluster) {
            let question = format!(
                "Delete all clusters ({}) with everything in them?",
                names(Part::Cluster)
            );
            choice.clusters = self.yes(&question)?;
        }
        if found.has(Part::KubeconfigEntry) && !choice.clusters {
            choice.kubeconfig_entries = self.yes("Remove their entries from kubeconfig files?")?;
        }
        let images = Choice {
            images: true,
            ..choice
        };
        let (removed, _) = found.split(images);
        if removed.iter().any(|one| one.part == Part::Image) {
            choice.images = self.yes("Remove node images? Building them again takes long.")?;
        }
        if found.has(Part::Settings) {
            choice.settings = self.yes("Remove the app's settings?")?;
        }
        Ok(choice)
    }

    /// Asks; only a clear yes is one.
    fn yes(&mut self, question: &str) -> Result<bool> {
        let mut err = io::stderr().lock();
        // Without a terminal the answer is missing, too, and that is no yes.
        let _ = write!(err, "{question} [y/N] ").and_then(|()| err.flush());
        drop(err);
        let mut answer = String::new();
        self.0
            .read_line(&mut answer)
            .map_err(|error| Error::io("read", Path::new("standard input"), &error))?;
        if answer.is_empty() {
            // The end of input: whoever was asked has left.
            return Err(Error::cancelled());
        }
        let answer = answer.trim();
        Ok(answer.eq_ignore_ascii_case("y") || answer.eq_ignore_ascii_case("yes"))
    }
}

fn warn(found: &Belongings, session: &Session) {
    if let Some(error) = &found.runtime_problem {
        let message = format!("clusters and images were not looked at: {error}");
        session.console.warn(&message);
    }
    for error in &found.kubeconfig_problems {
        session.console.warn(&error.to_string());
    }
}

fn text(outcome: &Outcome<'_>) -> String {
    let (removed, kept) = if outcome.dry_run {
        ("Would be removed:", "Would stay:")
    } else {
        ("Removed:", "Kept:")
    };
    let mut text = String::new();
    if outcome.removed.is_empty() {
        text.push_str("There is nothing to remove\n");
    } else {
        text.push_str(&listed(removed, &outcome.removed));
    }
    if !outcome.kept.is_empty() {
        text.push_str(&listed(kept, &outcome.kept));
    }
    format!("{text}The programs: {}\n", outcome.programs)
}

/// A heading and a line for each thing.
fn listed(heading: &str, all: &[&Belonging]) -> String {
    let mut text = format!("{heading}\n");
    for (part, word) in PARTS {
        for one in all.iter().filter(|one| one.part == part) {
            let name = harmless(&one.name);
            let place = match &one.path {
                Some(path) if part == Part::KubeconfigEntry => {
                    format!(" in {}", harmless(&path.display().to_string()))
                }
                _ => String::new(),
            };
            let _ = writeln!(text, "  {word:<12}  {name}{place}");
        }
    }
    text
}

/// What removes the programs, going by where this one lies.
fn programs() -> String {
    let running = std::env::current_exe().unwrap_or_default();
    programs_at(&running)
}

fn programs_at(running: &Path) -> String {
    let folders: Vec<_> = running.components().map(Component::as_os_str).collect();
    let within = |name: &str| folders.iter().any(|folder| *folder == name);
    let bundle = running
        .ancestors()
        .find(|folder| folder.extension().is_some_and(|ending| ending == "app"));
    if within("Cellar") {
        "brew uninstall apple-k8s-cli".into()
    } else if let Some(bundle) = bundle {
        format!(
            "move {} to the Bin, or brew uninstall --cask apple-k8s if it came from there",
            bundle.display()
        )
    } else if running.starts_with("/usr/bin") {
        "apt-get remove apple-k8s apple-k8s-app".into()
    } else {
        format!("remove {}", running.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(parts: &[Part]) -> Belongings {
        let one = |part: &Part| Belonging {
            part: *part,
            name: "x".into(),
            path: None,
            cluster: None,
        };
        Belongings {
            all: parts.iter().map(one).collect(),
            runtime_problem: None,
            kubeconfig_problems: vec![],
        }
    }

    fn answers(text: &str, parts: &[Part]) -> Result<Choice> {
        Terminal(text.as_bytes()).choose(&found(parts))
    }

    #[test]
    fn only_a_clear_yes_removes() {
        let parts = [Part::Cluster, Part::Image, Part::Settings];
        assert_eq!(
            answers("\nno\nwhat\n", &parts).expect("answered"),
            Choice::default()
        );
        let choice = answers("y\nYES\nn\n", &parts).expect("answered");
        assert!(choice.clusters && choice.images && !choice.settings);
        let left = answers("y\n", &parts).expect_err("no answer");
        assert_eq!(left.code, ErrorCode::Cancelled);
    }

    #[test]
    fn only_what_is_there_is_asked_for() {
        assert_eq!(
            answers("", &[Part::Log]).expect("nothing asked"),
            Choice::default()
        );
        // The entries of clusters that go, go with them.
        let parts = [Part::Cluster, Part::KubeconfigEntry];
        assert!(answers("y\n", &parts).is_ok());
        let choice = answers("n\ny\n", &parts).expect("answered");
        assert!(choice.kubeconfig_entries && !choice.clusters);
    }

    #[test]
    fn programs_go_as_they_came() {
        let of = |path: &str| programs_at(Path::new(path));
        assert!(of("/usr/bin/apple-k8s").starts_with("apt-get remove"));
        assert!(of("/opt/homebrew/Cellar/apple-k8s/0.1.0/bin/apple-k8s").starts_with("brew"));
        let bundle = of("/Applications/apple-k8s.app/Contents/MacOS/apple-k8s");
        assert!(bundle.starts_with("move /Applications/apple-k8s.app to the Bin"));
        assert_eq!(
            of("/home/me/bin/apple-k8s"),
            "remove /home/me/bin/apple-k8s"
        );
    }
}
