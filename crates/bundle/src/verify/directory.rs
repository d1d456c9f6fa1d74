//! The code directory: the hash of every page of a program, and of what else its signature covers.

use anyhow::{Result, bail, ensure};
use ring::digest::{SHA256, digest};

use super::blob::{self, number, part, place};

/// Signed by nobody.
pub(crate) const AD_HOC: u32 = 0x2;
/// Runs under the hardened runtime.
pub(crate) const RUNTIME: u32 = 0x1_0000;
/// The program is started, and not loaded by another.
pub(super) const MAIN_BINARY: u64 = 1;

const WITH_SEGMENT: u32 = 0x2_0400;
const WITH_RUNTIME: u32 = 0x2_0500;
const SHA256_TYPE: u8 = 2;
const HASH: usize = 32;

/// What is hashed besides the pages, by the number of its slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// The bundle's, or the program's own, property list.
    Information = 1,
    /// The requirements.
    Requirements = 2,
    /// `CodeResources`.
    Resources = 3,
    /// Entitlements as property list.
    Entitlements = 5,
    /// Entitlements in DER.
    EntitlementsDer = 7,
}

/// A code directory, understood to its last byte.
#[derive(Debug)]
pub(super) struct CodeDirectory<'a> {
    bytes: &'a [u8],
    /// How the system treats the program.
    pub(super) flags: u32,
    /// The program's name.
    pub(super) identifier: &'a str,
    /// The team that signed.
    pub(super) team: Option<&'a str>,
    /// Where the hashed code ends.
    pub(super) code_limit: usize,
    /// Beginning, length and flags of the segment with the code.
    pub(super) segment: (u64, u64, u64),
    /// The version of the hardened runtime.
    pub(super) runtime: Option<u32>,
    page_size: usize,
    special: &'a [u8],
    code: &'a [u8],
}

impl<'a> CodeDirectory<'a> {
    /// Reads one with its header.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self> {
        blob::content(bytes, blob::CODE_DIRECTORY)?;
        let version = number(bytes, 8)?;
        let header: usize = match version {
            WITH_SEGMENT => 88,
            WITH_RUNTIME => 96,
            _ => bail!("the code directory has an unknown version, {version:#x}"),
        };
        let kinds = part(bytes, 36, 4)?;
        ensure!(
            kinds[..3] == [32, SHA256_TYPE, 0],
            "the code directory has other hashes than SHA-256"
        );
        let page_size = match kinds[3] {
            exponent @ (12 | 14) => 1 << exponent,
            _ => bail!("the code directory has pages of an unusual size"),
        };
        let wide = |at| -> Result<u64> {
            Ok(u64::from(number(bytes, at)?) << 32 | u64::from(number(bytes, at + 4)?))
        };
        // Reserved, and for what no program of a bundle has: scattered, huge or encrypted code.
        let unused = [40, 44, 52, 56, 60].into_iter();
        for at in unused.chain((version == WITH_RUNTIME).then_some(92)) {
            ensure!(
                number(bytes, at)? == 0,
                "the code directory has unknown parts"
            );
        }

        let identifier = text(bytes, header)?;
        ensure!(
            place(bytes, 20)? == header,
            "the code directory's parts don't join"
        );
        let mut at = header + identifier.len() + 1;
        let team = match place(bytes, 48)? {
            0 => None,
            begin => {
                ensure!(begin == at, "the code directory's parts don't join");
                let team = text(bytes, begin)?;
                at += team.len() + 1;
                Some(team)
            }
        };
        let special = part(bytes, at, hashes(place(bytes, 24)?)?)?;
        at += special.len();
        ensure!(
            place(bytes, 16)? == at,
            "the code directory's parts don't join"
        );
        let code = part(bytes, at, hashes(place(bytes, 28)?)?)?;
        ensure!(
            at + code.len() == bytes.len(),
            "something follows the code directory"
        );
        Ok(Self {
            bytes,
            flags: number(bytes, 12)?,
            identifier,
            team,
            code_limit: place(bytes, 32)?,
            segment: (wide(64)?, wide(72)?, wide(80)?),
            runtime: (version == WITH_RUNTIME).then_some(number(bytes, 88)?),
            page_size,
            special,
            code,
        })
    }

    /// The hash by which the system knows the program.
    pub(super) fn hash(&self) -> [u8; HASH] {
        sha256(self.bytes)
    }

    /// Its bytes, which a CMS signature signs.
    pub(super) const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The pages of the code that are not those that were signed.
    pub(super) fn changed_pages(&self, code: &[u8]) -> Result<Vec<usize>> {
        ensure!(
            self.code_limit == code.len(),
            "the signature covers {} bytes of code, not {}",
            self.code_limit,
            code.len()
        );
        let pages = code.chunks(self.page_size);
        ensure!(
            pages.len() * HASH == self.code.len(),
            "the signature covers another number of pages"
        );
        let pairs = pages.zip(self.code.chunks(HASH)).enumerate();
        Ok(pairs
            .filter(|(_, (page, hash))| sha256(page) != **hash)
            .map(|(number, _)| number)
            .collect())
    }

    /// Whether the slot holds the hash of this, and nothing when there is nothing.
    pub(super) fn covers(&self, slot: Slot, content: Option<&[u8]>) -> bool {
        let expected = content.map_or([0; HASH], sha256);
        self.special(slot as usize) == expected
    }

    /// The slots with a hash that is none of ours.
    pub(super) fn unknown_slots(&self) -> Vec<usize> {
        let known = [1, 2, 3, 5, 7];
        (1..=self.special.len() / HASH)
            .filter(|slot| !known.contains(slot) && self.special(*slot) != [0; HASH])
            .collect()
    }

    fn special(&self, slot: usize) -> [u8; HASH] {
        // They lie before the hashes of the code, the first one last.
        let from_end = slot * HASH;
        let found = self.special.len().checked_sub(from_end);
        let found = found.and_then(|at| self.special[at..].first_chunk());
        found.copied().unwrap_or([0; HASH])
    }
}

/// The length of this many hashes.
fn hashes(count: usize) -> Result<usize> {
    match count.checked_mul(HASH) {
        Some(length) => Ok(length),
        None => bail!("the code directory is cut off"),
    }
}

fn text(bytes: &[u8], at: usize) -> Result<&str> {
    let rest = bytes.get(at..).unwrap_or_default();
    match rest.iter().position(|byte| *byte == 0) {
        Some(end) => Ok(std::str::from_utf8(&rest[..end])?),
        None => bail!("the code directory is cut off"),
    }
}

/// The SHA-256 hash of the data.
pub(crate) fn sha256(data: &[u8]) -> [u8; HASH] {
    let mut hash = [0; HASH];
    hash.copy_from_slice(digest(&SHA256, data).as_ref());
    hash
}
