//! Apple's ticket of notarization, as far as it can be checked without Apple: that it has the form
//! of one, and names this app. Its signature is in a form that Apple has published nowhere; a Mac
//! checks it.

use anyhow::{Result, ensure};

/// How every ticket begins.
const MAGIC: &[u8] = b"s8ch";
/// A ticket holds certificates and a hash for each program: some kilobytes.
const LARGEST: usize = 1 << 20;

/// Checks a ticket against the programs that it must be for: each by its path and the hash of its
/// code directory.
pub(super) fn check<'a>(
    ticket: &[u8],
    programs: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> Result<()> {
    ensure!(
        ticket.starts_with(MAGIC) && ticket.len() <= LARGEST,
        "no ticket of Apple's"
    );
    for (path, hash) in programs {
        ensure!(
            !hash.is_empty() && ticket.windows(hash.len()).any(|part| part == hash),
            "a ticket for another app: it does not name {path} as it is"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_of(ticket: &[u8]) -> Result<()> {
        let (app, cli) = ([0xaa; 20], [0xbb; 20]);
        check(ticket, [("app", &app[..]), ("cli", &cli[..])].into_iter())
    }

    #[test]
    fn a_ticket_has_its_form_and_names_every_program() {
        let ticket = [
            MAGIC,
            &[0; 30],
            &[2],
            &[0xaa; 20],
            &[2],
            &[0xbb; 20],
            &[9; 40],
        ]
        .concat();
        check_of(&ticket).unwrap();
        let others: [&[u8]; 5] = [
            b"",
            b"ticket",
            &ticket[1..],
            &[MAGIC, &[0xaa; 20]].concat(),
            &[&ticket[..], &vec![0; LARGEST]].concat(),
        ];
        for other in others {
            assert!(check_of(other).is_err());
        }
    }
}
