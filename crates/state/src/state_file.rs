//! Small JSON files of the state directory. Each is written as a whole and atomically: after a crash there is the old
//! file or the new one. This module has what they share: name, version, mode, owner, and the consequence of a file
//! that cannot be used.

use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::marker::PhantomData;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::own_files::remove_file;
use crate::whole::{give_state, write_state};

/// The key of the version in every file.
const VERSION_KEY: &str = "owlery";
/// A larger file is damaged, in bytes. A held pass of a large archive takes a few megabytes.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// What a state file contains, beside its version.
pub trait StateContent: Serialize + DeserializeOwned {
    /// The file's name in the state directory.
    const NAME: &'static str;
    /// The version of the format, which the file has as `"owlery"`. Files of other versions cannot be used.
    const VERSION: u32 = 1;
    /// Who may read the file.
    const ACCESS: Access = Access::Everyone;
    /// What follows from a file that cannot be used.
    const IF_UNUSABLE: IfUnusable;
}

/// Who may read a state file. Only the owner may write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Every user of the host: commands without a daemon read it.
    Everyone,
    /// The owner alone.
    Owner,
}

impl Access {
    fn mode(self) -> u32 {
        match self {
            Self::Everyone => 0o644,
            Self::Owner => 0o600,
        }
    }
}

/// What follows from a file that is damaged, unreadable, a link, or of another version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfUnusable {
    /// Continue as without the file; the next write replaces it. The text is the consequence, for the log.
    StartOver(&'static str),
    /// Refuse what depends on the file, and leave it as it is, until a user repairs, removes or replaces it.
    Refuse,
}

/// Why a state file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// It cannot be opened or read, or it is no regular file.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Its contents are not of the format.
    #[error("cannot understand {}: {why}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Another version of Owlery wrote it.
    #[error("{} is of version {found}, and this owlery uses version {used}", path.display())]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// The file's version.
        found: u64,
        /// The version that this Owlery uses.
        used: u32,
    },
}

/// One file of a state directory.
pub struct StateFile<T> {
    path: PathBuf,
    content: PhantomData<fn() -> T>,
}

impl<T> fmt::Debug for StateFile<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StateFile").field(&self.path).finish()
    }
}

/// A file as it is written.
#[derive(Serialize)]
struct Versioned<'a, T> {
    owlery: u32,
    #[serde(flatten)]
    content: &'a T,
}

impl<T: StateContent> StateFile<T> {
    /// The file in this state directory. Reads nothing.
    pub fn new(state_dir: &Path) -> Self {
        Self { path: state_dir.join(T::NAME), content: PhantomData }
    }

    /// The contents; `None` if there is no file.
    ///
    /// A file that cannot be used is an error if the content's policy is [`IfUnusable::Refuse`]. With
    /// [`IfUnusable::StartOver`] it is logged, and the result is `None`.
    pub fn load(&self) -> Result<Option<T>, Unusable> {
        match (self.read(), T::IF_UNUSABLE) {
            (Err(unusable), IfUnusable::StartOver(consequence)) => {
                tracing::warn!("{unusable}; {consequence}");
                Ok(None)
            }
            (read, _) => read,
        }
    }

    /// The contents of a file with the policy [`IfUnusable::StartOver`]; the default if there is no usable file.
    pub fn load_or_default(&self) -> T
    where
        T: Default,
    {
        debug_assert!(matches!(T::IF_UNUSABLE, IfUnusable::StartOver(_)), "{} must be refused", T::NAME);
        self.load().ok().flatten().unwrap_or_default()
    }

