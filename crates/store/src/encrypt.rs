//! Encryption of what is copied, in the format of age (<https://age-encryption.org/v1>): the public keys of a store's configuration, the
//! identities that read its copies, and the two directions between plain and encrypted bytes. Where encrypted bytes are kept until they are
//! sent is up to `spool`, what a manifest says of them to `manifest`.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use age::stream::{StreamReader, StreamWriter};
use age::{DecryptError, Decryptor, Encryptor, x25519};
use bytes::Bytes;
use object_store::path::Path as Key;

use crate::client::Client;
use crate::error::{Error, Result};
use crate::files::{Links, read};
use crate::manifest::Encrypted;
use crate::upload::{Sink, Sums};

/// What is added to the name of an encrypted object.
pub(crate) const SUFFIX: &str = ".age";

/// How a public key and a secret one begin.
const PUBLIC: &str = "age1";
const SECRET: &str = "AGE-SECRET-KEY-";

/// How a file begins that age has encrypted, as bytes and as text.
const SEALED: [&str; 2] = ["age-encryption.org/", "-----BEGIN AGE ENCRYPTED FILE-----"];

/// The most bytes of an identity file.
const LARGEST: u64 = 1 << 20;

/// The bytes of a chunk of age, plain and encrypted: the unit that is decrypted and proved as a whole.
pub(crate) const CHUNK: usize = 64 << 10;
pub(crate) const SEALED_CHUNK: usize = CHUNK + 16;

/// The public keys to which a store's copies are encrypted: one at least. Each of their identities decrypts all of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipients(Vec<x25519::Recipient>);

impl Recipients {
    /// The recipients of texts such as `age1…`, in any order.
    ///
    /// # Errors
    /// There is none, or one of them is no public key. The sentence says what is expected, and never shows what may be a secret.
    pub fn parse<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Result<Self, String> {
        let mut keys = BTreeSet::new();
        let mut recipients = Vec::new();
        for text in texts {
            let recipient = recipient(text.as_ref().trim())?;
            if keys.insert(recipient.to_string()) {
                recipients.push(recipient);
            }
        }
        if recipients.is_empty() {
            return Err("the list is empty; name a public key, or leave the key `encrypt` out".to_owned());
        }
        recipients.sort_by_key(ToString::to_string);
        Ok(Self(recipients))
    }

    /// Their texts, in alphabetical order.
    pub fn texts(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }

    /// A writer that encrypts with a new key.
    fn writer<W: Write>(&self, output: W) -> io::Result<StreamWriter<W>> {
        let recipients = self.0.iter().map(|recipient| recipient as &dyn age::Recipient);
        Encryptor::with_recipients(recipients).map_err(io::Error::other)?.wrap_output(output)
    }

    /// Encrypts something small.
    pub(crate) fn encrypt(&self, name: &str, plain: &[u8]) -> Result<Vec<u8>> {
        let encrypt = || -> io::Result<Vec<u8>> {
            let mut writer = self.writer(Vec::with_capacity(plain.len() + 1024))?;
            writer.write_all(plain)?;
            writer.finish()
        };
        encrypt().map_err(|error| failed(name, error))
    }
}

impl fmt::Debug for Recipients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Recipients").field(&self.texts()).finish()
    }
}

fn recipient(text: &str) -> Result<x25519::Recipient, String> {
    if has_prefix(text, SECRET) {
        return Err(format!(
            "it is a secret key ({SECRET}…), which must not be on this host; keep it elsewhere, and write its public key, {PUBLIC}…, \
             which `age-keygen -y FILE` prints"
        ));
    }
    text.parse().map_err(|_| {
        // Only what is surely public is shown.
        let shown = if text.starts_with(PUBLIC) { format!("{text:?}") } else { "the text".to_owned() };
        format!(
            "{shown} is no public key of age; write one as `age-keygen` prints it: {PUBLIC} and 58 letters and digits"
        )
    })
}

fn has_prefix(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix))
}

fn failed(name: &str, error: impl Into<io::Error>) -> Error {
    Error::io("encrypt", name, error)
}

/// The secret keys of an identity file, which decrypt what was encrypted to their public keys. `Debug` shows the public keys alone.
#[derive(Clone)]
pub struct Identities(Vec<x25519::Identity>);

/// Who may be able to read an identity file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guarded {
    /// The user of the command is responsible for it. It may be a pipe, such as `/dev/stdin`.
    ByCaller,
    /// It lies on the host for good: a regular file that only its owner may read.
    ByMode,
}

