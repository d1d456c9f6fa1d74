//! `doctor --mac-acceptance`

use std::fmt::Write as _;
use std::time::Duration;

use engine::{Acceptance, AcceptanceCheck, AcceptanceState, Engine, Error, Result};
use serde::Serialize;

use crate::duration;
use crate::session::Session;
use crate::style::{Style, Tone, harmless};

/// The report with the release that made it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    version: &'static str,
    #[serde(flatten)]
    acceptance: &'a Acceptance,
}

pub(super) async fn run(session: &Session) -> Result<()> {
    let found = session.engine();
    let work = async |op: &engine::Operation| Box::pin(Engine::acceptance(found, op)).await;
    let acceptance = session.operate("Trying everything", "", work).await?;
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        acceptance: &acceptance,
    };
    session
        .console
        .result(&report, |style| text(&report, style))?;
    acceptance
        .failure()
        .map_or(Ok(()), |check| Err(failure(check)))
}

fn text(report: &Report<'_>, style: Style) -> String {
    let Report {
        version,
        acceptance,
    } = report;
    let checks = &acceptance.checks;
    let width = checks.iter().map(|check| check.title.chars().count()).max();
    let width = width.unwrap_or_default();
    let title = format!("apple-k8s {version} on {}", acceptance.machine);
    let mut text = format!("{}\n", style.paint(Tone::Strong, &harmless(&title)));
    for check in checks {
        let (mark, tone) = match check.state {
            AcceptanceState::Passed => ("✓", Tone::Good),
            AcceptanceState::Failed => ("✗", Tone::Bad),
            AcceptanceState::Skipped => ("-", Tone::Faint),
        };
        let mark = style.paint(tone, mark);
        let said = harmless(
            check
                .error
                .as_ref()
                .map_or(&check.detail, |error| &error.message),
        );
        let number = check.number;
        let _ = writeln!(text, "{mark} {number:>2} {:<width$}  {said}", check.title);
        text.extend(check.error.iter().map(more));
    }
    let count = |state| checks.iter().filter(|check| check.state == state).count();
    let took = duration::precise(Duration::from_millis(acceptance.took_ms));
    let _ = writeln!(
        text,
        "{} passed, {} failed, {} skipped after {took}",
        count(AcceptanceState::Passed),
        count(AcceptanceState::Failed),
        count(AcceptanceState::Skipped)
    );
    text
}

/// What an error says beyond its message, below the line of its check.
fn more(error: &Error) -> String {
    let logs = error.logs.as_ref();
    let logs = logs.map(|folder| format!("logs: {}", folder.display()));
    let all = [
        error.detail.as_deref(),
        error.hint.as_deref(),
        logs.as_deref(),
    ];
    let lines = all.into_iter().flatten().flat_map(str::lines);
    lines
        .map(|line| format!("     {}", harmless(line).trim_end()) + "\n")
        .collect()
}

fn failure(check: &AcceptanceCheck) -> Error {
    let cause = check.error.clone().unwrap_or_else(Error::cancelled);
    Error::new(
        cause.code,
        format!("check {} failed: {}", check.number, cause.message),
    )
    .hint("send the report along when you ask for help")
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::ErrorCode;

    fn check(number: usize, state: AcceptanceState, detail: &str) -> AcceptanceCheck {
        let error =
            Error::new(ErrorCode::NodeFailed, "no \x1b[31mVXLAN").detail("line one\nline two");
        AcceptanceCheck {
            number,
            id: "boot",
            title: "A node boots",
            state,
            detail: detail.into(),
            error: (state == AcceptanceState::Failed).then(|| error.hint("do this")),
            measured: [("bootSeconds", 1.5)].into(),
            took_ms: 5,
        }
    }

    #[test]
    fn a_report_can_be_pasted_and_its_failure_is_the_exit_status() {
        let acceptance = Acceptance {
            machine: "macOS 26.1".into(),
            checks: vec![
                check(1, AcceptanceState::Passed, "fine"),
                check(2, AcceptanceState::Failed, ""),
                check(10, AcceptanceState::Skipped, "only on a Mac"),
            ],
            took_ms: 61_500,
        };
        let report = Report {
            version: "1.2.3",
            acceptance: &acceptance,
        };
        assert_eq!(
            text(&report, Style::PLAIN),
            "apple-k8s 1.2.3 on macOS 26.1\n\
             ✓  1 A node boots  fine\n\
             ✗  2 A node boots  no VXLAN\n     line one\n     line two\n     do this\n\
             - 10 A node boots  only on a Mac\n\
             1 passed, 1 failed, 1 skipped after 1m01s\n"
        );
        let error = failure(acceptance.failure().expect("one failed"));
        assert_eq!(error.code, ErrorCode::NodeFailed);
        assert!(error.message.starts_with("check 2 failed: no "), "{error}");
        let json = serde_json::to_value(&report).expect("JSON");
        assert_eq!(json["version"], "1.2.3");
        assert_eq!(json["checks"][1]["error"]["code"], "NodeFailed");
        assert_eq!(json["checks"][0]["measured"]["bootSeconds"], 1.5);
    }
}
