//! The names of files in a cache directory. All begin with the SHA-256 of the key, so a file of another kind is never ours.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

/// A SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Hash(pub [u8; 32]);

impl Hash {
    /// The SHA-256 of a key: the stem of its files.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Parses 64 lowercase hexadecimal digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return None;
        }
        let digit = |digit: u8| match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        };
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self(hash))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a file of the cache holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The bytes of an entry.
    Data,
    /// The sidecar of an entry.
    Sidecar,
    /// The bytes of an entry that is being filled part by part.
    PartData,
    /// Which parts of it are there.
    PartList,
    /// A file that is being written, or was replaced.
    Temporary,
}

impl Kind {
    fn suffix(self) -> &'static str {
        match self {
            Self::Data => "dat",
            Self::Sidecar => "json",
            Self::PartData => "part",
            Self::PartList => "parts",
            Self::Temporary => "tmp",
        }
    }
}

/// The name of a file of the entry with this stem. Temporary files have names from [`Temporaries`].
pub(crate) fn file_name(stem: Hash, kind: Kind) -> String {
    format!("{stem}.{}", kind.suffix())
}

/// Parses the name of a file of the cache; `None` for all other files.
pub(crate) fn parse(name: &str) -> Option<(Hash, Kind)> {
    let (stem, rest) = name.split_at_checked(64)?;
    let stem = Hash::parse(stem)?;
    let kinds = [Kind::Data, Kind::Sidecar, Kind::PartData, Kind::PartList];
    let rest = rest.strip_prefix('.')?;
    if let Some(kind) = kinds.into_iter().find(|kind| kind.suffix() == rest) {
        return Some((stem, kind));
    }
    let number = rest.strip_suffix(".tmp")?;
    let is_ours = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    is_ours.then_some((stem, Kind::Temporary))
}

/// Issues the names of temporary files. They carry the number of the session, so that leftovers of an earlier one are known.
#[derive(Debug)]
pub(crate) struct Temporaries {
    session: String,
    next: AtomicU64,
}

impl Temporaries {
    /// Names of a new session.
    pub(crate) fn new() -> Self {
        use std::hash::{BuildHasher, RandomState};
        let session = format!("{:016x}", RandomState::new().hash_one(std::process::id()));
        Self { session, next: AtomicU64::new(0) }
    }

    /// A name that no file has.
    pub(crate) fn name(&self, stem: Hash) -> String {
        format!("{stem}.{}-{:x}.tmp", self.session, self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Whether this session issued the name.
    pub(crate) fn is_current(&self, name: &str) -> bool {
        name.get(65..).is_some_and(|rest| rest.starts_with(&self.session))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every name that the cache makes is known again, with its stem and kind.
    #[test]
    fn own_names_are_parsed() {
        let stem = Hash::of(b"http://camera/1.jpg");
        for kind in [Kind::Data, Kind::Sidecar, Kind::PartData, Kind::PartList] {
            assert_eq!(parse(&file_name(stem, kind)), Some((stem, kind)));
        }
        let (here, there) = (Temporaries::new(), Temporaries::new());
        let name = here.name(stem);
        assert_eq!(parse(&name), Some((stem, Kind::Temporary)));
        assert!(here.is_current(&name) && !there.is_current(&name));
        assert_ne!(name, here.name(stem));
    }

    /// Files of other programs are not ours, whatever they resemble.
    #[test]
    fn other_names_are_not_ours() {
        let stem = Hash::of(b"x").to_string();
        let upper = stem.to_uppercase();
        for name in [
            "",
            "README.txt",
            "index.db",
            "a.dat",
            &stem,
            &format!("{stem}."),
            &format!("{stem}.dat.bak"),
            &format!("{stem}dat"),
            &format!("{stem}.tmp"),
            &format!("{stem}..tmp"),
            &format!("{stem}.my copy.tmp"),
            &format!("{upper}.dat"),
            &format!("x{stem}.dat"),
            &format!("{}.dat", &stem[1..]),
            &format!("{stem}.jpeg"),
        ] {
            assert_eq!(parse(name), None, "{name:?}");
        }
    }

    proptest! {
        /// No name of a file makes the parser panic.
        #[test]
        fn any_name_is_parsed(name in "\\PC*", tail in "\\PC{0,12}") {
            let _ = parse(&name);
            let _ = parse(&format!("{}{tail}", Hash::of(name.as_bytes())));
            let _ = Temporaries::new().is_current(&name);
        }
    }
}
