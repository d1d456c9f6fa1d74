//! Who signs: nobody, a certificate with its key, or one in a Mac's keychain.

use std::ffi::OsString;
use std::fmt::{self, Debug, Formatter};
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use apple_codesign::cryptography::parse_pfx_data;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use x509_certificate::{CapturedX509Certificate, InMemorySigningKeyPair};

/// Who signs.
#[derive(Debug)]
pub enum Identity {
    /// Nobody: the signature only says that nothing was changed.
    AdHoc,
    /// A certificate and its key.
    Certificate(Box<Certificate>),
    /// An identity in the keychain, by its name; `codesign` does the work.
    Keychain(String),
}

/// A certificate and its key, which no output shows.
pub struct Certificate {
    pub(super) certificate: CapturedX509Certificate,
    pub(super) key: InMemorySigningKeyPair,
}

impl Debug for Certificate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let name = self.certificate.subject_common_name();
        f.debug_tuple("Certificate").field(&name).finish()
    }
}

impl Identity {
    /// The one that the environment names: a certificate in `APPLE_CERTIFICATE` (base64 of a .p12
    /// file) or the file `APPLE_CERTIFICATE_PATH`, with its password in
    /// `APPLE_CERTIFICATE_PASSWORD` or the file `APPLE_CERTIFICATE_PASSWORD_PATH`; or a name in a
    /// Mac's keychain in `APPLE_SIGNING_IDENTITY`. Without any of them, or with `-`, nobody signs.
    ///
    /// # Errors
    /// When what it names can't be used.
    pub fn from_environment() -> Result<Self> {
        Self::from_variables(|name| std::env::var_os(name))
    }

    /// The same, with variables from elsewhere.
    ///
    /// # Errors
    /// When what they name can't be used.
    pub fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        // Never the value: it may be a secret.
        let text = |name: &str| {
            let value = variable(name).map(OsString::into_string).transpose();
            value.map_err(|_| anyhow::anyhow!("{name} is no text"))
        };
        let archive = match (
            variable("APPLE_CERTIFICATE"),
            variable("APPLE_CERTIFICATE_PATH"),
        ) {
            (None, None) => {
                return Ok(match text("APPLE_SIGNING_IDENTITY")? {
                    Some(name) if name != "-" => Self::Keychain(name),
                    _ => Self::AdHoc,
                });
            }
            (Some(_), Some(_)) => {
                bail!("APPLE_CERTIFICATE and APPLE_CERTIFICATE_PATH are both set: keep one")
            }
            (Some(encoded), None) => {
                let encoded: Vec<u8> = encoded
                    .into_encoded_bytes()
                    .into_iter()
                    .filter(|byte| !byte.is_ascii_whitespace())
                    .collect();
                let archive = STANDARD.decode(encoded).ok();
                archive.context("APPLE_CERTIFICATE is not the base64 of a .p12 file")?
            }
            (None, Some(path)) => {
                let path = PathBuf::from(path);
                fs::read(&path).with_context(|| format!("reading {}", path.display()))?
            }
        };
        let password = match (
            text("APPLE_CERTIFICATE_PASSWORD")?,
            variable("APPLE_CERTIFICATE_PASSWORD_PATH"),
        ) {
            (None, None) => String::new(),
            (Some(password), None) => password,
            (None, Some(path)) => {
                let path = PathBuf::from(path);
                let text = fs::read_to_string(&path);
                let text = text.with_context(|| format!("reading {}", path.display()))?;
                text.trim_end_matches(['\r', '\n']).to_owned()
            }
            (Some(_), Some(_)) => bail!(
                "APPLE_CERTIFICATE_PASSWORD and APPLE_CERTIFICATE_PASSWORD_PATH are both set: keep one"
            ),
        };
        let certificate = Certificate::from_archive(&archive, &password)?;
        Ok(Self::Certificate(Box::new(certificate)))
    }
}

impl Certificate {
    /// The certificate and the key in a .p12 file.
    ///
    /// # Errors
    /// When the password is wrong or the file is none.
    pub fn from_archive(archive: &[u8], password: &str) -> Result<Self> {
        let found = parse_pfx_data(archive, password).ok();
        let (certificate, key) = found.context(
            "the certificate can't be opened: the password is wrong, or it is no .p12 file that \
             older systems can read (`openssl pkcs12 -export -legacy`)",
        )?;
        let key = InMemorySigningKeyPair::try_from(key).ok();
        Self::new(
            certificate,
            key.context("the certificate's key is of an unknown kind")?,
        )
    }

    /// A certificate and its key.
    ///
    /// # Errors
    /// When they don't belong together.
    pub fn new(certificate: CapturedX509Certificate, key: InMemorySigningKeyPair) -> Result<Self> {
        use x509_certificate::Sign as _;
        let same = certificate.public_key_data() == key.public_key_data();
        ensure!(same, "the key is not that of the certificate");
        Ok(Self { certificate, key })
    }
}
