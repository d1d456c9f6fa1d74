//! `doctor`

use engine::{Check, CheckState, Engine, Error, ErrorCode, FixId, Result};
use serde::Serialize;

use super::{acceptance, build, counted};
use crate::args::DoctorArgs;
use crate::session::Session;
use crate::style::{Style, Tone, harmless};

#[derive(Serialize)]
struct Checks<'a> {
    checks: &'a [Check],
}

pub(super) async fn run(args: &DoctorArgs, session: &Session) -> Result<()> {
    if args.mac_acceptance {
        return acceptance::run(session).await;
    }
    let mut checks = look(args, session).await?;
    if args.fix {
        // Each fix may be what the next check needed.
        let mut tried = Vec::new();
        while let Some(fix) = next_fix(&checks, &tried) {
            tried.push(fix);
            put_right(fix, session).await?;
            checks = look(args, session).await?;
        }
    }
    session
        .console
        .result(&Checks { checks: &checks }, |style| text(&checks, style))?;
    failure(&checks).map_or(Ok(()), Err)
}

async fn look(args: &DoctorArgs, session: &Session) -> Result<Vec<Check>> {
    let file = args.kubeconfig.absolute()?;
    let checks = async { Ok(Engine::doctor(session.engine(), file.as_deref()).await) };
    session.ask(checks).await
}

/// The first fix that was not tried yet. What merely warns may be as its owner wants it.
fn next_fix(checks: &[Check], tried: &[FixId]) -> Option<FixId> {
    let failed = checks
        .iter()
        .filter(|check| check.state == CheckState::Failed);
    let mut fixes = failed.filter_map(|check| Some(check.fix.as_ref()?.id));
    fixes.find(|fix| !tried.contains(fix))
}

async fn put_right(fix: FixId, session: &Session) -> Result<()> {
    if fix == FixId::BuildNodeImage {
        return build::usual(session).await;
    }
    let engine = session.engine()?;
    let title = match fix {
        FixId::StartService => "Starting the services of container",
        FixId::RestartService => "Restarting the services of container",
        _ => "Installing the recommended kernel",
    };
    let work = async |op: &engine::Operation| engine.fix(fix, op).await;
    session.operate(title, "", work).await
}

fn text(checks: &[Check], style: Style) -> String {
    let width = checks.iter().map(|check| check.title.chars().count()).max();
    let width = width.unwrap_or_default();
    let line = |check: &Check| {
        let (mark, tone) = match check.state {
            CheckState::Ok => ("✓", Tone::Good),
            CheckState::Warning => ("!", Tone::Doubtful),
            CheckState::Failed => ("✗", Tone::Bad),
            CheckState::Unknown => ("?", Tone::Faint),
        };
        let (mark, detail) = (style.paint(tone, mark), harmless(&check.detail));
        format!("{mark} {:<width$}  {detail}\n", check.title)
    };
    checks.iter().map(line).collect()
}

/// The first failed check as an error, whose code is the exit status.
fn failure(checks: &[Check]) -> Option<Error> {
    let failed: Vec<&Check> = checks
        .iter()
        .filter(|check| check.state == CheckState::Failed)
        .collect();
    let first = failed.first()?;
    let what = match failed.as_slice() {
        [one] => format!("clusters can't run yet: {}: {}", one.title, one.detail),
        several => format!(
            "clusters can't run yet: {} failed, first {}: {}",
            counted(several.len(), "check"),
            first.title,
            first.detail
        ),
    };
    let error = Error::new(first.code.unwrap_or(ErrorCode::Internal), what);
    if failed.iter().any(|check| check.fix.is_some()) {
        return Some(error.hint("put it right: apple-k8s doctor --fix"));
    }
    Some(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::Fix;

    fn check(id: &str, state: CheckState, fix: Option<FixId>) -> Check {
        Check {
            id: id.into(),
            title: id.into(),
            state,
            detail: "so it is".into(),
            code: (state == CheckState::Failed).then_some(ErrorCode::KernelMissing),
            fix: fix.map(|id| Fix {
                id,
                label: "Do".into(),
            }),
        }
    }

    #[test]
    fn fixes_are_tried_once_and_only_for_what_failed() {
        let checks = [
            check("service", CheckState::Warning, Some(FixId::RestartService)),
            check("kernel", CheckState::Failed, Some(FixId::InstallKernel)),
        ];
        assert_eq!(next_fix(&checks, &[]), Some(FixId::InstallKernel));
        assert_eq!(next_fix(&checks, &[FixId::InstallKernel]), None);
    }

    #[test]
    fn the_first_failure_is_the_exit_status() {
        let well = [
            check("a", CheckState::Ok, None),
            check("b", CheckState::Warning, None),
        ];
        assert!(failure(&well).is_none());
        let ill = [check("a", CheckState::Failed, None)];
        let error = failure(&ill).expect("a failure");
        assert_eq!(error.code, ErrorCode::KernelMissing);
        assert_eq!(error.message, "clusters can't run yet: a: so it is");
        assert_eq!(text(&well, Style::PLAIN), "✓ a  so it is\n! b  so it is\n");
    }
}
