//! `apply manifests`

use engine::{Error, ErrorCode, ManifestChange, ManifestObject, ManifestPreview, Result};
use serde::Serialize;

use super::{config, counted};
use crate::args::ManifestsArgs;
use crate::session::Session;
use crate::style::{Style, Tone, harmless};

#[derive(Serialize)]
struct Applied<'a> {
    objects: &'a [ManifestObject],
}

pub(super) async fn apply(args: &ManifestsArgs, session: &Session) -> Result<()> {
    let (origin, text) = config::text(&args.file, "manifests")?;
    let text = String::from_utf8(text).map_err(|_| {
        Error::new(ErrorCode::ConfigInvalid, format!("{origin} is not UTF-8"))
            .hint("save the file as UTF-8")
    })?;
    let engine = session.engine()?;
    let name = args.name.resolve()?;
    if args.dry_run {
        let preview = session.ask(engine.preview_manifests(&name, &text)).await?;
        refuse(&origin, &preview)?;
        return session
            .console
            .result(&preview, |style| table(&preview.objects, style));
    }
    let title = format!("Applying {origin} to cluster \"{name}\"");
    let objects = session
        .operate(&title, &name, async |op| {
            engine.apply_manifests(&name, &text, op).await
        })
        .await?;
    if let Some(error) = failures(&objects) {
        return Err(error);
    }
    let applied = Applied { objects: &objects };
    session
        .console
        .result(&applied, |style| table(&objects, style))
}

/// A dry run that found something wrong has failed.
fn refuse(origin: &str, preview: &ManifestPreview) -> Result<()> {
    if !preview.problems.is_empty() {
        let lines = preview.problems.iter();
        let lines: Vec<String> = lines.map(|one| format!("{origin}:{one}")).collect();
        let message = format!("{} in {origin}", counted(lines.len(), "error"));
        return Err(Error::new(ErrorCode::ConfigInvalid, message).detail(lines.join("\n")));
    }
    failures(&preview.objects).map_or(Ok(()), Err)
}

/// All failures as one; the others were applied.
fn failures(objects: &[ManifestObject]) -> Option<Error> {
    let lines: Vec<String> = objects
        .iter()
        .filter_map(|object| Some(format!("{}: {}", title(object), object.problem.as_deref()?)))
        .collect();
    if lines.is_empty() {
        return None;
    }
    let message = format!(
        "{} of {} can't be applied",
        lines.len(),
        counted(objects.len(), "object")
    );
    Some(Error::new(ErrorCode::ConfigInvalid, message).detail(lines.join("\n")))
}

fn title(object: &ManifestObject) -> String {
    match &object.namespace {
        Some(namespace) => format!("{} {namespace}/{}", object.kind, object.name),
        None => format!("{} {}", object.kind, object.name),
    }
}

fn table(objects: &[ManifestObject], style: Style) -> String {
    let line = |object: &ManifestObject| {
        let (word, tone) = match object.change {
            ManifestChange::New => ("new", Tone::Good),
            ManifestChange::Changed => ("changed", Tone::Doubtful),
            ManifestChange::Unchanged => ("unchanged", Tone::Faint),
        };
        let word = style.paint(tone, &format!("{word:<9}"));
        let title = harmless(&title(object));
        match &object.note {
            Some(note) => {
                let note = style.paint(Tone::Faint, &harmless(note));
                format!("{word}  {title}  {note}\n")
            }
            None => format!("{word}  {title}\n"),
        }
    };
    objects.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(name: &str, change: ManifestChange, problem: Option<&str>) -> ManifestObject {
        ManifestObject {
            kind: "ConfigMap".into(),
            api_version: "v1".into(),
            namespace: Some("default".into()),
            name: name.into(),
            line: 1,
            change,
            problem: problem.map(str::to_owned),
            note: None,
        }
    }

    #[test]
    fn objects_are_listed_with_what_becomes_of_them() {
        let objects = [
            object("a", ManifestChange::New, None),
            object("b", ManifestChange::Unchanged, None),
        ];
        assert_eq!(
            table(&objects, Style::PLAIN),
            "new        ConfigMap default/a\nunchanged  ConfigMap default/b\n"
        );
        assert!(failures(&objects).is_none());
    }

    #[test]
    fn failures_are_all_told() {
        let objects = [
            object("a", ManifestChange::New, Some("no")),
            object("b", ManifestChange::New, None),
        ];
        let error = failures(&objects).expect("one failed");
        assert_eq!(error.message, "1 of 2 objects can't be applied");
        assert_eq!(error.detail.as_deref(), Some("ConfigMap default/a: no"));
    }
}
