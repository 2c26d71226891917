//! Passwords: `owlery passwd` hashes them with Argon2id, signing in checks them. Only the hash is stored.

use std::fmt;
use std::str::FromStr;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};

use crate::error::{Error, Result};

/// The most memory that checking one password may take, in KiB.
const MAX_MEMORY: u32 = 256 * 1024;
/// The most passes over that memory.
const MAX_PASSES: u32 = 64;
/// The most lanes.
const MAX_LANES: u32 = 64;

/// The hash of a password, as a PHC string: `$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH`.
#[derive(Clone)]
pub struct Password {
    hash: PasswordHash,
    /// Memory times passes: the work of one check.
    pub work: u64,
}

impl Password {
    /// Hashes a password with a random salt. Takes 19 MiB and a good part of a second.
    pub fn hash(typed: &str) -> Result<String> {
        let hash = Argon2::default().hash_password(typed.as_bytes());
        hash.map(|hash| hash.to_string()).map_err(|error| Error::Config(format!("cannot hash the password: {error}")))
    }

    /// Whether this is the password. Takes the same time for right and wrong ones.
    pub fn matches(&self, typed: &str) -> bool {
        Argon2::default().verify_password(typed.as_bytes(), &self.hash).is_ok()
    }
}

impl FromStr for Password {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        // The message leaves the text out: it may be the password itself, entered by mistake.
        let refuse = |why: &str| Error::Config(format!("{why}; create the line with `owlery passwd`"));
        let hash = PasswordHash::new(text).map_err(|_| refuse("not a password hash"))?;
        let is_ours = Algorithm::try_from(hash.algorithm.as_str()).is_ok_and(|kind| kind == Algorithm::Argon2id);
        let is_now = hash.version.is_some_and(|version| version == u32::from(Version::V0x13));
        if !is_ours || !is_now || hash.salt.is_none() || hash.hash.is_none() {
            return Err(refuse("not an Argon2id hash of version 19 with salt and hash"));
        }
        let params = Params::try_from(&hash).map_err(|_| refuse("the parameters of the hash are invalid"))?;
        if params.m_cost() > MAX_MEMORY || params.t_cost() > MAX_PASSES || params.p_cost() > MAX_LANES {
            return Err(refuse("the hash takes more than 256 MiB, 64 passes or 64 lanes to check"));
        }
        let work = u64::from(params.m_cost()) * u64::from(params.t_cost());
        Ok(Self { hash, work })
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

impl fmt::Display for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.hash.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "a good password", hashed with the least work.
    fn quick() -> String {
        let params = Params::new(8, 1, 1, None).unwrap();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let hash: PasswordHash = argon2.hash_password_with_salt(b"a good password", b"salt and pepper").unwrap();
        hash.to_string()
    }

    #[test]
    fn a_hash_matches_only_its_password() {
        let password: Password = Password::hash("a good password").unwrap().parse().unwrap();
        assert!(password.matches("a good password"));
        for other in ["", "a good passwor", "a good password ", "A good password"] {
            assert!(!password.matches(other), "{other:?}");
        }
        assert!(quick().parse::<Password>().unwrap().matches("a good password"));
    }

    #[test]
    fn invalid_hashes_are_refused_and_not_quoted() {
        let quick = quick();
        for bad in [
            "hunter2 hunter2",
            "",
            "$argon2id$v=19$m=8,t=1,p=1",
            "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ",
            &quick.replace("argon2id", "argon2i"),
            &quick.replace("argon2id", "argon2d"),
            &quick.replace("argon2id", "scrypt"),
            &quick.replace("v=19", "v=16"),
            &quick.replace("v=19$", ""),
            &quick.replace("m=8", "m=262145"),
            &quick.replace("m=8", "m=4294967295"),
            &quick.replace("m=8", "m=0"),
            &quick.replace("t=1", "t=65"),
            &quick.replace("t=1", "t=0"),
            &quick.replace("p=1", "p=65"),
            "$2b$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234",
        ] {
            let error = bad.parse::<Password>().unwrap_err().to_string();
            assert!(bad.is_empty() || !error.contains(bad), "{error}");
        }
        let debug = format!("{:?}", quick.parse::<Password>().unwrap());
        assert!(!debug.contains("argon2id"), "{debug}");
    }
}
