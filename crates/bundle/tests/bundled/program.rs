//! A program for the Mac as a linker would write it, with arbitrary code.

const PAGE: usize = 0x4000;
const BASE: u64 = 0x1_0000_0000;

/// A little-endian buffer.
#[derive(Default)]
struct Words(Vec<u8>);

impl Words {
    fn u32(mut self, values: &[u32]) -> Self {
        for value in values {
            self.0.extend(value.to_le_bytes());
        }
        self
    }

    fn u64(mut self, values: &[u64]) -> Self {
        for value in values {
            self.0.extend(value.to_le_bytes());
        }
        self
    }

    fn name(mut self, name: &str) -> Self {
        let mut bytes = [0; 16];
        bytes[..name.len()].copy_from_slice(name.as_bytes());
        self.0.extend(bytes);
        self
    }
}

/// A segment without sections: address and size in memory, place and size in the file.
fn segment(name: &str, memory: [u64; 2], file: [u64; 2], protection: u32) -> Words {
    Words::default()
        .u32(&[0x19, 72])
        .name(name)
        .u64(&memory)
        .u64(&file)
        .u32(&[protection, protection, 0, 0])
}

/// The same, with one section from `offset` to its end.
fn segment_with_section(section: &str, offset: u64, size: u64) -> Words {
    let mut segment = Words::default()
        .u32(&[0x19, 72 + 80])
        .name("__TEXT")
        .u64(&[BASE, size, 0, size])
        .u32(&[5, 5, 1, 0])
        .name(section)
        .name("__TEXT")
        .u64(&[BASE + offset, size - offset]);
    let offset = u32::try_from(offset).unwrap();
    segment = segment.u32(&[offset, 4, 0, 0, 0x8000_0400, 0, 0, 0]);
    segment
}

fn library(path: &str) -> Words {
    let size = (24 + path.len() + 1).next_multiple_of(8);
    let mut words =
        Words::default().u32(&[0xc, u32::try_from(size).unwrap(), 24, 2, 0x1_0000, 0x1_0000]);
    words.0.extend(path.as_bytes());
    words.0.resize(size, 0);
    words
}

/// A program of this many pages of code, which `seed` decides, for macOS of this version, that loads
/// this library too.
pub(crate) fn program_with(pages: usize, seed: u64, minimum: u32, loads: &str) -> Vec<u8> {
    let text = pages * PAGE;
    let wide = |size: usize| u64::try_from(size).unwrap();
    let linkedit = 64;
    let offset = 0x1000;
    let (begin, strings) = (wide(text), u32::try_from(text).unwrap());
    let commands = [
        segment("__PAGEZERO", [0, BASE], [0, 0], 0),
        segment_with_section("__text", offset, begin),
        segment(
            "__LINKEDIT",
            [BASE + begin, wide(PAGE)],
            [begin, linkedit],
            1,
        ),
        Words::default().u32(&[0x2, 24, strings, 0, strings, 64]),
        // macOS, the oldest version, the SDK's version, no tools.
        Words::default().u32(&[0x32, 24, 1, minimum, 0x1b_0000, 0]),
        Words::default().u32(&[0x8000_0028, 24]).u64(&[offset, 0]),
        library("/usr/lib/libSystem.B.dylib"),
        library(loads),
    ];
    let count = u32::try_from(commands.len()).unwrap();
    let length: usize = commands.iter().map(|command| command.0.len()).sum();
    let mut file = Words::default()
        .u32(&[
            0xfeed_facf,
            0x0100_000c,
            0,
            2,
            count,
            u32::try_from(length).unwrap(),
            0x20_0085,
            0,
        ])
        .0;
    for command in commands {
        file.extend(command.0);
    }
    file.resize(usize::try_from(offset).unwrap(), 0);
    // A generator that is the same everywhere.
    let mut state = seed | 1;
    while file.len() < text {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        file.extend(state.to_le_bytes());
    }
    file.truncate(text);
    file.resize(text + 64, 0);
    file
}

/// An ordinary program.
pub(crate) fn program(pages: usize, seed: u64) -> Vec<u8> {
    let appkit = "/System/Library/Frameworks/AppKit.framework/Versions/C/AppKit";
    program_with(pages, seed, 0x1a_0000, appkit)
}