impl Identities {
    /// Reads an identity file as `age-keygen` writes it: a line `AGE-SECRET-KEY-1…` for each identity, and comments.
    ///
    /// # Errors
    /// [`Error::Config`] for a file that cannot be read, that others may read, or that has no identity or something else. Nothing of its
    /// contents is shown.
    pub fn read(path: &Path, guarded: Guarded) -> Result<Self> {
        let wrong = |why: String| Error::Config(format!("the identity file {} {why}", path.display()));
        let bytes = match guarded {
            Guarded::ByCaller => {
                let mut bytes = Vec::new();
                let read = File::open(path).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes));
                read.map_err(|error| wrong(format!("cannot be read: {error}; name another one")))?;
                bytes
            }
            Guarded::ByMode => {
                let found = read(path, Links::Follow).map_err(|error| wrong(format!("cannot be read: {error}")))?;
                let (meta, bytes) = found.ok_or_else(|| wrong("does not exist; name another one".to_owned()))?;
                if meta.permissions().mode() & 0o077 != 0 {
                    let cure = format!("run `chmod 600 {}`", path.display());
                    return Err(wrong(format!("may be read by others; {cure}, and use another key if they did")));
                }
                bytes
            }
        };
        let text = String::from_utf8(bytes).map_err(|_| wrong(NO_TEXT.to_owned()))?;
        text.parse().map_err(wrong)
    }

    pub(crate) fn each(&self) -> impl Iterator<Item = &dyn age::Identity> {
        self.0.iter().map(|identity| identity as &dyn age::Identity)
    }

    /// The public keys of the identities.
    pub fn recipients(&self) -> Vec<String> {
        self.0.iter().map(|identity| identity.to_public().to_string()).collect()
    }
}

/// What is said of a file that is no list of identities.
const NO_TEXT: &str = "has no identities of age; it needs a line AGE-SECRET-KEY-1…, as `age-keygen -o FILE` writes it";

impl FromStr for Identities {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if SEALED.iter().any(|begin| text.starts_with(begin)) {
            return Err(
                "is encrypted itself; decrypt it first, such as with `age -d FILE | owlery … --identity /dev/stdin`"
                    .to_owned(),
            );
        }
        let mut identities = Vec::new();
        let lines = text.lines().map(str::trim).enumerate();
        for (nth, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            match line.parse() {
                Ok(identity) => identities.push(identity),
                Err(_) if has_prefix(line, PUBLIC) => {
                    return Err(format!(
                        "has a public key in line {}; decrypting needs the secret one, {SECRET}1…",
                        nth + 1
                    ));
                }
                Err(_) => return Err(format!("has no identity of age in line {}, {SECRET}1… is expected", nth + 1)),
            }
        }
        if identities.is_empty() { Err(NO_TEXT.to_owned()) } else { Ok(Self(identities)) }
    }
}

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identities").field(&self.recipients()).finish()
    }
}

/// Encrypts what is written into it, and passes it on.
pub(crate) struct Encrypting<'a, S> {
    name: &'a str,
    sink: &'a mut S,
    made: Pipe,
    writer: StreamWriter<Pipe>,
    plain: Sums,
    to: Vec<String>,
}

impl<'a, S: Sink> Encrypting<'a, S> {
    /// `name` is that of the plain file.
    pub(crate) fn new(recipients: &Recipients, name: &'a str, sink: &'a mut S) -> Result<Self> {
        let made = Pipe::default();
        let writer = recipients.writer(made.clone()).map_err(|error| failed(name, error))?;
        Ok(Self { name, sink, made, writer, plain: Sums::default(), to: recipients.texts() })
    }

    /// Passes on the rest, and returns what was encrypted.
    pub(crate) async fn finish(self) -> Result<Encrypted> {
        self.writer.finish().map_err(|error| failed(self.name, error))?;
        self.sink.write(self.made.drain()).await?;
        let plain = self.plain.end();
        Ok(Encrypted { bytes: plain.bytes, sha256: plain.sha256, to: self.to })
    }
}

impl<S: Sink> Sink for Encrypting<'_, S> {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.plain.add(&bytes);
        self.writer.write_all(&bytes).map_err(|error| failed(self.name, error))?;
        let made = self.made.drain();
        if made.is_empty() { Ok(()) } else { self.sink.write(made).await }
    }
}

