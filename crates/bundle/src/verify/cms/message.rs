//! CMS data with one signer: of all that it holds nothing is passed over.

use anyhow::{Context, Result, bail, ensure};
use bcder::Mode;
use bcder::decode::Constructed;
use bcder::encode::Values;
use cryptographic_message_syntax::asn1::rfc5652;
use cryptographic_message_syntax::{SignedData, SignerInfo};
use x509_certificate::rfc5280::AlgorithmIdentifier;
use x509_certificate::{CapturedX509Certificate, rfc5280};

/// No parameters, which is how most algorithms are named.
const NULL: &[u8] = &[0x05, 0x00];
const TIME_TOKEN: &[u8] = &[
    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x0e,
];

/// What is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Data that is elsewhere: a code directory.
    Code,
    /// A statement of a clock, which is inside.
    Time,
}

impl Kind {
    /// The name of its content's type, and the version that goes with it.
    const fn form(self) -> (&'static [u8], rfc5652::CmsVersion) {
        const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
        const STATEMENT: &[u8] = &[
            0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04,
        ];
        match self {
            Self::Code => (DATA, rfc5652::CmsVersion::V1),
            Self::Time => (STATEMENT, rfc5652::CmsVersion::V3),
        }
    }
}

/// CMS data and its signer, whose signature is right.
pub(super) struct Message {
    pub(super) data: SignedData,
    pub(super) signer: SignerInfo,
    /// Whose signer attests the time of this signature.
    token: Option<Vec<u8>>,
}

impl Message {
    /// Reads it; `code` is what was signed if that is elsewhere.
    pub(super) fn read(content: &[u8], kind: Kind, code: &[u8]) -> Result<Self> {
        // In DER nothing can be written in two ways; `codesign` writes BER, whose lengths are open.
        let is_der = content.get(1) != Some(&0x80);
        let mode = if is_der { Mode::Der } else { Mode::Ber };
        let raw = Constructed::decode(content, mode, rfc5652::SignedData::decode).ok();
        let raw = raw.context("its signature is not in the form of CMS")?;
        if is_der {
            let mut written = Vec::new();
            raw.encode_ref().write_encoded(Mode::Der, &mut written)?;
            ensure!(written == content, "its signature has unknown parts");
        }
        let (content_type, version) = kind.form();
        let token = understood(&raw, content_type, version)?;
        let data = SignedData::try_from(&raw).ok();
        let data = data.context("its signature is not understood")?;
        let signer = data.signers().next().cloned();
        let signer = signer.context("its signature has no signer")?;
        ensure!(
            data.signed_content().is_some() == (kind == Kind::Time),
            "its signature has other content than expected"
        );
        let attributes = signer.signed_attributes();
        let attributes = attributes.context("its signature has no attributes")?;
        ensure!(
            attributes.content_type().as_ref() == content_type,
            "its signature is of another type than its content"
        );
        let digest = match kind {
            Kind::Code => signer.verify_message_digest_with_content(code),
            Kind::Time => signer.verify_message_digest_with_signed_data(&data),
        };
        digest
            .ok()
            .context("its signature is that of something else")?;
        let signature = signer.verify_signature_with_signed_data(&data);
        signature.ok().context("its signature is wrong")?;
        Ok(Self {
            data,
            signer,
            token,
        })
    }

    /// The statement of a clock that goes with it.
    pub(super) fn time(&self) -> Result<Option<Self>> {
        let token = self.token.as_deref();
        token
            .map(|token| Self::read(token, Kind::Time, &[]))
            .transpose()
            .context("its time")
    }

    /// The certificates from the signer's to one that signs itself; there are no others.
    pub(super) fn chain(&self) -> Result<Vec<CapturedX509Certificate>> {
        let mut others: Vec<CapturedX509Certificate> = self.data.certificates().cloned().collect();
        for certificate in &others {
            let raw: &rfc5280::Certificate = certificate.as_ref();
            // It is written twice, and only one of them is signed.
            ensure!(
                raw.signature_algorithm == raw.tbs_certificate.signature,
                "its certificates were changed"
            );
        }
        let (issuer, serial) = self
            .signer
            .certificate_issuer_and_serial()
            .context("its signature names no certificate")?;
        let mut take = |wanted: &dyn Fn(&CapturedX509Certificate) -> bool| {
            let at = others.iter().position(wanted)?;
            Some(others.swap_remove(at))
        };
        let leaf =
            take(&|found| found.issuer_name() == issuer && found.serial_number_asn1() == serial);
        let mut chain = vec![leaf.context("the signer's certificate is missing")?];
        loop {
            let last = chain.last().context("a chain begins with its leaf")?;
            if last.subject_is_issuer() {
                let itself = last.verify_signed_by_certificate(last);
                itself.ok().context("its certificates were changed")?;
                break;
            }
            let next = take(&|found| {
                found.subject_name() == last.issuer_name()
                    && last.verify_signed_by_certificate(found).is_ok()
            });
            chain.push(next.context("the chain of its certificates is broken")?);
        }
        ensure!(
            others.is_empty(),
            "its signature has certificates of others"
        );
        Ok(chain)
    }
}

/// Makes sure that nothing is there that is not looked at elsewhere. Returns the statement of a
/// clock.
fn understood(
    raw: &rfc5652::SignedData,
    content_type: &[u8],
    version: rfc5652::CmsVersion,
) -> Result<Option<Vec<u8>>> {
    let [signer] = &raw.signer_infos[..] else {
        bail!("its signature has not one signer");
    };
    ensure!(
        raw.version == version
            && signer.version == rfc5652::CmsVersion::V1
            && raw.content_info.content_type.as_ref() == content_type
            && raw.crls.is_none()
            && *raw.digest_algorithms == [signer.digest_algorithm.clone()],
        "its signature is of an unknown form"
    );
    let digest: &AlgorithmIdentifier = &signer.digest_algorithm;
    let signature: &AlgorithmIdentifier = &signer.signature_algorithm;
    for algorithm in [digest, signature] {
        let parameters = algorithm.parameters.as_ref();
        ensure!(
            parameters.is_none_or(|parameters| parameters.as_slice() == NULL),
            "its signature has unknown parameters"
        );
    }
    let Some(unsigned) = &signer.unsigned_attributes else {
        return Ok(None);
    };
    match &unsigned[..] {
        [attribute] if attribute.typ.as_ref() == TIME_TOKEN => match &attribute.values[..] {
            [token] => Ok(Some(token.as_slice().to_vec())),
            _ => bail!("its signature has not one time"),
        },
        _ => bail!("its signature has parts that nobody signed"),
    }
}
