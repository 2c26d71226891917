//! Passwords: hashed with Argon2id when a user's line is made, compared when somebody signs in. Nothing but the hash is
//! ever kept.

use std::fmt;
use std::str::FromStr;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};

use crate::error::{Error, Result};

/// The most memory that comparing one password may take, in KiB.
const MOST_MEMORY: u32 = 256 * 1024;
/// The most passes over that memory.
const MOST_PASSES: u32 = 64;
/// The most lanes.
const MOST_LANES: u32 = 64;

/// The hash of a password, as a PHC string: `$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH`.
#[derive(Clone)]
pub(crate) struct Password {
    hash: PasswordHash,
    /// Memory times passes: how much work one comparison is.
    pub work: u64,
}

impl Password {
    /// Hashes a password with a salt of its own. This takes 19 MiB and a good part of a second.
    pub fn hash(typed: &str) -> Result<String> {
        let hash = Argon2::default().hash_password(typed.as_bytes());
        hash.map(|hash| hash.to_string()).map_err(|error| Error::Config(format!("cannot hash the password: {error}")))
    }

    /// Whether this is the password. It takes as long as it was to take, whatever the answer.
    pub fn is(&self, typed: &str) -> bool {
        Argon2::default().verify_password(typed.as_bytes(), &self.hash).is_ok()
    }
}

impl FromStr for Password {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        // The text is not told: it may be the password itself, put there by mistake.
        let refuse = |why: &str| Error::Config(format!("{why}; `owlery passwd` makes the line"));
        let hash = PasswordHash::new(text).map_err(|_| refuse("it is not a password's hash"))?;
        let is_ours = Algorithm::try_from(hash.algorithm.as_str()).is_ok_and(|kind| kind == Algorithm::Argon2id);
        let is_now = hash.version.is_some_and(|version| version == u32::from(Version::V0x13));
        if !is_ours || !is_now || hash.salt.is_none() || hash.hash.is_none() {
            return Err(refuse("it is not an Argon2id hash of version 19 with salt and hash"));
        }
        let params = Params::try_from(&hash).map_err(|_| refuse("the parameters of the hash cannot be"))?;
        if params.m_cost() > MOST_MEMORY || params.t_cost() > MOST_PASSES || params.p_cost() > MOST_LANES {
            return Err(refuse("the hash would take more than 256 MiB, 64 passes or 64 lanes to compare"));
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

    /// "a good password", hashed as little as can be.
    fn quick() -> String {
        let params = Params::new(8, 1, 1, None).unwrap();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let hash: PasswordHash = argon2.hash_password_with_salt(b"a good password", b"salt and pepper").unwrap();
        hash.to_string()
    }

    #[test]
    fn a_hash_knows_its_password_and_no_other() {
        let password: Password = Password::hash("a good password").unwrap().parse().unwrap();
        assert!(password.is("a good password"));
        for other in ["", "a good passwor", "a good password ", "A good password"] {
            assert!(!password.is(other), "{other:?}");
        }
        assert!(quick().parse::<Password>().unwrap().is("a good password"));
    }

    #[test]
    fn what_is_no_bounded_argon2id_hash_is_refused_without_being_told() {
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
