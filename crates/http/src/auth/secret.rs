//! Random secrets: the cookies of sessions and the tokens of scripts. Only their SHA-256 is stored, so a leaked state file or
//! configuration does not reveal them. Passwords are in `password`.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};

/// The SHA-256 of a secret or another text. Displayed as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Hashes a text.
    pub fn of(text: impl AsRef<[u8]>) -> Self {
        Self(Sha256::digest(text).into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for Digest {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        // The message leaves the text out: it may be the secret itself, entered by mistake.
        let refuse = || Error::Config("not the SHA-256 of a token (64 hexadecimal digits)".to_owned());
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(refuse());
        }
        let mut digest = [0; 32];
        for (at, byte) in digest.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).map_err(|_| refuse())?;
        }
        Ok(Self(digest))
    }
}

/// 256 random bits as 64 hexadecimal digits.
pub fn random() -> Result<String> {
    let mut bytes = [0u8; 32];
    let mut filled = 0;
    while filled < bytes.len() {
        filled += rustix::rand::getrandom(&mut bytes[filled..], rustix::rand::GetRandomFlags::empty())
            .map_err(|e| Error::io("read random bits from", "the kernel", e))?;
    }
    Ok(Digest(bytes).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_sha_256_and_parses_back() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; // FIPS 180-2, B.1
        assert_eq!(Digest::of("abc").to_string(), abc);
        assert_eq!(abc.parse::<Digest>().unwrap(), Digest::of("abc"));
        assert_eq!(abc.to_uppercase().parse::<Digest>().unwrap(), Digest::of("abc"));
        for bad in ["", &abc[1..], &abc.replace('b', "g"), &format!("{abc}0"), &"ä".repeat(32)] {
            assert!(bad.parse::<Digest>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn random_secrets_differ() {
        let (one, other) = (random().unwrap(), random().unwrap());
        assert!(one.len() == 64 && one.parse::<Digest>().is_ok());
        assert_ne!(one, other);
    }
}
