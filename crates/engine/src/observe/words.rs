//! Why containers do not run, in a person's words.

use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStateWaiting};

/// Longest reason that is shown in one line, in characters.
const LINE: usize = 240;

/// How a container ended, such as `out of memory (137)`.
pub(super) fn ending(end: &ContainerStateTerminated) -> String {
    let code = end.exit_code;
    let how = match (end.reason.as_deref(), code) {
        (Some("OOMKilled"), _) => format!("out of memory ({code})"),
        (Some("Completed") | None, 0) => return "completed".into(),
        (Some("StartError" | "ContainerCannotRun"), _) => {
            let message = end.message.as_deref().unwrap_or_default();
            return format!("could not start: {}", one_line(innermost(message)));
        }
        (Some("DeadlineExceeded"), _) => format!("took too long ({code})"),
        (_, 126) => "exit code 126, its program can't be run".into(),
        (_, 127) => "exit code 127, its program was not found".into(),
        (_, 129..=159) => match signal(code - 128) {
            Some(name) => format!("ended by {name} ({code})"),
            None => format!("exit code {code}"),
        },
        _ => format!("exit code {code}"),
    };
    // What the program left as its last words.
    match end.message.as_deref().and_then(last_line) {
        Some(message) => one_line(&format!("{how}: {message}")),
        None => how,
    }
}

/// Signals that end programs.
fn signal(number: i32) -> Option<&'static str> {
    Some(match number {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        _ => return None,
    })
}

/// What a container waits for that does not come by itself; none when it is merely on its way.
pub(super) fn waiting(
    waiting: &ContainerStateWaiting,
    image: &str,
    last: Option<&ContainerStateTerminated>,
) -> Option<String> {
    let reason = waiting.reason.as_deref()?;
    let message = waiting.message.as_deref().unwrap_or_default();
    let why = match reason {
        "ContainerCreating" | "PodInitializing" => return None,
        "CrashLoopBackOff" => last.map(ending).unwrap_or_default(),
        "ErrImageNeverPull" => format!("{image} is not on its node, and may not be pulled"),
        "InvalidImageName" => format!("\"{image}\" is not a name of an image"),
        "ImagePullBackOff" | "ErrImagePull" | "RegistryUnavailable" | "ImageInspectError" => {
            image_trouble(image, message)
        }
        _ => innermost(message).to_owned(),
    };
    Some(if why.is_empty() {
        reason.to_owned()
    } else {
        one_line(&format!("{reason}: {why}"))
    })
}

/// Why an image could not be had, from the long words of the runtime.
fn image_trouble(image: &str, message: &str) -> String {
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if says(&["toomanyrequests", "429 Too Many"]) {
        format!("{image}: its registry refuses more requests for now")
    } else if says(&["no match for platform", "no matching manifest"]) {
        format!("{image} is not made for this processor")
    } else if says(&[
        "denied",
        "unauthorized",
        "401 ",
        "403 ",
        "authorization failed",
    ]) {
        format!("{image} may not be pulled, or does not exist")
    } else if says(&["x509", "certificate"]) {
        format!("{image}: the certificate of its registry is not trusted")
    } else if says(&[
        "no such host",
        "dial tcp",
        "i/o timeout",
        "server misbehaving",
        "deadline",
    ]) {
        format!("{image}: its registry can't be reached")
    } else if says(&["not found", "NotFound", "manifest unknown"]) {
        format!("{image} was not found")
    } else if message.is_empty() {
        image.to_owned()
    } else {
        format!("{image}: {}", innermost(message))
    }
}

/// The part of a chain of errors that tells: without the names of everybody who passed it on.
pub(super) fn innermost(message: &str) -> &str {
    let mut rest = message.trim();
    rest = rest.strip_suffix(": unknown").unwrap_or(rest);
    for wrapper in [
        "error during container init: ",
        "unable to start container process: ",
        "runc create failed: ",
        "OCI runtime create failed: ",
        "failed to create shim task: ",
        "failed to create containerd task: ",
        " desc = ",
    ] {
        if let Some(at) = rest.rfind(wrapper) {
            rest = &rest[at + wrapper.len()..];
            break;
        }
    }
    rest
}

