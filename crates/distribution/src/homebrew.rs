//! Texts for Homebrew: a cask of the app and a formula of the command line, with the checksums of
//! the very files that are published.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;

use crate::source::{digest, write, write_archive};
use crate::{REPOSITORY, VERSION, release_file};

/// Where a Mac keeps what it caches for the app, and the names of the app's settings: what the
/// command `uninstall` goes by.
const CACHES: &str = include_str!("../../engine/src/uninstall/mac-caches");
const SETTINGS: &str = include_str!("../../engine/src/uninstall/settings");

/// The folder of clusters, settings and logs of failed operations.
const HOME: &str = "Application Support/dev.apple-k8s.apple-k8s";

/// The cask's name.
const CASK: &str = "apple-k8s";
/// The formula's name, and what Homebrew makes of it. Another one than the cask's: `brew install`
/// takes a name that both have for the formula's. Both bring the program `apple-k8s`, so only one
/// can be linked, and a cask can't say which formulae it conflicts with; it is told in words.
const FORMULA: &str = "apple-k8s-cli";
const FORMULA_CLASS: &str = "AppleK8sCli";

/// What the task takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The zipped app
    #[arg(long, value_name = "FILE")]
    app: Option<PathBuf>,
    /// Folder for the texts, and for the archive of the sources that the formula is built from
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
}

/// Writes the formula with its sources, and the cask when there is an app.
///
/// # Errors
/// When a file can't be read or written.
pub fn run(arguments: &Arguments) -> Result<()> {
    let sources = arguments.out.join(format!("apple-k8s-{VERSION}.tar.gz"));
    write_archive(&sources)?;
    let name = name_of(&sources)?;
    write(
        &arguments.out.join(format!("Formula/{FORMULA}.rb")),
        formula(&name, &digest(&sources)?),
    )?;
    if let Some(app) = &arguments.app {
        write(
            &arguments.out.join(format!("Casks/{CASK}.rb")),
            cask(&name_of(app)?, &digest(app)?),
        )?;
    }
    Ok(())
}

fn name_of(path: &Path) -> Result<String> {
    let name = path.file_name().context("a file has a name")?;
    Ok(name.to_string_lossy().into_owned())
}

/// An address with the version left to Homebrew.
fn address(name: &str) -> String {
    release_file(name).replace(VERSION, "#{version}")
}

/// The cask of a zipped app with this name and checksum.
///
/// It leaves clusters alone, also when zapped: only the program itself can take them apart. The
/// login item goes with a zap, not with an uninstall, which is part of every upgrade.
pub fn cask(name: &str, sha256: &str) -> String {
    let url = address(name);
    let listed = |paths: Vec<String>| {
        let mut text = String::new();
        for path in paths {
            // Writing to a text can't fail.
            let _ = write!(text, "\n    \"~/Library/{path}\",");
        }
        text
    };
    let mut trash: Vec<String> = CACHES.lines().map(str::to_owned).collect();
    trash.push("Logs/apple-k8s".to_owned());
    trash.extend(SETTINGS.lines().map(|name| format!("{HOME}/{name}")));
    trash.sort();
    let trash = listed(trash);
    format!(
        r##"cask "{CASK}" do
  version "{VERSION}"
  sha256 "{sha256}"

  url "{url}"
  name "apple-k8s"
  desc "Kubernetes clusters on Apple's container command, from the menu bar"
  homepage "{REPOSITORY}"

  depends_on arch: :arm64
  depends_on macos: :tahoe

  app "apple-k8s.app"
  binary "#{{appdir}}/apple-k8s.app/Contents/MacOS/apple-k8s"
  bash_completion "#{{appdir}}/apple-k8s.app/Contents/Resources/completions/bash/apple-k8s"
  fish_completion "#{{appdir}}/apple-k8s.app/Contents/Resources/completions/fish/apple-k8s.fish"
  zsh_completion "#{{appdir}}/apple-k8s.app/Contents/Resources/completions/zsh/_apple-k8s"

  uninstall quit: "dev.apple-k8s.app"

  zap launchctl: "apple-k8s",
      trash:     [{trash}
  ],
      rmdir:     "~/Library/{HOME}"

  caveats <<~EOS
    apple-k8s needs Apple's container command, release 1.2.1 or newer.

    The command line is part of the app. The formula {FORMULA} brings the same one
    without the app; where it is installed, remove it first:
      brew uninstall {FORMULA}

    Clusters stay when the app goes. To remove them as well, do this first:
      apple-k8s uninstall --all
  EOS
end
"##
    )
}

