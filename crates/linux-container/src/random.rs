//! Random bytes of the kernel.

use rustix::rand::{GetRandomFlags, getrandom};

use crate::error::{Context, Error, Result};

/// Some random bytes.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    let got = getrandom(&mut bytes, GetRandomFlags::empty())
        .context(|| "cannot read random bytes".into())?;
    if got == N {
        Ok(bytes)
    } else {
        Err(Error::internal("too few random bytes"))
    }
}

/// A lower-case UUID of version 4.
pub(crate) fn uuid() -> Result<String> {
    let mut b: [u8; 16] = bytes()?;
    b[6] = b[6] & 0x0f | 0x40;
    b[8] = b[8] & 0x3f | 0x80;
    let number = u128::from_be_bytes(b);
    let hex = format!("{number:032x}");
    Ok([
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ]
    .join("-"))
}