/// The last line that says something.
fn last_line(text: &str) -> Option<&str> {
    text.lines().map(str::trim).rfind(|line| !line.is_empty())
}

/// The text on one line, cut when it is long.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(LINE * 4));
    for (count, word) in text.split_whitespace().enumerate() {
        if count > 0 {
            line.push(' ');
        }
        line.push_str(word);
    }
    match line.char_indices().nth(LINE) {
        Some((cut, _)) => {
            line.truncate(cut);
            line.push('…');
            line
        }
        None => line,
    }
}

/// The text with its first letter as at the beginning of a sentence.
pub(super) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ended(value: serde_json::Value) -> String {
        ending(&serde_json::from_value(value).expect("a state"))
    }

    #[test]
    fn endings_say_what_happened() {
        assert_eq!(
            ended(json!({"exitCode": 137, "reason": "OOMKilled"})),
            "out of memory (137)"
        );
        assert_eq!(
            ended(json!({"exitCode": 137, "reason": "Error"})),
            "ended by SIGKILL (137)"
        );
        assert_eq!(
            ended(json!({"exitCode": 0, "reason": "Completed"})),
            "completed"
        );
        assert_eq!(
            ended(
                json!({"exitCode": 1, "reason": "Error", "message": "loading\npanic: no DSN\n\n"})
            ),
            "exit code 1: panic: no DSN"
        );
        assert_eq!(
            ended(json!({"exitCode": 200, "reason": "Error"})),
            "exit code 200"
        );
        assert_eq!(
            ended(json!({"exitCode": 128, "reason": "StartError", "message":
                "failed to create containerd task: failed to create shim task: OCI runtime create \
                 failed: runc create failed: unable to start container process: error during \
                 container init: exec: \"nosuch\": executable file not found in $PATH: unknown"})),
            "could not start: exec: \"nosuch\": executable file not found in $PATH"
        );
    }

    fn waits(reason: &str, message: &str) -> Option<String> {
        let state = serde_json::from_value(json!({"reason": reason, "message": message}));
        waiting(&state.expect("a state"), "shop:2.1", None)
    }

    #[test]
    fn images_that_do_not_come_are_told_by_their_cause() {
        let pull = |cause: &str| {
            waits(
                "ImagePullBackOff",
                &format!(
                    "Back-off pulling image \"shop:2.1\": ErrImagePull: rpc error: code = Unknown \
                     desc = failed to pull and unpack image \"docker.io/library/shop:2.1\": {cause}"
                ),
            )
            .expect("a reason")
        };
        assert_eq!(
            pull("failed to do request: Head: dial tcp: lookup registry-1: no such host"),
            "ImagePullBackOff: shop:2.1: its registry can't be reached"
        );
        assert_eq!(
            pull("failed to resolve reference: docker.io/library/shop:2.1: not found"),
            "ImagePullBackOff: shop:2.1 was not found"
        );
        assert_eq!(
            pull("pull access denied, repository does not exist or may require authorization"),
            "ImagePullBackOff: shop:2.1 may not be pulled, or does not exist"
        );
        assert_eq!(
            waits(
                "ErrImageNeverPull",
                "Container image is not present with pull policy of Never"
            ),
            Some("ErrImageNeverPull: shop:2.1 is not on its node, and may not be pulled".into())
        );
        assert_eq!(
            waits("CreateContainerConfigError", "secret \"db\" not found"),
            Some("CreateContainerConfigError: secret \"db\" not found".into())
        );
        assert_eq!(waits("ContainerCreating", ""), None);
    }

    #[test]
    fn long_texts_are_cut_between_letters() {
        let cut = one_line(&"ä ".repeat(500));
        assert_eq!(cut.chars().count(), LINE + 1);
        assert!(cut.ends_with('…'));
        assert_eq!(one_line("a\n  b\tc"), "a b c");
    }
}
