//! What a program for the Mac says of itself, read without the library that signs it.

use anyhow::{Context, Result, bail, ensure};
use object::LittleEndian;
use object::macho::{self, LinkeditDataCommand, MachHeader64};
use object::read::macho::{MachHeader, Section, Segment};

/// A program, as far as signing and starting it go.
#[derive(Debug)]
pub(crate) struct Program<'a> {
    /// The whole file.
    pub(crate) file: &'a [u8],
    /// Where the signature lies: to the end of the file.
    pub(crate) signature: Option<usize>,
    /// Beginning and length of the segment with the code.
    pub(crate) text: (u64, u64),
    /// Whether it is started, and not loaded by another.
    pub(crate) is_main: bool,
    /// The oldest macOS it runs on, as `major << 16 | minor << 8 | patch`.
    pub(crate) minimum: u32,
    /// The SDK it was made with, in the same form.
    pub(crate) sdk: u32,
    /// The libraries it loads.
    pub(crate) libraries: Vec<String>,
    /// The property list inside it.
    pub(crate) information: Option<&'a [u8]>,
}

/// Whether a file begins like a program for the Mac, of one or several architectures.
pub(crate) fn is_program(file: &[u8]) -> bool {
    let magic = file.get(..4).and_then(|head| head.try_into().ok());
    magic.map(u32::from_be_bytes).is_some_and(|magic| {
        [
            macho::MH_MAGIC,
            macho::MH_CIGAM,
            macho::MH_MAGIC_64,
            macho::MH_CIGAM_64,
            macho::FAT_MAGIC,
            macho::FAT_MAGIC_64,
        ]
        .contains(&magic)
    })
}

impl<'a> Program<'a> {
    /// Reads a program for Apple silicon.
    pub(crate) fn read(file: &'a [u8]) -> Result<Self> {
        let header = MachHeader64::<LittleEndian>::parse(file, 0).context("no 64-bit program")?;
        let endian = header.endian().context("no little-endian program")?;
        ensure!(
            header.cputype(endian) == macho::CPU_TYPE_ARM64,
            "not made for Apple silicon"
        );
        let mut program = Self {
            file,
            signature: None,
            text: (0, 0),
            is_main: header.filetype(endian) == macho::MH_EXECUTE,
            minimum: 0,
            sdk: 0,
            libraries: Vec::new(),
            information: None,
        };
        let mut signatures = Vec::new();
        let mut linkedit_end = 0;
        let mut commands = header.load_commands(endian, file, 0)?;
        while let Some(command) = commands.next()? {
            if let Some((segment, sections)) = command.segment_64()? {
                let (begin, length) = segment.file_range(endian);
                match segment.name() {
                    b"__TEXT" => program.text = (begin, length),
                    b"__LINKEDIT" => linkedit_end = begin + length,
                    _ => {}
                }
                for section in segment.sections(endian, sections)? {
                    if section.name() == b"__info_plist" {
                        let content = section.data(endian, file);
                        program.information = Some(content.ok().context("no property list")?);
                    }
                }
            } else if command.cmd() == macho::LC_CODE_SIGNATURE {
                let place: &LinkeditDataCommand<LittleEndian> = command.data()?;
                signatures.push((place.dataoff.get(endian), place.datasize.get(endian)));
            } else if let Some(version) = command.build_version()? {
                program.minimum = version.minos.get(endian);
                program.sdk = version.sdk.get(endian);
            } else if let Some(library) = command.dylib()? {
                let name = command.string(endian, library.dylib.name)?;
                program
                    .libraries
                    .push(String::from_utf8_lossy(name).into_owned());
            }
        }
        match signatures[..] {
            [] => {}
            [(begin, length)] => {
                let end = u64::from(begin) + u64::from(length);
                ensure!(
                    end == file.len() as u64 && end == linkedit_end,
                    "something follows the signature"
                );
                program.signature = Some(begin as usize);
            }
            _ => bail!("more than one signature"),
        }
        Ok(program)
    }

    /// The signature's bytes and what precedes them.
    pub(crate) fn split(&self) -> Result<(&'a [u8], &'a [u8])> {
        let at = self.signature.context("not signed")?;
        self.file.split_at_checked(at).context("not signed")
    }
}