    fn read(&self) -> Result<Option<T>, Unusable> {
        let path = &self.path;
        let damaged = |error: serde_json::Error| Unusable::Damaged { path: path.clone(), why: error.to_string() };
        let bytes = match read_file(path) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            other => other.map_err(|source| Unusable::Unreadable { path: path.clone(), source })?,
        };
        let mut value: Value = serde_json::from_slice(&bytes).map_err(damaged)?;
        let version = value.as_object_mut().and_then(|object| object.remove(VERSION_KEY));
        match version.as_ref().and_then(Value::as_u64) {
            Some(found) if found == u64::from(T::VERSION) => T::deserialize(value).map(Some).map_err(damaged),
            Some(found) => Err(Unusable::OtherVersion { path: path.clone(), found, used: T::VERSION }),
            None => Err(Unusable::Damaged { path: path.clone(), why: format!("it has no number {VERSION_KEY:?}") }),
        }
    }

    /// Replaces the file; it is durable on return. In a process of root it gets the owner of the state directory.
    pub fn write(&self, content: &T) -> Result<()> {
        let invalid = |error: serde_json::Error| Error::io("write", &self.path, io::Error::other(error));
        let text = serde_json::to_vec(&Versioned { owlery: T::VERSION, content }).map_err(invalid)?;
        let dir = self.path.parent().unwrap_or(Path::new("."));
        write_state(dir, T::NAME, &text, T::ACCESS.mode())
    }

    /// Removes the file if it exists.
    pub fn remove(&self) -> Result<()> {
        remove_file(&self.path).map(|_| ()).map_err(|e| Error::io("remove", &self.path, e))
    }
}

/// Reads a regular file, and neither follows a link nor waits for a pipe.
pub(crate) fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(|error| {
        let is_link = error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
        if is_link { io::Error::other("it is a link") } else { error }
    })?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::other("it is too large"));
    }
    Ok(bytes)
}

/// Creates a state directory that could not be created at the start because its disk was full. Does nothing if it exists.
pub fn make_folder(dir: &Path) -> Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let fail = |e: io::Error| Error::io("make", dir, e);
    DirBuilder::new().recursive(true).mode(0o755).create(dir).map_err(fail)?;
    give(dir);
    Ok(())
}