/// Decrypts what is fed to it, piece by piece.
pub(crate) struct Decrypting<'a> {
    identities: &'a Identities,
    fed: Pipe,
    reader: Option<StreamReader<Pipe>>,
    plain: Sums,
}

/// Why bytes cannot be decrypted.
pub(crate) enum Undecrypted {
    /// They are for others.
    OfOthers,
    /// They are not what age has written.
    Damaged(String),
    /// What takes the plain bytes has failed.
    Taken(io::Error),
}

/// Takes plain bytes.
pub(crate) type Take<'a> = dyn FnMut(&[u8]) -> io::Result<()> + Send + 'a;

impl<'a> Decrypting<'a> {
    pub(crate) fn new(identities: &'a Identities) -> Self {
        Self { identities, fed: Pipe::default(), reader: None, plain: Sums::default() }
    }

    /// Decrypts as many whole chunks as there are now. The first piece must have the whole header: some hundred bytes for each recipient.
    pub(crate) fn feed(&mut self, bytes: &[u8], take: &mut Take<'_>) -> Result<(), Undecrypted> {
        self.fed.add(bytes);
        self.begin()?;
        // The last chunk is known by the end alone: less than one is left until then.
        while self.fed.lock().len() > SEALED_CHUNK {
            self.chunk(take)?;
        }
        Ok(())
    }

    fn begin(&mut self) -> Result<(), Undecrypted> {
        if self.reader.is_some() {
            return Ok(());
        }
        let opened = Decryptor::new(self.fed.clone()).and_then(|file| file.decrypt(self.identities.each()));
        match opened {
            Ok(reader) => self.reader = Some(reader),
            Err(DecryptError::NoMatchingKeys) => return Err(Undecrypted::OfOthers),
            Err(error) => return Err(Undecrypted::Damaged(error.to_string())),
        }
        Ok(())
    }

    /// Decrypts a chunk; false at the end.
    fn chunk(&mut self, take: &mut Take<'_>) -> Result<bool, Undecrypted> {
        let mut plain = vec![0; CHUNK];
        let Some(reader) = &mut self.reader else { return Ok(false) };
        let read = reader.read(&mut plain).map_err(|error| Undecrypted::Damaged(error.to_string()))?;
        let plain = plain.get(..read).unwrap_or_default();
        self.plain.add(plain);
        take(plain).map_err(Undecrypted::Taken)?;
        Ok(read > 0)
    }

    /// Decrypts the rest, and fails unless the whole is what was encrypted.
    pub(crate) fn end(mut self, was: &Encrypted, take: &mut Take<'_>) -> Result<(), Undecrypted> {
        self.begin()?;
        while self.chunk(take)? {}
        let plain = self.plain.end();
        if plain.bytes == was.bytes && plain.sha256 == was.sha256 {
            return Ok(());
        }
        Err(Undecrypted::Damaged("the decrypted bytes are not those of the file that was copied".to_owned()))
    }
}

/// Bytes between what makes them and what takes them. Used by one task at a time; the lock only lets the task move between threads.
#[derive(Clone, Default)]
struct Pipe(Arc<Mutex<VecDeque<u8>>>);

impl Pipe {
    fn lock(&self) -> MutexGuard<'_, VecDeque<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, bytes: &[u8]) {
        self.lock().extend(bytes);
    }

    fn drain(&self) -> Bytes {
        Vec::from(std::mem::take(&mut *self.lock())).into()
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.add(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Pipe {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.lock().read(bytes)
    }
}

impl Client {
    /// The identities for an object that is encrypted.
    pub(crate) fn identities_for<'a>(
        &self,
        key: &Key,
        was: &Encrypted,
        identities: Option<&'a Identities>,
    ) -> Result<&'a Identities> {
        let why = "and no identity was given; name the file of one of its secret keys with --identity FILE";
        identities.ok_or_else(|| self.encrypted(key, was, why.to_owned()))
    }

    /// Why an object could not be decrypted.
    pub(crate) fn undecrypted(
        &self,
        key: &Key,
        was: &Encrypted,
        identities: Option<&Identities>,
        error: Undecrypted,
    ) -> Error {
        match error {
            Undecrypted::Taken(error) => Error::io("write", &*was_name(key), error),
            Undecrypted::Damaged(why) => self.wrong(key, format!("it cannot be decrypted: {why}")),
            Undecrypted::OfOthers => {
                let given = identities.map(Identities::recipients).unwrap_or_default().join(" and ");
                let why =
                    format!("and the identity that was given is of {given}; name the right file with --identity FILE");
                self.encrypted(key, was, why)
            }
        }
    }

    fn encrypted(&self, key: &Key, was: &Encrypted, why: String) -> Error {
        Error::Encrypted { store: self.name().clone(), object: key.to_string(), to: was.to.clone(), why }
    }
}

