//! Leaves secrets out of texts that leave this machine.

use std::sync::LazyLock;

use regex::{Captures, Regex};

const LEFT_OUT: &str = "[left out]";

/// What is left out: the first group stays, the rest of a match goes.
static RULES: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        // Whole PEM blocks: keys and certificates, also written into one line.
        r"(?s)()-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\z)",
        // Fields of kubeconfigs, settings and JSON whose names say that they are secret.
        r#"(?im)((?:[\w-]*(?:token|password|passwd|secret|client-key|certificate|authority|credential|api-?key|private-?key)[\w-]*)["']?\s*[:=]\s*["']?)[^\s"',}{\[\]]{4,}"#,
        r"(?i)(\bauthorization\b[^\n:=]*[:=]\s*)[^\n]+",
        r"(?i)(\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}",
        // kubeadm's tokens, and JSON web tokens.
        r"()\b[a-z0-9]{6}\.[a-z0-9]{16}\b",
        r"()\beyJ[\w-]{8,}\.[\w-]+\.?[\w-]*",
        // A password in an address.
        r"(://[^\s/:@]*:)[^\s/@]+@",
        // Base64 of a length that no name has.
        r"()[A-Za-z0-9+/]{80,}={0,2}",
    ]
    .iter()
    .filter_map(|rule| Regex::new(rule).ok())
    .collect()
});

/// The text without what is secret, and how often something was left out.
pub(crate) fn redact(text: &str) -> (String, u32) {
    let mut count = 0;
    let mut text = text.to_owned();
    for rule in RULES.iter() {
        let redacted = rule.replace_all(&text, |found: &Captures<'_>| {
            let kept = found.get(1).map_or("", |group| group.as_str());
            let at = if found[0].ends_with('@') { "@" } else { "" };
            if found[0] == format!("{kept}{LEFT_OUT}{at}") {
                return found[0].to_owned();
            }
            count += 1;
            format!("{kept}{LEFT_OUT}{at}")
        });
        text = redacted.into_owned();
    }
    (text, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each secret, in the forms in which texts of ours can hold it.
    const SECRETS: &[(&str, &str)] = &[
        (
            "client-key-data: LS0tLS1CRUdJTiBSU0E=",
            "LS0tLS1CRUdJTiBSU0E=",
        ),
        ("    certificate-authority-data: QUJDRA==", "QUJDRA=="),
        (r#"{"token":"s3cr3t-value","x":1}"#, "s3cr3t-value"),
        ("bootstrapToken=abcdef.0123456789abcdef", "0123456789abcdef"),
        (
            "joined with abcdef.0123456789abcdef today",
            "abcdef.0123456789abcdef",
        ),
        (
            "-----BEGIN EC PRIVATE KEY-----\nMHcCAQ\nEE=\n-----END EC PRIVATE KEY-----",
            "MHcCAQ",
        ),
        ("-----BEGIN CERTIFICATE-----\\nMIIB\\ncut off", "MIIB"),
        ("Authorization: Bearer abc.def-ghi", "abc.def-ghi"),
        ("got eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ.c2ln", "eyJpc3MiOiJ"),
        ("https://me:hunter2@registry.example/v2", "hunter2"),
        ("password: 'correct-horse'", "correct-horse"),
        ("aws_secret_access_key = wJalrXUtnFEMI", "wJalrXUtnFEMI"),
    ];

    #[test]
    fn no_secret_stays() {
        for (text, secret) in SECRETS {
            let (redacted, count) = redact(text);
            assert!(!redacted.contains(secret), "{redacted}");
            assert!(count > 0, "{text}");
            assert!(redacted.contains(LEFT_OUT), "{redacted}");
        }
    }

    #[test]
    fn plain_words_stay_as_they_are() {
        let plain = "cluster dev started in 12.3 s at 127.0.0.1:16443\nimage docker.io/library/web:1\nsha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
        assert_eq!(redact(plain), (plain.to_owned(), 0));
    }

    #[test]
    fn leaving_out_twice_changes_nothing_more() {
        for (text, _) in SECRETS {
            let (once, _) = redact(text);
            assert_eq!(redact(&once), (once.clone(), 0), "{once}");
        }
    }
}
