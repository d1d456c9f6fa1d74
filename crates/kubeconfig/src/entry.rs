//! One cluster's entry: cluster, user and context of one name.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::Error;
use crate::document::Section;
use crate::yaml::{self, Node};

/// An admin kubeconfig has some 6 kB; anything near this is none.
const MAX_GUEST: usize = 256 * 1024;

/// Fields of a kubeconfig that a guest must not set, worth naming when it does. A name that is not
/// here is not repeated: it is a guest's text.
const KNOWN_FIELDS: [&str; 19] = [
    "as",
    "as-groups",
    "as-uid",
    "as-user-extra",
    "auth-provider",
    "certificate-authority",
    "client-certificate",
    "client-key",
    "disable-compression",
    "exec",
    "extensions",
    "insecure-skip-tls-verify",
    "namespace",
    "password",
    "proxy-url",
    "tls-server-name",
    "token",
    "tokenFile",
    "username",
];

/// One cluster's entry in a kubeconfig: a cluster, a user and a context, all of one name.
///
/// Holds a private key: `Debug` shows the name and the server only, and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    name: String,
    server: String,
    /// Each of these is base64 of PEM.
    authority: String,
    certificate: String,
    key: String,
}

impl Entry {
    /// Rebuilds an entry from the admin kubeconfig that a node wrote.
    ///
    /// The node's text is untrusted: of it, only the certificate authority and the client's
    /// certificate and key are taken (as inline data); the server is replaced by `server`, the
    /// names by `context_name`. Anything else in it (`exec`, `auth-provider`, `proxy-url`, file
    /// names, tokens, …) is an error, because it could run programs on this machine or lead its
    /// user elsewhere (GHSA-44v5-vx46-ghv6).
    ///
    /// # Errors
    /// [`Error::Guest`] says what is wrong; it never holds text of the node's file.
    pub fn from_admin(yaml: &str, context_name: &str, server: &str) -> Result<Self, Error> {
        let entry = Self::read(yaml, context_name, server);
        entry.map_err(|reason| Error::Guest { reason })
    }

