//! The program `bundle`: makes, checks and notarizes `apple-k8s.app`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use bundle::app::{self, APP, Parts};
use bundle::notarize::{self, Handing, Key, Tool};
use bundle::sign::{self, APPLE_TIME, Identity, Signing};
use bundle::size::{self, Sizes};
use bundle::{Expected, Verified, archive, built, entitlements, verify};
use clap::{Args, Parser};

/// Makes, checks and notarizes apple-k8s.app.
#[derive(Parser)]
#[command(name = "bundle")]
#[expect(clippy::doc_markdown, reason = "shown as help, which has no marks")]
enum Task {
    /// Makes the app, signs it, reads it back and packs it.
    ///
    /// Nobody signs (ad hoc) unless the environment names an identity: APPLE_CERTIFICATE (base64 of
    /// a .p12 file) or APPLE_CERTIFICATE_PATH, with APPLE_CERTIFICATE_PASSWORD or
    /// APPLE_CERTIFICATE_PASSWORD_PATH; on a Mac also APPLE_SIGNING_IDENTITY, a name in its
    /// keychain. SOURCE_DATE_EPOCH, or the commit, gives all files their time.
    Make(Make),
    /// Reads an app back: every byte must be the one that was signed.
    Verify {
        /// The app.
        app: PathBuf,
        /// The team that must have signed, with a certificate from Apple.
        #[arg(long)]
        team: Option<String>,
    },
    /// Has Apple look at a signed app, and staples the ticket to it.
    ///
    /// The key of the App Store Connect API is named by APPLE_API_KEY_PATH (its .p8 file),
    /// APPLE_API_KEY (its ID) and APPLE_API_ISSUER.
    Notarize {
        /// The app.
        app: PathBuf,
        /// Check everything that can be checked here, and send nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Args)]
struct Make {
    /// The main program, for a Mac.
    #[arg(long)]
    app: PathBuf,
    /// The command line, for a Mac.
    #[arg(long)]
    cli: PathBuf,
    /// The same command line for this machine, which prints completions.
    #[arg(long)]
    host_cli: PathBuf,
    /// A text of licences; can be given more than once.
    #[arg(long)]
    licences: Vec<PathBuf>,
    /// Where app and archive go.
    #[arg(long)]
    out: PathBuf,
    /// Whose word for the time is asked for when somebody signs; `none` for nobody's.
    #[arg(long, default_value = APPLE_TIME)]
    time_server: String,
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::Make(make) => run_make(&make),
        Task::Verify { app, team } => run_verify(&app, team),
        Task::Notarize { app, dry_run } => run_notarize(&app, dry_run),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run_make(make: &Make) -> Result<()> {
    let identity = Identity::from_environment()?;
    let parts = Parts {
        app: make.app.clone(),
        cli: make.cli.clone(),
        host_cli: make.host_cli.clone(),
        licences: make.licences.clone(),
    };
    fs::create_dir_all(&make.out).with_context(|| format!("making {}", make.out.display()))?;
    // Made beside its place and moved there whole: what lies there is never half an app.
    let work = tempfile::tempdir_in(&make.out)?;
    let new = work.path().join(APP);
    let time = built::time()?;
    app::assemble(&parts, &new, time)?;
    let entitlements = entitlements()?;
    sign::sign(
        &new,
        &Signing {
            identity: &identity,
            entitlements: &entitlements,
            time: Some(make.time_server.as_str()).filter(|server| *server != "none"),
        },
    )?;
    app::set_times(&new, time)?;
    let verified = read_back(&new, None)?;
    let sizes = checked_sizes(&new)?;
    let place = make.out.join(APP);
    if place.exists() {
        fs::rename(&place, work.path().join("old.app"))?;
    }
    fs::rename(&new, &place)?;
    let zip = make.out.join(archive::name(&verified));
    archive::write(&place, &zip)?;
    show(&place, &verified, &sizes);
    println!(
        "{}: {}",
        zip.display(),
        size::shown(fs::metadata(&zip)?.len())
    );
    Ok(())
}

fn run_verify(app: &Path, team: Option<String>) -> Result<()> {
    let verified = read_back(app, team)?;
    show(app, &verified, &checked_sizes(app)?);
    Ok(())
}

fn read_back(app: &Path, team: Option<String>) -> Result<Verified> {
    verify(app, &expected(team)?).map_err(|faults| {
        for fault in &faults {
            eprintln!("{fault}");
        }
        anyhow::anyhow!("{} is not as it was signed", app.display())
    })
}

fn expected(team: Option<String>) -> Result<Expected> {
    Ok(Expected {
        entitlements: entitlements()?,
        team,
        ..Expected::default()
    })
}

/// The sizes of an app that is not too large.
fn checked_sizes(app: &Path) -> Result<Sizes> {
    let sizes = Sizes::of(app)?;
    sizes.check(size::LIMIT)?;
    Ok(sizes)
}

fn show(app: &Path, verified: &Verified, sizes: &Sizes) {
    println!(
        "{}: {} {}, {} files, {} of less than {}, signed by {}{}",
        app.display(),
        verified.identifier,
        verified.version,
        verified.files,
        size::shown(sizes.total()),
        size::shown(size::LIMIT),
        verified.signer,
        if verified.stapled {
            ", with a ticket that only a Mac can check"
        } else {
            ""
        },
    );
    for (path, program) in &verified.programs {
        println!(
            "  {path}: {}, {}, macOS {} and newer, {} libraries",
            program.identifier,
            size::shown(sizes.files.get(path).copied().unwrap_or_default()),
            program.minimum,
            program.libraries.len()
        );
    }
}

fn run_notarize(app: &Path, dry_run: bool) -> Result<()> {
    let key = Key::from_environment()?;
    let tool = Tool::installed(std::env::var_os("PATH").as_deref());
    let handing = Handing {
        key: &key,
        expected: &expected(None)?,
        tool,
        dry_run,
    };
    notarize::run(app, handing, &mut std::io::stdout())
}
