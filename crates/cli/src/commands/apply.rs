//! `apply cluster`

use std::time::Instant;

use engine::{ChangePlan, Changed, PlanItem, Result};

use super::{config, counted};
use crate::args::ApplyArgs;
use crate::console::note;
use crate::duration;
use crate::session::Session;
use crate::style::{Style, Tone, harmless};

pub(super) async fn cluster(args: &ApplyArgs, session: &Session) -> Result<()> {
    let wanted = config::named(&args.config, &args.name, session.console)?;
    let engine = session.engine()?;
    let console = session.console;
    let name = wanted.name.clone();
    if args.dry_run {
        let plan = session.ask(engine.plan_change(&name, &wanted)).await?;
        return console.result(&plan, |style| plan_text(&name, &plan, style));
    }
    if console.says_plan() {
        let plan = session.ask(engine.plan_change(&name, &wanted)).await?;
        if !plan.is_empty() {
            note(plan_text(&name, &plan, console.err_style()).trim_end());
        }
    }
    let wait = Some(args.wait).filter(|wait| !wait.is_zero());
    let began = Instant::now();
    let changed = session
        .operate(&format!("Changing cluster \"{name}\""), &name, async |op| {
            engine.change(&name, &wanted, wait, op).await
        })
        .await?;
    console.result(&changed, |_| {
        let took = duration::precise(began.elapsed());
        changed_text(&changed, &took)
    })
}

/// The plan, one item a line with its meaning below.
fn plan_text(name: &str, plan: &ChangePlan, style: Style) -> String {
    if plan.is_empty() {
        return format!("Cluster \"{name}\" already is as the file says\n");
    }
    let mut lines = Vec::new();
    for (title, tone, items) in [
        ("Done at once:", Tone::Good, &plan.at_once),
        ("Workers made again:", Tone::Doubtful, &plan.recreated),
        ("Takes a new cluster:", Tone::Bad, &plan.impossible),
    ] {
        if !items.is_empty() {
            lines.push(style.paint(tone, title));
            lines.extend(items.iter().flat_map(|item| item_lines(item, style)));
        }
    }
    if let Some(reason) = &plan.blocked {
        let label = style.paint(Tone::Bad, "Not now:");
        lines.push(format!("{label} {}", harmless(reason)));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn item_lines(item: &PlanItem, style: Style) -> Vec<String> {
    let what = harmless(&item.what);
    let title = match &item.node {
        Some(node) => format!("  {}: {what}", harmless(node)),
        None => format!("  {what}"),
    };
    let mut lines = vec![
        title,
        format!("    {}", style.paint(Tone::Faint, &item.effect)),
    ];
    if !item.loses.is_empty() {
        let label = style.paint(Tone::Bad, "Lost for good:");
        lines.push(format!("    {label} {}", harmless(&item.loses.join(", "))));
    }
    lines
}

fn changed_text(changed: &Changed, took: &str) -> String {
    let parts: Vec<String> = [
        (&changed.marked, "labelled"),
        (&changed.added, "added"),
        (&changed.removed, "removed"),
        (&changed.recreated, "made again"),
    ]
    .into_iter()
    .filter(|(nodes, _)| !nodes.is_empty())
    .map(|(nodes, what)| format!("{} {what}", counted(nodes.len(), "node")))
    .collect();
    let name = &changed.name;
    if parts.is_empty() {
        return format!("Cluster \"{name}\" already is as the file says\n");
    }
    let what = parts.join(", ");
    let text = format!(
        "Cluster \"{name}\" is changed after {took}: {what}
"
    );
    let notes = [
        (
            &changed.forced,
            "Ended with their node, as they did not leave it",
        ),
        (&changed.lacking, "Images to be loaded again"),
    ];
    notes
        .into_iter()
        .filter(|(names, _)| !names.is_empty())
        .fold(text, |text, (names, what)| {
            let names = harmless(&names.join(", "));
            format!("{text}{what}: {names}\n")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_says_what_is_done_and_lost() {
        let item = |node: Option<&str>, what: &str, loses: &[&str]| PlanItem {
            node: node.map(str::to_owned),
            what: what.into(),
            effect: "It is so.".into(),
            loses: loses.iter().map(|&one| one.to_owned()).collect(),
        };
        let plan = ChangePlan {
            at_once: vec![item(
                Some("dev-worker2"),
                "worker is removed",
                &["volume a/b"],
            )],
            impossible: vec![item(None, "cni flannel → none", &[])],
            ..ChangePlan::default()
        };
        assert_eq!(
            plan_text("dev", &plan, Style::PLAIN),
            "Done at once:\n  dev-worker2: worker is removed\n    It is so.\n    Lost for good: volume a/b\n\
             Takes a new cluster:\n  cni flannel → none\n    It is so.\n"
        );
        let nothing = plan_text("dev", &ChangePlan::default(), Style::PLAIN);
        assert_eq!(nothing, "Cluster \"dev\" already is as the file says\n");
    }

    #[test]
    fn the_outcome_counts_nodes() {
        let changed = Changed {
            name: "dev".into(),
            added: vec!["dev-worker2".into()],
            forced: vec!["default/slow".into()],
            lacking: vec!["dev-worker2: shop:1".into()],
            ..Changed::default()
        };
        assert_eq!(
            changed_text(&changed, "9.0s"),
            "Cluster \"dev\" is changed after 9.0s: 1 node added\n\
             Ended with their node, as they did not leave it: default/slow\n\
             Images to be loaded again: dev-worker2: shop:1\n"
        );
    }
}