/// The formula of sources with this name and checksum.
pub fn formula(name: &str, sha256: &str) -> String {
    let url = release_file(name);
    format!(
        r##"class {FORMULA_CLASS} < Formula
  desc "Kubernetes clusters on Apple's container command"
  homepage "{REPOSITORY}"
  url "{url}"
  sha256 "{sha256}"
  license "Apache-2.0"

  depends_on "rust" => :build

  on_macos do
    depends_on arch: :arm64
    depends_on macos: :tahoe
  end

  def install
    system "cargo", "install", *std_cargo_args(path: "crates/cli")
    system "cargo", "install", *std_cargo_args(path: "crates/linux-container") if OS.linux?
    generate_completions_from_executable(bin/"apple-k8s", "completion", shells: [:bash, :zsh, :fish])
    system bin/"apple-k8s", "manual", buildpath/"manual"
    man1.install Dir[buildpath/"manual/*.1"]
  end

  def caveats
    if OS.mac?
      <<~EOS
        apple-k8s needs Apple's container command, release 1.2.1 or newer.

        The cask {CASK} is the app, with this command line in it: have one of both.
      EOS
    else
      <<~EOS
        The container command needs root, and from your system's packages: podman,
        catatonit, netavark, aardvark-dns, runc, nftables and iproute2.
      EOS
    end
  end

  test do
    assert_match "apple-k8s v#{{version}}", shell_output("#{{bin}}/apple-k8s version")
    assert_match "apiVersion: apple-k8s.dev", shell_output("#{{bin}}/apple-k8s help create cluster")
  end
end
"##
    )
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const SHA: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    /// Plays a text with stand-ins for what Homebrew offers, and prints each stanza that is met.
    const PLAYER: &str = r##"
def told(name, arguments, named)
  puts [name, *arguments.map(&:inspect), *named.map { |key, value| "#{key}: #{value.inspect}" }].join(" ")
end
module Stanzas
  def method_missing(name, *arguments, **named, &block)
    told(name, arguments, named)
    block.call if block && name.to_s.start_with?("on_")
  end
  def respond_to_missing?(*) = true
  def version(*given) = given.empty? ? "VERSION" : told(:version, given, {})
  def test = told(:test, [], {})
  def appdir = "APPDIR"
end
class Formula
  extend Stanzas
  def self.inherited(one) = told("class #{one.name}", [], {})
end
class Cask; include Stanzas; end
def cask(name, &block)
  told(:cask, [name], {})
  Cask.new.instance_eval(&block)
end
load ARGV[0]
"##;

    /// The stanzas of a text, as Ruby understands it.
    fn stanzas(text: &str) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let (player, file) = (
            folder.path().join("player.rb"),
            folder.path().join("text.rb"),
        );
        std::fs::write(&player, PLAYER).expect("written");
        std::fs::write(&file, text).expect("written");
        let syntax = Command::new("ruby").args(["-wc"]).arg(&file).output();
        let syntax = syntax.expect("ruby is installed");
        let said = String::from_utf8_lossy(&syntax.stderr);
        assert!(syntax.status.success() && said.is_empty(), "{said}\n{text}");
        let output = Command::new("ruby").arg(&player).arg(&file).output();
        let output = output.expect("ruby is installed");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}\n{text}");
        String::from_utf8(output.stdout).expect("text")
    }

    #[test]
    fn the_cask_says_all_that_homebrew_asks_for() {
        let text = cask(&format!("apple-k8s-{VERSION}-arm64.zip"), SHA);
        let stanzas = stanzas(&text);
        let has = |line: &str| {
            assert!(
                stanzas.lines().any(|one| one.starts_with(line)),
                "{line}\n{stanzas}"
            );
        };
        has("cask \"apple-k8s\"");
        assert!(text.contains("brew uninstall apple-k8s-cli"), "{text}");
        has(&format!("version \"{VERSION}\""));
        has(&format!("sha256 \"{SHA}\""));
        has(&format!(
            "url \"{REPOSITORY}/releases/download/vVERSION/apple-k8s-VERSION-arm64.zip\""
        ));
        for stanza in [
            "name \"",
            "desc \"",
            "homepage \"https://",
            "depends_on",
            "caveats \"",
        ] {
            has(stanza);
        }
        has("app \"apple-k8s.app\"");
        has("binary \"APPDIR/apple-k8s.app/Contents/MacOS/apple-k8s\"");
        has("uninstall quit: \"dev.apple-k8s.app\"");
        has("depends_on arch: :arm64");
        has("depends_on macos: :tahoe");
        let description = text
            .lines()
            .find(|line| line.contains("desc "))
            .expect("one");
        assert!(
            description.len() < 80 + "  desc \"\"".len(),
            "Homebrew's limit"
        );
    }

    /// What a zap throws away is what the app writes; clusters are not part of it.
    #[test]
    fn a_zap_takes_the_apps_files_and_no_cluster() {
        let stanzas = stanzas(&cask("a.zip", SHA));
        let zap = stanzas
            .lines()
            .find(|line| line.starts_with("zap"))
            .expect("a zap");
        for path in CACHES.lines() {
            assert!(zap.contains(&format!("\"~/Library/{path}\"")), "{path}");
        }
        let home = "~/Library/Application Support/dev.apple-k8s.apple-k8s";
        for name in ["settings.json*", "memory.json*", "windows.json", "drafts"] {
            assert!(zap.contains(&format!("\"{home}/{name}\"")), "{name}\n{zap}");
        }
        assert!(zap.contains("\"~/Library/Logs/apple-k8s\"") && !zap.contains("clusters"));
        assert!(
            zap.contains(&format!("rmdir: \"{home}\"")),
            "only if it is empty"
        );
        assert!(zap.contains("launchctl: \"apple-k8s\""));
    }

    #[test]
    fn the_formula_says_all_that_homebrew_asks_for() {
        let stanzas = stanzas(&formula(&format!("apple-k8s-{VERSION}.tar.gz"), SHA));
        for line in [
            "desc \"",
            "homepage \"https://",
            &format!(
                "url \"{REPOSITORY}/releases/download/v{VERSION}/apple-k8s-{VERSION}.tar.gz\""
            ),
            &format!("sha256 \"{SHA}\""),
            "license \"Apache-2.0\"",
            "class AppleK8sCli",
            "depends_on rust: :build",
            "on_macos",
            "depends_on arch: :arm64",
            "depends_on macos: :tahoe",
            "test",
        ] {
            assert!(
                stanzas.lines().any(|one| one.starts_with(line)),
                "{line}\n{stanzas}"
            );
        }
    }

    #[test]
    fn checksums_are_those_of_the_files() {
        let folder = tempfile::tempdir().expect("a folder");
        let app = folder.path().join("apple-k8s.zip");
        std::fs::write(&app, "abc").expect("written");
        let out = folder.path().join("out");
        run(&Arguments {
            app: Some(app),
            out: out.clone(),
        })
        .expect("written");
        let cask = std::fs::read_to_string(out.join("Casks/apple-k8s.rb")).expect("there");
        // Of "abc", as its standard gives it.
        assert!(
            cask.contains("\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"")
        );
        let sources = out.join(format!("apple-k8s-{VERSION}.tar.gz"));
        let formula = std::fs::read_to_string(out.join("Formula/apple-k8s-cli.rb"));
        let formula = formula.expect("there");
        assert!(formula.contains(&digest(&sources).expect("read")));
    }

    /// Homebrew loads a formula by the class that its file's name stands for, and asks which of
    /// both is meant where a cask has the same name.
    #[test]
    fn cask_and_formula_have_names_of_their_own() {
        assert_ne!(CASK, FORMULA);
        let parts = FORMULA.split('-').map(|part| {
            let (first, rest) = part.split_at(1);
            first.to_uppercase() + rest
        });
        assert_eq!(parts.collect::<String>(), FORMULA_CLASS);
    }
}
