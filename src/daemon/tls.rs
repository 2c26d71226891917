//! The certificate of HTTPS, reloaded when its files change and on SIGHUP. Open connections keep the one they began with.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::signal::unix::Signal;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::client::verify_server_cert_signed_by_trust_anchor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{CertificateError, Error as TlsError, RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;

use crate::{Clock, Error, Result, SystemClock};

/// How often the files are checked for changes.
const CHECK_INTERVAL: Duration = Duration::from_secs(10);
/// A certificate that expires within this time gives a warning.
const EXPIRY_WARNING: Duration = Duration::from_hours(14 * 24);
/// The limit for a file, above the size of any real one.
const MAX_FILE_BYTES: u64 = 1 << 20;
/// The first byte of a handshake (RFC 8446, section 5.1). No request begins with it.
const HANDSHAKE: u8 = 22;
const NO_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 40\r\n\
    Connection: close\r\n\r\nThis is HTTPS: begin with https:// here.";

/// The certificate and its key.
#[derive(Debug)]
pub(crate) struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    /// The versions of the files at the first read.
    first: FileVersions,
    /// Replaced by a reload, read by each new connection.
    config: RwLock<Arc<ServerConfig>>,
}

/// Identity, size and times of both files; `None` for a missing file.
type FileVersions = [Option<([u64; 3], [i64; 4])>; 2];

impl Tls {
    /// Reads both files.
    pub(crate) fn open(certificate: PathBuf, key: PathBuf) -> Result<Self> {
        let first = file_versions(&certificate, &key); // before the read, so that a change during it is noticed
        let config = RwLock::new(read(&certificate, &key)?);
        Ok(Self { certificate, key, first, config })
    }

    /// Reads both files again, and keeps the present certificate if they are invalid; logs that if it is new. Returns whether they
    /// are valid.
    fn reload(&self, is_new: bool) -> bool {
        match read(&self.certificate, &self.key) {
            Ok(config) => {
                *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
                tracing::info!("TLS: the certificate was reloaded");
                return true;
            }
            Err(error) if is_new => tracing::error!("{error}; the present certificate stays in use"),
            Err(_) => {}
        }
        false
    }

    /// Reloads the files whenever they change and at every signal, for ever. Invalid files are tried again at every check, since
    /// not every cause (a permission of a folder) shows in the file; they are logged again when they change.
    pub(crate) async fn follow(self: Arc<Self>, mut signal: Signal) {
        let interval = owlery_model::fault::span("tls", CHECK_INTERVAL);
        let (mut known, mut is_good) = (self.first, true);
        loop {
            let is_signal = tokio::select! {
                received = signal.recv() => received.is_some(),
                () = tokio::time::sleep(interval) => false,
            };
            let this = Arc::clone(&self);
            let checked = tokio::task::spawn_blocking(move || {
                let now = file_versions(&this.certificate, &this.key);
                let is_new = is_signal || now != known;
                let is_good = if is_new || !is_good { this.reload(is_new) } else { true };
                (now, is_good)
            });
            match checked.await {
                Ok(checked) => (known, is_good) = checked,
                Err(_) => return, // the daemon stops
            }
        }
    }

    /// Completes the handshake with a client. A client that sends plain HTTP gets a response that says so.
    pub(crate) async fn accept(&self, mut stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let mut first = [0];
        if stream.peek(&mut first).await? == 1 && first[0] != HANDSHAKE {
            stream.write_all(NO_TLS).await?;
            stream.shutdown().await?;
            tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?; // else the response could be lost
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the client sent no TLS handshake"));
        }
        let config = Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner));
        TlsAcceptor::from(config).accept(stream).await
    }
}

fn file_versions(certificate: &Path, key: &Path) -> FileVersions {
    [certificate, key].map(|path| {
        let found = path.metadata().ok()?;
        let times = [found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec()];
        Some(([found.dev(), found.ino(), found.size()], times))
    })
}

fn read(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>> {
    let chain = file("--tls-cert", certificate)?;
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&chain)
        .collect::<Result<_, _>>()
        .map_err(|error| wrong("--tls-cert", certificate, error))?;
    if chain.is_empty() {
        return Err(wrong("--tls-cert", certificate, "it contains no certificate"));
    }
    for why in chain.iter().filter_map(|certificate| validity_problem(certificate, SystemClock.now().utc)) {
        tracing::warn!(path = %certificate.display(), "--tls-cert {}: a certificate in it {why}", certificate.display());
    }
    let secret =
        PrivateKeyDer::from_pem_slice(&file("--tls-key", key)?).map_err(|error| wrong("--tls-key", key, error))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(chain, secret))
        .map_err(|error| wrong("--tls-key", key, format!("with --tls-cert {}: {error}", certificate.display())))?;
    if key.metadata().is_ok_and(|found| found.mode() & 0o004 != 0) {
        tracing::warn!("--tls-key {} is readable by every user of this host", key.display());
    }
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The problem with the validity period of a certificate: expired, close to it, or not valid yet.
///
/// rustls only verifies a certificate as a whole, and checks the period first. So this verifies against no root at all and
/// ignores every other error.
fn validity_problem(certificate: &CertificateDer<'_>, now: DateTime<Utc>) -> Option<String> {
    let parsed = ParsedCertificate::try_from(certificate).ok()?;
    let date = |time: UnixTime| {
        let time = i64::try_from(time.as_secs()).ok().and_then(|secs| DateTime::from_timestamp(secs, 0));
        time.map(|time| time.format("%Y-%m-%d %H:%M:%S UTC").to_string()).unwrap_or_default()
    };
    let at = |after: Duration| {
        let now = Duration::from_secs(u64::try_from(now.timestamp()).unwrap_or(0));
        let time = UnixTime::since_unix_epoch(now + after);
        match verify_server_cert_signed_by_trust_anchor(&parsed, &RootCertStore::empty(), &[], time, &[]) {
            Err(TlsError::InvalidCertificate(why)) => Some(why),
            _ => None,
        }
    };
    match (at(Duration::ZERO), at(EXPIRY_WARNING)) {
        (Some(CertificateError::ExpiredContext { not_after, .. }), _) => {
            Some(format!("expired on {}", date(not_after)))
        }
        (Some(CertificateError::NotValidYetContext { not_before, .. }), _) => {
            Some(format!("is not valid before {}", date(not_before)))
        }
        (_, Some(CertificateError::ExpiredContext { not_after, .. })) => {
            Some(format!("expires on {}", date(not_after)))
        }
        _ => None,
    }
}

fn file(flag: &str, path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_FILE_BYTES).read_to_end(&mut bytes));
    read.map(|_| bytes).map_err(|error| wrong(flag, path, error))
}

fn wrong(flag: &str, path: &Path, why: impl std::fmt::Display) -> Error {
    Error::Config(format!("{flag} {}: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    #[test]
    fn certificates_near_or_past_expiry_are_reported() {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(2026, 6, 1), date_time_ymd(2026, 9, 1));
        let made = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let bad_on = |day: &str| validity_problem(made.der(), format!("{day}T12:00:00Z").parse().unwrap());
        assert_eq!(bad_on("2026-05-31").unwrap(), "is not valid before 2026-06-01 00:00:00 UTC");
        for valid in ["2026-06-01", "2026-08-17"] {
            assert_eq!(bad_on(valid), None, "{valid}");
        }
        assert_eq!(bad_on("2026-08-18").unwrap(), "expires on 2026-09-01 00:00:00 UTC");
        assert_eq!(bad_on("2026-09-01").unwrap(), "expired on 2026-09-01 00:00:00 UTC");
    }
}
