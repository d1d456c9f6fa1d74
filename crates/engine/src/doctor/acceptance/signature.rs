//! Whether the programs are as they were signed.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::process::Command;

use super::ONLY_ON_A_MAC;
use super::report::Finding;
use crate::error::{Error, ErrorCode, Result};

/// The last part of the app's path.
const APP: &str = "apple-k8s.app";
/// `spctl` may ask Apple.
const PATIENCE: Duration = Duration::from_mins(1);

/// Programs of macOS that read signatures: each with the words that always come first.
struct Tools {
    codesign: Vec<PathBuf>,
    spctl: Vec<PathBuf>,
}

/// Checks this program and the app, where it is installed or this program is part of it.
pub(super) async fn check(os: &str) -> Result<Finding> {
    if os != "macos" {
        return Ok(Finding::skipped(ONLY_ON_A_MAC));
    }
    let tools = Tools {
        codesign: vec!["/usr/bin/codesign".into()],
        spctl: vec!["/usr/sbin/spctl".into()],
    };
    let program = std::env::current_exe()
        .and_then(|path| path.canonicalize())
        .map_err(|error| Error::io("find", Path::new("this program"), &error))?;
    let home = directories::BaseDirs::new();
    let mut folders = vec![PathBuf::from("/Applications")];
    folders.extend(home.map(|dirs| dirs.home_dir().join("Applications")));
    let app = bundle_of(&program).or_else(|| {
        let mut apps = folders.iter().map(|folder| folder.join(APP));
        apps.find(|app| app.is_dir())
    });
    judge(&tools, &program, app.as_deref()).await
}

/// The bundle that a program lies in.
fn bundle_of(program: &Path) -> Option<PathBuf> {
    let mut folders = program.ancestors().skip(1);
    let app = folders.find(|folder| folder.extension().is_some_and(|kind| kind == "app"))?;
    Some(app.to_owned())
}

async fn judge(tools: &Tools, program: &Path, app: Option<&Path>) -> Result<Finding> {
    let mut found = vec![format!(
        "this program: {}",
        verify(tools, program, &[]).await?
    )];
    match app {
        Some(app) => {
            let signer = verify(tools, app, &["--deep"]).await?;
            let gatekeeper = gatekeeper(tools, app, &signer).await?;
            found.push(format!("{}: {signer}, {gatekeeper}", app.display()));
        }
        None => found.push(format!("{APP} is not installed")),
    }
    Ok(Finding::passed(found.join("; ")))
}

/// Checks every byte against the signature; says who signed.
async fn verify(tools: &Tools, path: &Path, more: &[&str]) -> Result<String> {
    let mut words = vec!["--verify", "--strict", "--verbose=2"];
    words.extend(more);
    let checked = run(&tools.codesign, &words, path).await?;
    if !checked.status.success() {
        let message = format!("{} is not as it was signed", path.display());
        let error = Error::new(ErrorCode::Internal, message).detail(said(&checked));
        return Err(error.hint("fetch it anew, and report it if that does not help"));
    }
    let shown = run(&tools.codesign, &["--display", "--verbose=2"], path).await?;
    Ok(signer(&said(&shown)))
}

/// Whether macOS would open the app unasked. It does not when nobody known to Apple signed it, which
/// is no fault.
async fn gatekeeper(tools: &Tools, app: &Path, signer: &str) -> Result<String> {
    let words = ["--assess", "--type", "execute", "--verbose=2"];
    let assessed = run(&tools.spctl, &words, app).await?;
    let words = said(&assessed);
    if assessed.status.success() {
        return Ok("accepted by Gatekeeper".to_owned());
    }
    if signer.starts_with("Developer ID") {
        let message = format!("Gatekeeper refuses {}, signed by {signer}", app.display());
        return Err(Error::new(ErrorCode::Internal, message).detail(words));
    }
    Ok("opened by Gatekeeper only when its user allows it".to_owned())
}

/// Who signed, of what `codesign --display` says.
fn signer(shown: &str) -> String {
    let value = |key: &str| shown.lines().find_map(|line| line.strip_prefix(key));
    let authority = value("Authority=").map(str::to_owned);
    authority.unwrap_or_else(|| match value("Signature=") {
        Some("adhoc") => "signed ad hoc".to_owned(),
        _ => "signed by nobody named".to_owned(),
    })
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

async fn run(tool: &[PathBuf], words: &[&str], path: &Path) -> Result<Output> {
    let (program, first) = tool.split_first().ok_or_else(Error::cancelled)?;
    let mut call = Command::new(program);
    call.args(first)
        .args(words)
        .arg(path)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let failed = |why: String| {
        let message = format!("{} can't be run: {why}", program.display());
        Error::new(ErrorCode::Internal, message)
    };
    match tokio::time::timeout(PATIENCE, call.output()).await {
        Ok(Ok(output)) => Ok(output),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(_) => Err(failed(format!("no answer in {} s", PATIENCE.as_secs()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Programs that answer as those of macOS do: for a program and an app of which one is broken.
    fn tools(folder: &Path, broken: &str, signer: &str, gatekeeper: u8) -> Tools {
        // Given to the shell, as a file that was just written may still be busy.
        let write = |name: &str, script: String| {
            let path = folder.join(name);
            fs::write(&path, script).expect("written");
            vec!["/bin/sh".into(), path]
        };
        let codesign = format!(
            "for last; do :; done\ncase $1 in --display) echo '{signer}' >&2; exit 0;; esac\n\
             case $last in */{broken}) echo \"$last: a sealed resource is missing or invalid\" >&2; exit 1;; esac\n"
        );
        Tools {
            codesign: write("codesign", codesign),
            spctl: write("spctl", format!("echo rejected >&2; exit {gatekeeper}\n")),
        }
    }

    async fn judged(broken: &str, signer: &str, gatekeeper: u8) -> Result<String> {
        let folder = tempfile::tempdir().expect("a folder");
        let tools = tools(folder.path(), broken, signer, gatekeeper);
        let (program, app) = (folder.path().join("apple-k8s"), folder.path().join(APP));
        let finding = judge(&tools, &program, Some(&app)).await?;
        Ok(format!("{finding:?}"))
    }

    #[tokio::test]
    async fn a_changed_byte_fails_and_a_missing_name_does_not() {
        let said = judged("none", "Signature=adhoc", 3).await.expect("intact");
        assert!(
            said.contains("signed ad hoc, opened by Gatekeeper only"),
            "{said}"
        );
        for broken in ["apple-k8s", APP] {
            let error = judged(broken, "Signature=adhoc", 3)
                .await
                .expect_err(broken);
            assert!(error.message.contains(broken), "{error}");
            let detail = error.detail.unwrap_or_default();
            assert!(detail.contains("sealed resource"), "{detail}");
        }
        let known = "Authority=Developer ID Application: Ann (1234)";
        let said = judged("none", known, 0).await.expect("accepted");
        assert!(
            said.contains("Ann (1234), accepted by Gatekeeper"),
            "{said}"
        );
        judged("none", known, 3)
            .await
            .expect_err("a known signer is accepted");
    }

    #[tokio::test]
    async fn only_a_mac_has_signatures() {
        let skipped = check("linux").await.expect("no failure");
        assert!(format!("{skipped:?}").contains("Skipped"));
        assert_eq!(
            bundle_of(Path::new(
                "/Applications/apple-k8s.app/Contents/MacOS/apple-k8s"
            )),
            Some("/Applications/apple-k8s.app".into())
        );
        assert_eq!(bundle_of(Path::new("/usr/local/bin/apple-k8s")), None);
    }
}
