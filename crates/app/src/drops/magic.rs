//! What a file is, by its first bytes. Its name is never asked.

/// What the first bytes of a file say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// A tar archive, also one that is compressed; the word says how.
    Archive(&'static str),
    /// Text: maybe YAML.
    Text,
    /// Something else, in words with its article.
    Other(&'static str),
}

/// Beginnings of files and what they are.
const KNOWN: &[(&[u8], &str)] = &[
    (b"%PDF-", "a PDF"),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\xfd7zXZ\x00", "an xz file"),
    (b"BZh", "a bzip2 file"),
    (b"\x7fELF", "a Linux program"),
    (b"\xcf\xfa\xed\xfe", "a Mac program"),
    (b"\xfe\xed\xfa\xcf", "a Mac program"),
    (b"\xca\xfe\xba\xbe", "a Mac program or a Java class"),
    (b"MZ", "a Windows program"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"bplist00", "a property list"),
    (b"OggS", "a sound or film"),
    (b"ID3", "a sound"),
    (b"RIFF", "a sound or film"),
    (b"\x00asm", "a WebAssembly module"),
];

/// Bytes that are enough to tell.
pub(super) const ENOUGH: usize = 512;

/// What a file is that begins like this.
pub(super) fn content(head: &[u8]) -> Content {
    if head.is_empty() {
        return Content::Other("an empty file");
    }
    match head {
        [0x1f, 0x8b, ..] => return Content::Archive("gzip"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => return Content::Archive("zstd"),
        _ if is_tar(head) => return Content::Archive("tar"),
        _ => {}
    }
    if let Some((_, what)) = KNOWN.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Content::Other(what);
    }
    if head.get(4..8) == Some(b"ftyp") {
        return Content::Other("a film");
    }
    if is_text(head) {
        Content::Text
    } else {
        Content::Other("a file of an unknown kind")
    }
}

/// The magic of POSIX and GNU, or, in older archives, a header whose sum is right.
fn is_tar(head: &[u8]) -> bool {
    if head.get(257..262) == Some(b"ustar") {
        return true;
    }
    let Some(header) = head.get(..512) else {
        return false;
    };
    let written = header[148..156]
        .iter()
        .map(|&byte| char::from(byte))
        .skip_while(|c| *c == ' ')
        .take_while(char::is_ascii_digit)
        .collect::<String>();
    let Ok(written) = u32::from_str_radix(&written, 8) else {
        return false;
    };
    let sum: u32 = header
        .iter()
        .enumerate()
        .map(|(at, &byte)| {
            if (148..156).contains(&at) {
                u32::from(b' ')
            } else {
                u32::from(byte)
            }
        })
        .sum();
    sum == written
}

/// No control characters but spaces, and UTF-8 up to a character that may be cut off at the end.
fn is_text(head: &[u8]) -> bool {
    let controls = head
        .iter()
        .any(|&byte| byte < 0x20 && !matches!(byte, b'\n' | b'\r' | b'\t' | 0x0c));
    let utf8 = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    !controls && utf8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_are_told_apart() {
        assert_eq!(content(b"%PDF-1.7 \x00"), Content::Other("a PDF"));
        assert_eq!(content(b"PK\x03\x04..."), Content::Other("a zip archive"));
        assert_eq!(
            content(b"\x7fELF\x02\x01"),
            Content::Other("a Linux program")
        );
        assert_eq!(content(b"\x1f\x8b\x08"), Content::Archive("gzip"));
        assert_eq!(content(b"\x28\xb5\x2f\xfd\x04"), Content::Archive("zstd"));
        assert_eq!(content(b"apiVersion: v1\n"), Content::Text);
        assert_eq!(content("größe: 3\n".as_bytes()), Content::Text);
        assert_eq!(
            content(&"größe".as_bytes()[..3]),
            Content::Text,
            "cut in a character"
        );
        assert_eq!(content(b""), Content::Other("an empty file"));
        assert_eq!(
            content(b"\x00\x01\x02\x03"),
            Content::Other("a file of an unknown kind")
        );
    }

    #[test]
    fn an_old_tar_is_told_by_its_sum() {
        let mut header = tar::Header::new_old();
        header.set_size(0);
        header.set_mode(0o644);
        header.set_path("manifest.json").unwrap_or_default();
        header.set_cksum();
        assert_eq!(content(header.as_bytes()), Content::Archive("tar"));
        let mut broken = *header.as_bytes();
        broken[0] = b'x';
        assert_eq!(
            content(&broken),
            Content::Other("a file of an unknown kind")
        );
    }
}
