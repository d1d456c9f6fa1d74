//! `delete cluster` and `delete clusters`

use std::path::Path;

use engine::{ClusterState, Deleted, Engine, Error, Result};
use serde::Serialize;

use super::counted;
use crate::args::{DeleteArgs, DeleteManyArgs};
use crate::session::Session;

#[derive(Serialize)]
struct DeletedClusters<'a> {
    deleted: &'a [Deleted],
}

pub(super) async fn one(args: &DeleteArgs, session: &Session) -> Result<()> {
    let engine = session.engine()?;
    let (name, file) = (args.name.resolve()?, args.kubeconfig.absolute()?);
    let deleted = delete(&engine, &name, file.as_deref(), session).await?;
    session.console.result(&deleted, |_| text(&deleted))
}

/// Deletes one after another; a failure does not keep the others from being deleted.
pub(super) async fn many(args: &DeleteManyArgs, session: &Session) -> Result<()> {
    let engine = session.engine()?;
    let names = if args.all {
        let clusters = session.ask(engine.clusters()).await?;
        clusters
            .into_iter()
            .filter(|cluster| cluster.state != ClusterState::Foreign)
            .map(|cluster| cluster.name)
            .collect()
    } else {
        args.names.clone()
    };
    let file = args.kubeconfig.absolute()?;
    let (mut deleted, mut failures) = (Vec::new(), Vec::new());
    for name in &names {
        match delete(&engine, name, file.as_deref(), session).await {
            Ok(outcome) => deleted.push(outcome),
            Err(error) => failures.push((name, error)),
        }
        if session.cancel.is_cancelled() {
            break;
        }
    }
    if let Some(error) = combined(&failures, names.len()) {
        return Err(error);
    }
    session
        .console
        .result(&DeletedClusters { deleted: &deleted }, |_| {
            if deleted.is_empty() {
                return "There is no cluster: nothing to delete\n".to_owned();
            }
            deleted.iter().map(text).collect()
        })
}

async fn delete(
    engine: &Engine,
    name: &str,
    kubeconfig: Option<&Path>,
    session: &Session,
) -> Result<Deleted> {
    let title = format!("Deleting cluster \"{name}\"");
    session
        .operate(&title, name, async |op| {
            engine.delete(name, kubeconfig, op).await
        })
        .await
}

/// Several failures as one; it has the code of the first.
fn combined(failures: &[(&String, Error)], asked: usize) -> Option<Error> {
    let (_, first) = failures.first()?;
    if asked == 1 {
        return Some(first.clone());
    }
    let lines: Vec<String> = failures
        .iter()
        .map(|(name, error)| match &error.detail {
            Some(detail) => format!("{name}: {error}\n{detail}"),
            None => format!("{name}: {error}"),
        })
        .collect();
    let message = format!(
        "{} of {} could not be deleted",
        failures.len(),
        counted(asked, "cluster")
    );
    let mut error = Error::new(first.code, message).detail(lines.join("\n"));
    error.hint.clone_from(&first.hint);
    Some(error)
}

fn text(deleted: &Deleted) -> String {
    let name = &deleted.name;
    if !deleted.existed {
        return format!("There is no cluster \"{name}\": nothing to delete\n");
    }
    let nodes = counted(deleted.nodes.len(), "node");
    format!("Cluster \"{name}\" is deleted ({nodes})\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::ErrorCode;

    #[test]
    fn a_missing_cluster_is_said_to_be_missing() {
        let deleted = Deleted {
            name: "demo".into(),
            ..Deleted::default()
        };
        assert_eq!(
            text(&deleted),
            "There is no cluster \"demo\": nothing to delete\n"
        );
        let deleted = Deleted {
            existed: true,
            nodes: vec!["a".into(), "b".into()],
            ..deleted
        };
        assert_eq!(text(&deleted), "Cluster \"demo\" is deleted (2 nodes)\n");
    }

    #[test]
    fn all_failures_are_told() {
        let names = ["a".to_owned(), "b".to_owned()];
        let failures = [
            (
                &names[0],
                Error::new(ErrorCode::ClusterBusy, "busy").hint("wait"),
            ),
            (
                &names[1],
                Error::new(ErrorCode::NoSpace, "full").detail("0 bytes"),
            ),
        ];
        let error = combined(&failures, 3).expect("an error");
        assert_eq!(error.code, ErrorCode::ClusterBusy);
        assert_eq!(error.message, "2 of 3 clusters could not be deleted");
        assert_eq!(error.detail.as_deref(), Some("a: busy\nb: full\n0 bytes"));
        assert_eq!(error.hint.as_deref(), Some("wait"));
        assert!(combined(&[], 3).is_none());
    }
}