fn was_name(key: &Key) -> String {
    key.filename().unwrap_or_default().trim_end_matches(SUFFIX).to_owned()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::OpenOptionsExt;

    use super::*;

    /// The pair of a key that protects nothing.
    const SECRET_TEXT: &str = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";

    fn identities() -> Identities {
        SECRET_TEXT.parse().unwrap()
    }

    #[test]
    fn recipients_are_read_in_any_order() {
        let [one, two] = [identities().recipients().remove(0), x25519::Identity::generate().to_public().to_string()];
        let both = Recipients::parse([&one, &two, &one]).unwrap();
        assert_eq!(both, Recipients::parse([format!(" {two} "), one.clone()]).unwrap());
        assert_eq!(both.texts().len(), 2);
        assert!(Recipients::parse([one.to_uppercase() + "x"]).is_err());
        assert!(Recipients::parse::<&str>([]).is_err());
    }

    /// Whatever is wrong, nothing of what may be a secret is shown.
    #[test]
    fn wrong_identity_files_are_explained() {
        let public = identities().recipients().remove(0);
        for (text, expected) in [
            (String::new(), "has no identities"),
            ("# only a comment\n".to_owned(), "has no identities"),
            (format!("# a key\n{public}\n"), "a public key in line 2"),
            (format!("{SECRET_TEXT}\n{SECRET_TEXT}X"), "no identity of age in line 2"),
            ("age-encryption.org/v1\n-> scrypt".to_owned(), "is encrypted itself"),
            ("-----BEGIN AGE ENCRYPTED FILE-----\n".to_owned(), "is encrypted itself"),
        ] {
            let why = text.parse::<Identities>().unwrap_err();
            assert!(why.contains(expected) && !why.contains("GQ9778"), "{why}");
        }
        assert!(!format!("{:?}", identities()).contains("GQ9778"));
    }

    #[test]
    fn an_identity_on_the_host_is_for_its_owner() {
        let dir = tempfile::tempdir().unwrap();
        let read = |mode: u32, guarded| {
            let path = dir.path().join(mode.to_string());
            let mut file = File::options().create_new(true).write(true).mode(mode).open(&path).unwrap();
            writeln!(file, "{SECRET_TEXT}").unwrap();
            Identities::read(&path, guarded).map_err(|error| error.to_string())
        };
        assert_eq!(read(0o600, Guarded::ByMode).unwrap().recipients(), identities().recipients());
        assert!(read(0o640, Guarded::ByMode).unwrap_err().contains("chmod 600"));
        read(0o644, Guarded::ByCaller).unwrap();
        let none = Identities::read(&dir.path().join("none"), Guarded::ByMode).unwrap_err();
        assert!(none.to_string().contains("does not exist"), "{none}");
    }

    /// However it is cut, and the end is not missed.
    #[test]
    fn pieces_of_any_size_are_decrypted() {
        let recipients = Recipients::parse(identities().recipients()).unwrap();
        let plain: Vec<u8> = (0..200_000u32).map(|n| n.to_le_bytes()[1]).collect();
        let encrypted = recipients.encrypt("x", &plain).unwrap();
        let was = Encrypted { bytes: 200_000, sha256: crate::upload::sha256(&plain), to: recipients.texts() };
        for size in [500, 65_551, 65_552, 70_000, encrypted.len()] {
            let identities = identities();
            let (mut decrypting, mut read) = (Decrypting::new(&identities), Vec::new());
            let mut take = |bytes: &[u8]| {
                read.extend_from_slice(bytes);
                Ok(())
            };
            for piece in encrypted.chunks(size) {
                assert!(decrypting.feed(piece, &mut take).is_ok(), "{size}");
            }
            assert!(decrypting.end(&was, &mut take).is_ok(), "{size}");
            assert!(read == plain, "{size}");
        }
        let identities = identities();
        let mut decrypting = Decrypting::new(&identities);
        assert!(decrypting.feed(&encrypted[..150_000], &mut |_| Ok(())).is_ok());
        assert!(matches!(decrypting.end(&was, &mut |_| Ok(())), Err(Undecrypted::Damaged(_))));
    }
}
