//! Code requirements: the conditions by which a Mac recognizes the next version of a program.

use std::fmt::{self, Display, Formatter, Write as _};

use anyhow::{Context, Result, bail, ensure};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use super::blob::{self, number, part, place};

/// The requirement that a program itself names, among its requirements.
const DESIGNATED: u32 = 3;
/// Requirements are written as expressions.
const EXPRESSION: u32 = 1;
/// Nothing of ours nests as deep.
const DEEPEST: usize = 32;

/// A condition. Those that no signature of ours has are refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    /// The name of the program.
    Identifier(String),
    /// The hash of its code directory.
    CodeDirectory(Vec<u8>),
    /// Apple's root, whoever signed.
    AppleAnchor,
    /// A certificate by its SHA-1 hash.
    Certificate(Place, Vec<u8>),
    /// A field of a certificate's subject.
    Subject(Place, String, Match),
    /// An extension of a certificate.
    Extension(Place, Vec<u8>, Match),
    /// Both.
    And(Box<Condition>, Box<Condition>),
    /// One of them.
    Or(Box<Condition>, Box<Condition>),
}

/// Which certificate: counted from the leaf, or from the root if negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place(i32);

/// What a value must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Match {
    /// It is there.
    Exists,
    /// It is this.
    Equals(String),
}

/// One certificate, as far as conditions ask.
#[derive(Debug, Clone, Default)]
pub(super) struct Certificate {
    /// Its DER form.
    pub(super) der: Vec<u8>,
    /// Fields of its subject: name as requirements write it, and value.
    pub(super) subject: Vec<(String, String)>,
    /// Object identifiers of its extensions, in DER without tag and length.
    pub(super) extensions: Vec<Vec<u8>>,
}

/// A signature that conditions are asked of.
#[derive(Debug, Clone, Default)]
pub(super) struct Signed {
    /// The name of the program.
    pub(super) identifier: String,
    /// The hash of its code directory, shortened.
    pub(super) code_directory: Vec<u8>,
    /// Certificates from the leaf to the root.
    pub(super) certificates: Vec<Certificate>,
    /// Whether the root is Apple's.
    pub(super) by_apple: bool,
}

impl Condition {
    /// The designated requirement in a blob of requirements, if there is one.
    pub(super) fn designated(requirements: &[u8]) -> Result<Option<Self>> {
        let all = blob::blobs(requirements, blob::REQUIREMENTS)?;
        ensure!(
            all.keys().all(|kind| *kind == DESIGNATED),
            "there are other requirements than the designated one"
        );
        let Some(found) = all.get(&DESIGNATED) else {
            return Ok(None);
        };
        let content = blob::content(found, blob::REQUIREMENT)?;
        ensure!(
            number(content, 0)? == EXPRESSION,
            "the requirement is no expression"
        );
        let mut reader = Reader {
            data: content,
            at: 4,
        };
        let condition = reader.condition(0)?;
        ensure!(
            reader.at == content.len(),
            "something follows the requirement"
        );
        Ok(Some(condition))
    }

    /// Whether the signature fulfils it.
    pub(super) fn holds(&self, signed: &Signed) -> bool {
        match self {
            Self::Identifier(name) => *name == signed.identifier,
            Self::CodeDirectory(hash) => *hash == signed.code_directory,
            Self::AppleAnchor => signed.by_apple,
            Self::Certificate(place, hash) => place.of(&signed.certificates).is_some_and(|found| {
                digest(&SHA1_FOR_LEGACY_USE_ONLY, &found.der).as_ref() == &hash[..]
            }),
            Self::Subject(place, field, matching) => {
                place.of(&signed.certificates).is_some_and(|found| {
                    let values = found.subject.iter().filter(|(name, _)| name == field);
                    values.map(|(_, value)| value).any(|value| match matching {
                        Match::Exists => true,
                        Match::Equals(expected) => value == expected,
                    })
                })
            }
            Self::Extension(place, identifier, matching) => {
                *matching == Match::Exists
                    && place
                        .of(&signed.certificates)
                        .is_some_and(|found| found.extensions.contains(identifier))
            }
            Self::And(one, other) => one.holds(signed) && other.holds(signed),
            Self::Or(one, other) => one.holds(signed) || other.holds(signed),
        }
    }

    /// Whether it names the program: otherwise another one of the same signer could take its place.
    pub(super) fn names(&self, identifier: &str) -> bool {
        match self {
            Self::Identifier(name) => name == identifier,
            // Names this very build.
            Self::CodeDirectory(_) => true,
            Self::And(one, other) => one.names(identifier) || other.names(identifier),
            Self::Or(one, other) => one.names(identifier) && other.names(identifier),
            _ => false,
        }
    }
}

