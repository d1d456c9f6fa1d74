//! Who signed: the CMS signature over a code directory, its certificates, and the time that another
//! party attests.

mod message;

use std::fmt::{self, Display, Formatter};

use anyhow::{Context, Result, ensure};
use bcder::Mode;
use bcder::decode::Constructed;
use chrono::{DateTime, Utc};
use cryptographic_message_syntax::SignerInfo;
use cryptographic_message_syntax::asn1::rfc3161::TstInfo;
use plist::{Dictionary, Value};
use x509_certificate::CapturedX509Certificate;

use message::{Kind, Message};

use super::directory::sha256;
use super::requirement::Certificate;

/// SHA-256 hashes of Apple's root certificates: Apple Root CA, G2 and G3.
const APPLE_ROOTS: [[u8; 32]; 3] = [
    [
        0xb0, 0xb1, 0x73, 0x0e, 0xcb, 0xc7, 0xff, 0x45, 0x05, 0x14, 0x2c, 0x49, 0xf1, 0x29, 0x5e,
        0x6e, 0xda, 0x6b, 0xca, 0xed, 0x7e, 0x2c, 0x68, 0xc5, 0xbe, 0x91, 0xb5, 0xa1, 0x10, 0x01,
        0xf0, 0x24,
    ],
    [
        0xc2, 0xb9, 0xb0, 0x42, 0xdd, 0x57, 0x83, 0x0e, 0x7d, 0x11, 0x7d, 0xac, 0x55, 0xac, 0x8a,
        0xe1, 0x94, 0x07, 0xd3, 0x8e, 0x41, 0xd8, 0x8f, 0x32, 0x15, 0xbc, 0x3a, 0x89, 0x04, 0x44,
        0xa0, 0x50,
    ],
    [
        0x63, 0x34, 0x3a, 0xbf, 0xb8, 0x9a, 0x6a, 0x03, 0xeb, 0xb5, 0x7e, 0x9b, 0x3f, 0x5f, 0xa7,
        0xbe, 0x7c, 0x4f, 0x5c, 0x75, 0x6f, 0x30, 0x17, 0xb3, 0xa8, 0xc4, 0x88, 0xc3, 0x65, 0x3e,
        0x91, 0x79,
    ],
];

/// Object identifiers, in DER without tag and length.
mod oid {
    pub(super) const DEVELOPER_ID: &[u8] =
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x63, 0x64, 0x06, 0x01, 0x0d];
    pub(super) const CODE_DIRECTORIES: &[u8] =
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x63, 0x64, 0x09, 0x01];
    pub(super) const CODE_DIRECTORY_HASHES: &[u8] =
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x63, 0x64, 0x09, 0x02];
    pub(super) const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
}

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signer {
    /// Nobody: whoever changes the app can sign it like this again.
    Nobody,
    /// The holder of a certificate.
    Holder {
        /// The name in it.
        name: String,
        /// The team in it.
        team: Option<String>,
        /// The hash of the certificate.
        certificate: [u8; 32],
        /// Whether its chain ends at Apple.
        by_apple: bool,
        /// Whether it is a Developer ID, for apps that are not from the App Store.
        is_developer_id: bool,
    },
}

impl Signer {
    /// The team that signed.
    pub fn team(&self) -> Option<&str> {
        match self {
            Self::Nobody => None,
            Self::Holder { team, .. } => team.as_deref(),
        }
    }

    /// Whether Apple gave the certificate.
    pub const fn is_by_apple(&self) -> bool {
        matches!(self, Self::Holder { by_apple: true, .. })
    }

    /// Whether Apple gave the certificate, for apps that are not from the App Store.
    pub const fn is_for_distribution(&self) -> bool {
        matches!(
            self,
            Self::Holder {
                by_apple: true,
                is_developer_id: true,
                ..
            }
        )
    }
}

impl Display for Signer {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nobody => f.write_str("nobody (ad hoc)"),
            Self::Holder { name, by_apple, .. } => {
                let giver = if *by_apple {
                    ""
                } else {
                    ", a certificate not from Apple"
                };
                write!(f, "{name}{giver}")
            }
        }
    }
}

/// A signature that is right.
pub(super) struct Certified {
    pub(super) signer: Signer,
    /// Certificates from the leaf to the root.
    pub(super) certificates: Vec<Certificate>,
    /// When it was signed, by the word of Apple's clock or one that is taken for it.
    pub(super) time: Option<DateTime<Utc>>,
}

