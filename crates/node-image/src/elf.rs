//! For which processor a program was made: the first bytes of an ELF file.

use std::fmt;

use crate::architecture::Architecture;

/// As much of a file as tells.
pub(crate) const HEADER: usize = 20;

/// The kind of machine that an ELF file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// 1 for 32 bits, 2 for 64.
    class: u8,
    /// 1 for the lowest byte first, 2 for the highest.
    order: u8,
    /// Number of the processor.
    number: u16,
}

/// The kernel's own virtual machine, which every processor has.
const BPF: u16 = 247;

impl Machine {
    /// Of the beginning of a file; none when it is no ELF file.
    pub(crate) fn of(header: &[u8]) -> Option<Self> {
        let header: &[u8; HEADER] = header.get(..HEADER)?.try_into().ok()?;
        let [0x7f, b'E', b'L', b'F', class, order, ..] = *header else {
            return None;
        };
        let number = [header[18], header[19]];
        let number = match order {
            2 => u16::from_be_bytes(number),
            _ => u16::from_le_bytes(number),
        };
        Some(Self {
            class,
            order,
            number,
        })
    }

    /// Whether a machine of this architecture runs it.
    pub fn fits(self, architecture: Architecture) -> bool {
        let number = match architecture {
            Architecture::Arm64 => 183,
            Architecture::Amd64 => 62,
        };
        self.number == BPF || (self.class, self.order, self.number) == (2, 1, number)
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = match self.number {
            3 => "i386",
            8 => "mips",
            21 => "ppc64",
            22 => "s390x",
            40 => "arm",
            62 => "x86-64",
            183 => "aarch64",
            243 => "riscv",
            number => return write!(f, "ELF machine {number}"),
        };
        let bits = if self.class == 1 { 32 } else { 64 };
        let order = if self.order == 2 { ", big-endian" } else { "" };
        write!(f, "{known}, {bits} bits{order}")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The beginning of an ELF file.
    pub(crate) fn header(class: u8, order: u8, number: u16) -> Vec<u8> {
        let mut header = vec![0x7f, b'E', b'L', b'F', class, order, 1, 0];
        header.resize(18, 0);
        let number = match order {
            2 => number.to_be_bytes(),
            _ => number.to_le_bytes(),
        };
        header.extend(number);
        header.extend(*b"the rest of it");
        header
    }

    #[test]
    fn a_machine_is_told_by_class_order_and_number() {
        let machine =
            |class, order, number| Machine::of(&header(class, order, number)).expect("an ELF file");
        assert!(machine(2, 1, 183).fits(Architecture::Arm64));
        assert!(!machine(2, 1, 183).fits(Architecture::Amd64));
        assert!(machine(2, 1, 62).fits(Architecture::Amd64));
        assert!(
            machine(2, 1, 247).fits(Architecture::Arm64),
            "BPF is for all"
        );
        for other in [(1, 1, 183), (2, 2, 183), (1, 1, 40), (1, 1, 3), (2, 1, 62)] {
            let other = machine(other.0, other.1, other.2);
            assert!(!other.fits(Architecture::Arm64), "{other}");
        }
        assert_eq!(
            machine(2, 2, 183).to_string(),
            "aarch64, 64 bits, big-endian"
        );
        assert_eq!(machine(1, 1, 3).to_string(), "i386, 32 bits");
    }

    #[test]
    fn this_very_program_is_for_this_machine() {
        let program = std::env::current_exe().expect("a program");
        let bytes = std::fs::read(program).expect("readable");
        if cfg!(target_os = "linux") {
            let machine = Machine::of(&bytes).expect("an ELF file");
            assert!(machine.fits(Architecture::host()), "{machine}");
        }
        assert_eq!(Machine::of(b"#!/bin/sh\n# a script of some length"), None);
        assert_eq!(Machine::of(b"\x7fELF"), None);
    }
}