impl Place {
    fn of(self, certificates: &[Certificate]) -> Option<&Certificate> {
        let at = usize::try_from(self.0).ok().or_else(|| {
            let from_end = usize::try_from(self.0.unsigned_abs()).ok()?;
            certificates.len().checked_sub(from_end)
        })?;
        certificates.get(at)
    }
}

struct Reader<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn number(&mut self) -> Result<u32> {
        let value = number(self.data, self.at)?;
        self.at += 4;
        Ok(value)
    }

    /// Bytes with their length before them, filled up to four.
    fn bytes(&mut self) -> Result<&'a [u8]> {
        let length = place(self.data, self.at)?;
        let bytes = part(self.data, self.at + 4, length)?;
        let filled = length.next_multiple_of(4);
        let filling = part(self.data, self.at + 4 + length, filled - length)?;
        ensure!(
            filling.iter().all(|byte| *byte == 0),
            "the requirement's parts don't join"
        );
        self.at += 4 + filled;
        Ok(bytes)
    }

    fn text(&mut self) -> Result<String> {
        let bytes = self.bytes()?.to_owned();
        String::from_utf8(bytes).context("the requirement holds no text")
    }

    fn place(&mut self) -> Result<Place> {
        Ok(Place(self.number()?.cast_signed()))
    }

    fn matching(&mut self) -> Result<Match> {
        Ok(match self.number()? {
            0 => Match::Exists,
            1 => Match::Equals(self.text()?),
            other => bail!("the requirement has an unknown comparison, {other}"),
        })
    }

    fn condition(&mut self, depth: usize) -> Result<Condition> {
        ensure!(depth < DEEPEST, "the requirement nests too deep");
        Ok(match self.number()? {
            2 => Condition::Identifier(self.text()?),
            4 => Condition::Certificate(self.place()?, self.bytes()?.to_owned()),
            operation @ (6 | 7) => {
                let one = Box::new(self.condition(depth + 1)?);
                let other = Box::new(self.condition(depth + 1)?);
                if operation == 6 {
                    Condition::And(one, other)
                } else {
                    Condition::Or(one, other)
                }
            }
            8 => Condition::CodeDirectory(self.bytes()?.to_owned()),
            11 => Condition::Subject(self.place()?, self.text()?, self.matching()?),
            14 => Condition::Extension(self.place()?, self.bytes()?.to_owned(), self.matching()?),
            15 => Condition::AppleAnchor,
            other => bail!("the requirement has an unknown condition, {other}"),
        })
    }
}

/// In the language of requirements, as `codesign --display --requirements -` prints them.
impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identifier(name) => write!(f, "identifier {}", word(name)),
            Self::CodeDirectory(hash) => write!(f, "cdhash H\"{}\"", hex(hash)),
            Self::AppleAnchor => f.write_str("anchor apple generic"),
            Self::Certificate(place, hash) => write!(f, "certificate {place} = H\"{}\"", hex(hash)),
            Self::Subject(place, field, matching) => {
                write!(f, "certificate {place}[{field}]{matching}")
            }
            Self::Extension(place, identifier, matching) => {
                write!(
                    f,
                    "certificate {place}[field.{}]{matching}",
                    dotted(identifier)
                )
            }
            Self::And(one, other) => write!(f, "{one} and {other}"),
            Self::Or(one, other) => write!(f, "({one} or {other})"),
        }
    }
}

impl Display for Place {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("leaf"),
            -1 => f.write_str("root"),
            other => write!(f, "{other}"),
        }
    }
}

impl Display for Match {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exists => f.write_str(" /* exists */"),
            Self::Equals(value) => write!(f, " = {}", word(value)),
        }
    }
}

/// A word stands alone when it is made of letters and digits, and begins with a letter.
fn word(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric());
    if plain {
        text.to_owned()
    } else {
        format!("\"{text}\"")
    }
}

/// Whether two requirements in words say the same, but for brackets, quotes and comments, which
/// Apple's tools and others set differently.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let plain = |text: &str| {
        let text = text.replace("/* exists */", "exists");
        let words = text.replace(['(', ')', '"'], " ");
        let words: Vec<&str> = words.split_whitespace().collect();
        words.join(" ")
    };
    plain(one) == plain(other)
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        // Writing to a text can't fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// An object identifier in dotted form.
fn dotted(der: &[u8]) -> String {
    let mut arcs = Vec::new();
    let mut arc = 0_u64;
    for byte in der {
        arc = arc << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            if arcs.is_empty() {
                let first = (arc / 40).min(2);
                arcs.push(first);
                arc -= first * 40;
            }
            arcs.push(arc);
            arc = 0;
        }
    }
    let texts: Vec<String> = arcs.iter().map(ToString::to_string).collect();
    texts.join(".")
}

#[cfg(test)]
mod tests;