    fn read(text: &str, name: &str, server: &str) -> Result<Self, String> {
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err("the name for its context is empty or has control characters".to_owned());
        }
        let address = server.strip_prefix("https://").unwrap_or_default();
        if address.is_empty() || address.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err("the server's address does not begin with https://".to_owned());
        }
        if text.len() > MAX_GUEST {
            return Err(format!("it is larger than {} kB", MAX_GUEST / 1024));
        }
        let root = yaml::parse(text)
            .map_err(|fault| format!("it is no valid YAML at {}", fault.place))?
            .root
            .ok_or("it is empty")?;
        check_plain(&root)?;
        let top = fields(
            &root,
            "the file",
            &[
                "apiVersion",
                "kind",
                "clusters",
                "contexts",
                "users",
                "current-context",
                "preferences",
            ],
        )?;
        let preferences = top.get("preferences");
        if preferences
            .is_some_and(|node| !node.is_null() && node.as_map().is_none_or(|map| !map.is_empty()))
        {
            return Err("it has preferences".to_owned());
        }
        let cluster = only(top, Section::Clusters)?;
        let user = only(top, Section::Users)?;
        let context = only(top, Section::Contexts)?;
        fields(context.content, "its context", &["cluster", "user"])?;
        for (key, target) in [("cluster", &cluster), ("user", &user)] {
            if context.content.get(key).and_then(Node::as_str) != Some(target.name) {
                return Err(format!("its context does not name its {key}"));
            }
        }
        fields(
            cluster.content,
            "its cluster",
            &["server", "certificate-authority-data"],
        )?;
        fields(
            user.content,
            "its user",
            &["client-certificate-data", "client-key-data"],
        )?;
        let (cluster, user) = (cluster.content, user.content);
        Ok(Self {
            name: name.to_owned(),
            server: server.to_owned(),
            authority: pem(cluster, "certificate-authority-data", &["CERTIFICATE"])?,
            certificate: pem(user, "client-certificate-data", &["CERTIFICATE"])?,
            key: pem(
                user,
                "client-key-data",
                &["RSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY"],
            )?,
        })
    }

    /// The name of context, cluster and user.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The API server's address, as in `https://127.0.0.1:6443`.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// A complete kubeconfig with this entry alone, its context current.
    ///
    /// The text holds the private key: print it only when asked for.
    pub fn render(&self) -> String {
        let mut text = "apiVersion: v1\nkind: Config\n".to_owned();
        for section in Section::ALL {
            text.extend([section.key(), ":\n"]);
            text.push_str(&crate::document::write_item(&self.item(section), 0, "\n"));
        }
        text.extend(["current-context: ", &yaml::write(&self.name), "\n"]);
        text
    }

    /// An entry of no cluster, to find out whether a text can be edited.
    pub(crate) fn placeholder() -> Self {
        let empty = String::new;
        let name = "apple-k8s-placeholder".to_owned();
        Self {
            name,
            server: empty(),
            authority: empty(),
            certificate: empty(),
            key: empty(),
        }
    }

    /// The item for one of the lists of a kubeconfig.
    pub(crate) fn item(&self, section: Section) -> Node {
        let content = match section {
            Section::Clusters => vec![
                ("certificate-authority-data", Node::text(&self.authority)),
                ("server", Node::text(&self.server)),
            ],
            Section::Contexts => {
                vec![
                    ("cluster", Node::text(&self.name)),
                    ("user", Node::text(&self.name)),
                ]
            }
            Section::Users => vec![
                ("client-certificate-data", Node::text(&self.certificate)),
                ("client-key-data", Node::text(&self.key)),
            ],
        };
        Node::map(vec![
            (section.content(), Node::map(content)),
            ("name", Node::text(&self.name)),
        ])
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("name", &self.name)
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

/// Anchors, aliases and tags have no business in a file that a program wrote.
fn check_plain(root: &Node) -> Result<(), String> {
    let mut plain = true;
    root.visit(&mut |node| {
        let alias = matches!(node.value, yaml::Value::Alias(_));
        plain &= node.anchor == 0 && node.tag.is_none() && !alias;
    });
    if plain {
        Ok(())
    } else {
        Err("it uses anchors, aliases or tags".to_owned())
    }
}

/// `node` if it is a mapping of these keys only, each at most once.
fn fields<'n>(node: &'n Node, what: &str, allowed: &[&str]) -> Result<&'n Node, String> {
    let pairs = node
        .as_map()
        .ok_or_else(|| format!("{what} is no mapping"))?;
    let mut seen = Vec::new();
    for (key, _) in pairs {
        let key = key.as_str().unwrap_or_default();
        if !allowed.contains(&key) {
            let known = KNOWN_FIELDS.iter().find(|known| **known == key);
            return Err(match known {
                Some(known) => format!("{what} has the field {known}"),
                None => format!("{what} has an unknown field"),
            });
        }
        if seen.contains(&key) {
            return Err(format!("{what} has {key} twice"));
        }
        seen.push(key);
    }
    Ok(node)
}

/// Name and content of a section's one item.
struct Item<'n> {
    name: &'n str,
    content: &'n Node,
}

fn only(top: &Node, section: Section) -> Result<Item<'_>, String> {
    let items = top
        .get(section.key())
        .and_then(Node::as_list)
        .unwrap_or_default();
    let [item] = items else {
        return Err(format!("it has {} {}, not one", items.len(), section.key()));
    };
    let what = format!("its {}", section.content());
    fields(item, &what, &["name", section.content()])?;
    let name = item.get("name").and_then(Node::as_str);
    let content = item.get(section.content());
    match (name, content) {
        (Some(name), Some(content)) => Ok(Item { name, content }),
        _ => Err(format!("{what} has no name or no content")),
    }
}

/// The field's base64, checked to be PEM of one of these labels.
fn pem(fields: &Node, key: &str, labels: &[&str]) -> Result<String, String> {
    let value = fields
        .get(key)
        .and_then(Node::as_str)
        .ok_or_else(|| format!("it has no {key}"))?;
    let bytes = BASE64
        .decode(value)
        .map_err(|_| format!("its {key} is no base64"))?;
    let text = String::from_utf8(bytes).unwrap_or_default();
    let text = text.trim();
    let is_pem = labels.iter().any(|label| {
        text.starts_with(&format!("-----BEGIN {label}-----"))
            && text.ends_with(&format!("-----END {label}-----"))
    });
    if is_pem {
        Ok(value.to_owned())
    } else {
        Err(format!("its {key} is no PEM of the right kind"))
    }
}