/// Reads the signature over a code directory with this hash. `roots` are taken for Apple's too.
pub(super) fn read(
    content: &[u8],
    directory: &[u8],
    hash: &[u8; 32],
    roots: &[[u8; 32]],
) -> Result<Certified> {
    let message = Message::read(content, Kind::Code, directory)?;
    attributes(&message.signer, hash)?;
    let chain = message.chain()?;
    let leaf = chain.first().context("its signature has no certificate")?;
    let time = attested_time(&message, roots)?;
    let attributes = message.signer.signed_attributes();
    let signed_at = attributes.and_then(|attributes| attributes.signing_time());
    if let Some(at) = time.or(signed_at.copied()) {
        ensure!(
            leaf.time_constraints_valid(Some(at)),
            "its certificate was not valid when it was signed"
        );
    }
    let certificates: Vec<Certificate> = chain.iter().map(certificate).collect();
    let leaf_has = |wanted: &[u8]| {
        let mut extensions = certificates[0].extensions.iter();
        extensions.any(|extension| extension == wanted)
    };
    Ok(Certified {
        signer: Signer::Holder {
            name: leaf.subject_common_name().unwrap_or_default(),
            team: subject(&certificates[0], "subject.OU"),
            certificate: sha256(leaf.constructed_data()),
            by_apple: ends_at(&chain, roots),
            is_developer_id: leaf_has(oid::DEVELOPER_ID),
        },
        certificates,
        time,
    })
}

/// Attributes that say once more which code directory was signed.
fn attributes(signer: &SignerInfo, hash: &[u8; 32]) -> Result<()> {
    let attributes = signer
        .signed_attributes()
        .context("its signature has no attributes")?;
    let mut found = 0;
    for attribute in attributes.attributes().iter() {
        let name: &[u8] = attribute.typ.as_ref();
        let [value] = &attribute.values[..] else {
            continue;
        };
        if name == oid::CODE_DIRECTORIES {
            let text =
                Constructed::decode(value.as_slice(), Mode::Ber, bcder::OctetString::take_from)
                    .ok()
                    .context("its signature lists no hashes")?;
            let list: Dictionary = plist::from_bytes(&text.to_bytes())?;
            let hashes = list.get("cdhashes").and_then(Value::as_array);
            let same = hashes.is_some_and(|all| *all == [Value::Data(hash[..20].to_vec())]);
            ensure!(same, "its signature lists other hashes");
            found += 1;
        } else if name == oid::CODE_DIRECTORY_HASHES {
            ensure!(
                value.as_slice().ends_with(hash),
                "its signature lists other hashes"
            );
            found += 1;
        }
    }
    ensure!(
        found == 2,
        "its signature does not list the hashes of its code directory"
    );
    Ok(())
}

/// Whether the chain's root is Apple's.
fn ends_at(chain: &[CapturedX509Certificate], roots: &[[u8; 32]]) -> bool {
    let root = chain.last().map(|root| sha256(root.constructed_data()));
    root.is_some_and(|root| APPLE_ROOTS.contains(&root) || roots.contains(&root))
}

/// When another party says that the signature was there.
fn attested_time(message: &Message, roots: &[[u8; 32]]) -> Result<Option<DateTime<Utc>>> {
    let Some(token) = message.time()? else {
        return Ok(None);
    };
    let content = token.data.signed_content();
    let content = content.context("its time is not said")?;
    let statement = Constructed::decode(content, Mode::Der, TstInfo::take_from).ok();
    let statement = statement.context("its time is not understood")?;
    let imprint = &statement.message_imprint;
    let algorithm: &[u8] = imprint.hash_algorithm.algorithm.as_ref();
    ensure!(
        algorithm == oid::SHA256
            && imprint.hashed_message.to_bytes() == sha256(message.signer.signature())[..],
        "its time is that of another signature"
    );
    if !ends_at(&token.chain()?, roots) {
        return Ok(None);
    }
    Ok(Some(statement.gen_time.into()))
}

/// A certificate as requirements see it.
fn certificate(found: &CapturedX509Certificate) -> Certificate {
    let name = found.subject_name();
    let mut subject = Vec::new();
    let mut add = |field: &str, value: String| subject.push((field.to_owned(), value));
    for value in name
        .iter_common_name()
        .filter_map(|value| value.to_string().ok())
    {
        add("subject.CN", value);
    }
    for value in name
        .iter_organization()
        .filter_map(|value| value.to_string().ok())
    {
        add("subject.O", value);
    }
    let units = name.iter_organizational_unit();
    for value in units.filter_map(|value| value.to_string().ok()) {
        add("subject.OU", value);
    }
    Certificate {
        der: found.constructed_data().to_owned(),
        subject,
        extensions: found
            .iter_extensions()
            .map(|extension| extension.id.as_ref().to_vec())
            .collect(),
    }
}

fn subject(certificate: &Certificate, field: &str) -> Option<String> {
    let mut fields = certificate.subject.iter();
    fields
        .find(|(name, _)| name == field)
        .map(|(_, value)| value.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apples_roots_are_those_that_the_signing_library_has() {
        use apple_codesign::KnownCertificate as Known;
        let roots = [
            Known::AppleRootCa,
            Known::AppleRootCaG2Root,
            Known::AppleRootCaG3Root,
        ];
        let hashes = roots.map(|root| sha256(root.as_ref().constructed_data()));
        assert_eq!(hashes, APPLE_ROOTS);
    }
}