/// In a process of root, gives a file or directory the owner of its parent directory; best effort.
pub fn give(path: &Path) {
    if let (Some(parent), Ok(file)) = (path.parent(), File::open(path)) {
        give_state(parent, file);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Held {
        passes: BTreeMap<String, u64>,
        #[serde(default)]
        added_later: bool,
    }

    impl StateContent for Held {
        const NAME: &'static str = "held-test.json";
        const VERSION: u32 = 2;
        const IF_UNUSABLE: IfUnusable = IfUnusable::Refuse;
    }

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Secret {
        text: String,
    }

    impl StateContent for Secret {
        const NAME: &'static str = "secret-test.json";
        const ACCESS: Access = Access::Owner;
        const IF_UNUSABLE: IfUnusable = IfUnusable::StartOver("nothing is known");
    }

    struct Place {
        dir: tempfile::TempDir,
        held: StateFile<Held>,
        secret: StateFile<Secret>,
    }

    impl Place {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let (held, secret) = (StateFile::new(dir.path()), StateFile::new(dir.path()));
            Self { dir, held, secret }
        }

        fn put(&self, text: &str) {
            fs::write(&self.held.path, text).unwrap();
            fs::write(&self.secret.path, text).unwrap();
        }

        /// Neither file can be used; returns why.
        fn assert_unusable(&self) -> Unusable {
            assert_eq!(self.secret.load_or_default(), Secret::default());
            assert_eq!(self.secret.load().unwrap(), None);
            self.held.load().unwrap_err()
        }
    }

    #[test]
    fn contents_are_read_back() {
        let place = Place::new();
        assert_eq!((place.held.load().unwrap(), place.secret.load().unwrap()), (None, None));
        let held = Held { passes: BTreeMap::from([("p".to_owned(), u64::MAX)]), added_later: true };
        let secret = Secret { text: "x".to_owned() };
        place.held.write(&held).unwrap();
        place.secret.write(&secret).unwrap();
        assert_eq!((place.held.load().unwrap(), place.secret.load().unwrap()), (Some(held), Some(secret)));
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode(&place.held.path), mode(&place.secret.path)), (0o644, 0o600));
        assert_eq!(place.held.path.metadata().unwrap().uid(), place.dir.path().metadata().unwrap().uid());
        assert_eq!(fs::read_to_string(&place.secret.path).unwrap(), r#"{"owlery":1,"text":"x"}"#);
        place.held.remove().unwrap();
        place.held.remove().unwrap();
        assert_eq!(place.held.load().unwrap(), None);
    }

    #[test]
    fn files_of_an_older_owlery_are_read() {
        let place = Place::new();
        place.put(r#"{"passes":{"p":7},"owlery":2}"#);
        assert_eq!(place.held.load().unwrap().unwrap().passes["p"], 7);
    }

    #[test]
    fn damaged_and_empty_files_are_unusable() {
        let place = Place::new();
        for text in ["", "{", "[]", "null", "{}", r#"{"owlery":"2","passes":{}}"#, r#"{"owlery":-1}"#, "\0\0\0"] {
            place.put(text);
            assert!(matches!(place.assert_unusable(), Unusable::Damaged { .. }), "{text:?}");
            assert_eq!(fs::read_to_string(&place.held.path).unwrap(), text, "a refused file is left as it is");
        }
        for text in [r#"{"owlery":2}"#, r#"{"owlery":2,"passes":{},"unknown":1}"#, r#"{"owlery":2,"passes":{}}{}"#] {
            fs::write(&place.held.path, text).unwrap();
            assert!(matches!(place.held.load(), Err(Unusable::Damaged { .. })), "{text:?}");
        }
    }

    #[test]
    fn newer_versions_are_unusable() {
        let place = Place::new();
        place.put(r#"{"owlery":3,"what":"a later version keeps something else"}"#);
        let why = place.assert_unusable();
        assert!(matches!(&why, Unusable::OtherVersion { found: 3, used: 2, .. }), "{why:?}");
        assert!(why.to_string().contains("is of version 3"), "{why}");
    }

    #[test]
    fn links_and_other_entries_are_unusable() {
        let place = Place::new();
        let elsewhere = place.dir.path().join("elsewhere");
        fs::write(&elsewhere, r#"{"owlery":2,"passes":{},"text":""}"#).unwrap();
        for file in [&place.held.path, &place.secret.path] {
            symlink(&elsewhere, file).unwrap();
        }
        let why = place.assert_unusable();
        assert!(why.to_string().ends_with("it is a link"), "{why}");
        place.held.write(&Held::default()).unwrap();
        assert!(place.held.load().unwrap().is_some() && !place.held.path.is_symlink(), "a write replaces the link");
        assert!(fs::read_to_string(&elsewhere).unwrap().contains("text"), "and not what it names");

        let place = Place::new();
        for file in [&place.held.path, &place.secret.path] {
            fs::create_dir(file).unwrap();
        }
        assert!(matches!(place.assert_unusable(), Unusable::Unreadable { .. }));

        let place = Place::new();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &place.held.path,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        assert!(matches!(place.held.load(), Err(Unusable::Unreadable { .. })), "a pipe is not waited for");
    }

    #[test]
    fn unwritable_files_are_errors() {
        let place = Place::new();
        fs::create_dir(&place.held.path).unwrap();
        place.held.write(&Held::default()).unwrap_err();
        assert_eq!(place.dir.path().read_dir().unwrap().count(), 1, "no unfinished file stays");
        place.held.remove().unwrap_err();
        let missing = StateFile::<Held>::new(&place.dir.path().join("missing"));
        assert!(missing.write(&Held::default()).unwrap_err().is_not_found());
        assert!(missing.load().unwrap().is_none());
        let below_file = StateFile::<Held>::new(Path::new("/proc/self/stat"));
        below_file.write(&Held::default()).unwrap_err();
        assert!(below_file.load().unwrap().is_none());
    }
}
