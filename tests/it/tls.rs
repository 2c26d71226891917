//! HTTPS by a real daemon: what is served, with which certificate, what becomes of a new one, and of clients that shake
//! hands slowly or not at all. The certificates are made here; the client is rustls.

use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{Datelike, Days};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};

use crate::world::{Daemon, PATIENCE, Ran, Response, World, today, unprivileged, wait_until};

const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A certificate, its key, and whom a client trusts that takes it.
struct Made {
    chain: String,
    key: String,
    leaf: CertificateDer<'static>,
    root: CertificateDer<'static>,
}

impl Made {
    /// One that signs itself.
    fn simple() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let leaf = made.cert.der().clone();
        Self { chain: made.cert.pem(), key: made.signing_key.serialize_pem(), root: leaf.clone(), leaf }
    }

    /// The same until a day.
    fn until(last: chrono::NaiveDate) -> Self {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let [month, day] = [last.month(), last.day()].map(|number| u8::try_from(number).unwrap());
        params.not_after = date_time_ymd(last.year(), month, day);
        let key = KeyPair::generate().unwrap();
        let made = params.self_signed(&key).unwrap();
        Self { chain: made.pem(), key: key.serialize_pem(), root: made.der().clone(), leaf: made.der().clone() }
    }

    /// One by an intermediate authority, whose own certificate is in the chain; the root is not.
    fn chained() -> Self {
        let authority = || {
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params
        };
        let root = CertifiedIssuer::self_signed(authority(), KeyPair::generate().unwrap()).unwrap();
        let between = CertifiedIssuer::signed_by(authority(), KeyPair::generate().unwrap(), &root).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, &between).unwrap();
        let chain = leaf.pem() + &between.pem();
        Self { chain, key: key.serialize_pem(), leaf: leaf.der().clone(), root: root.der().clone() }
    }
}

/// Where certificate and key lie.
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

impl Files {
    fn of(world: &World) -> Self {
        let dir = world.outside("tls");
        Self { certificate: dir.join("cert.pem"), key: dir.join("key.pem") }
    }

    /// Puts them there as a certificate's client does: whole, each by a rename.
    fn put(&self, made: &Made) -> &Self {
        for (path, text) in [(&self.key, &made.key), (&self.certificate, &made.chain)] {
            let new = path.with_extension("new");
            fs::write(&new, text).unwrap();
            fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).unwrap();
            fs::rename(new, path).unwrap();
        }
        self
    }

    fn flags(&self) -> [&str; 4] {
        ["--tls-cert", self.certificate.to_str().unwrap(), "--tls-key", self.key.to_str().unwrap()]
    }

    fn serve(&self, world: &World, limits: &str) -> Daemon {
        let mut command = world.command("serve", ["--listen", "127.0.0.1:0"].iter().chain(&self.flags()));
        command.env("OWLERY_LIMITS", limits).env("OWLERY_LOG", "owlery=debug");
        Daemon::start(command)
    }
}

type Client = StreamOwned<ClientConnection, TcpStream>;

fn connect_by(daemon: &Daemon, trusted: &Made, versions: &[&'static SupportedProtocolVersion]) -> io::Result<Client> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.root.clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let mut tls = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    let mut stream = TcpStream::connect(&daemon.address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    while tls.is_handshaking() {
        tls.complete_io(&mut stream)?;
    }
    Ok(StreamOwned::new(tls, stream))
}

fn connect(daemon: &Daemon, trusted: &Made) -> io::Result<Client> {
    connect_by(daemon, trusted, &[&TLS13])
}

/// Asks for the health, on a connection that is kept; returns whether it is good.
fn is_healthy(client: &mut Client) -> bool {
    client.write_all(HEALTH).unwrap();
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"ok\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        bytes.push(byte[0]);
    }
    Response::parse(&bytes).status == 200
}

/// The certificate that is served now.
fn served(daemon: &Daemon, made: &Made) -> Option<CertificateDer<'static>> {
    let client = connect(daemon, made).ok()?;
    Some(client.conn.peer_certificates()?[0].clone())
}

#[test]
fn https_is_served_with_the_whole_chain() {
    let world = World::new();
    let made = Made::chained();
    let files = Files::of(&world);
    let daemon = files.put(&made).serve(&world, "");
    for version in [&TLS12, &TLS13] {
        let mut client = connect_by(&daemon, &made, &[version]).unwrap();
        assert_eq!(client.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
        assert_eq!(client.conn.peer_certificates().unwrap()[0], made.leaf);
        assert!(is_healthy(&mut client) && is_healthy(&mut client), "{version:?}: the connection is kept");
    }
    connect(&daemon, &Made::simple()).expect_err("a client that does not trust it stops");
    assert!(!daemon.log().contains("is readable by every user"));
    let mut client = connect(&daemon, &made).unwrap();
    assert!(is_healthy(&mut client));
    assert_eq!(daemon.stop(), 0);
    assert_eq!(client.read(&mut [0]).unwrap(), 0, "it was told that nothing more comes");
}

#[test]
fn https_is_said_where_it_is_served() {
    let world = World::new();
    let files = Files::of(&world);
    files.put(&Made::simple());
    let mut child = world
        .command("serve", ["--listen", "127.0.0.1:0"].iter().chain(&files.flags()))
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut said = vec![0; 30];
    child.stdout.take().unwrap().read_exact(&mut said).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(said.starts_with(b"listening on https://127.0.0.1"), "{}", String::from_utf8_lossy(&said));
}

#[test]
fn http_without_tls_is_told_so() {
    let world = World::new();
    let files = Files::of(&world);
    let daemon = files.put(&Made::simple()).serve(&world, "");
    let answer = daemon.get("/healthz");
    assert_eq!(answer.status, 400);
    assert_eq!(answer.header("content-length"), Some(answer.body.len().to_string().as_str()));
    assert!(answer.text().contains("https://"), "{}", answer.text());
}

#[test]
fn a_missing_handshake_times_out() {
    let world = World::new();
    let files = Files::of(&world);
    let made = Made::simple();
    let daemon = files.put(&made).serve(&world, "handshake=300ms");
    for begun in [&b""[..], b"\x16", b"\x16\x03\x01\x02\x00\x01\x00"] {
        let mut stream = TcpStream::connect(&daemon.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(begun).unwrap();
        assert!(matches!(stream.read(&mut [0]), Ok(0) | Err(_)), "{begun:?}");
        assert!(is_healthy(&mut connect(&daemon, &made).unwrap()));
    }
    let mut nonsense = TcpStream::connect(&daemon.address).unwrap();
    nonsense.write_all(&[0x16; 100]).unwrap();
    let _ = nonsense.read_to_end(&mut Vec::new()); // an alert, or a reset
    let silent = TcpStream::connect(&daemon.address).unwrap();
    assert_eq!(daemon.stop(), 0, "nor does the stop wait");
    drop(silent);
}

#[test]
fn a_new_certificate_is_served_without_a_restart() {
    let world = World::new();
    let files = Files::of(&world);
    let (first, second) = (Made::simple(), Made::chained());
    let daemon = files.put(&first).serve(&world, "tls=20ms");
    let mut before = connect(&daemon, &first).unwrap();
    files.put(&second);
    wait_until("the new one is served", || served(&daemon, &second).is_some_and(|leaf| leaf == second.leaf));
    assert!(is_healthy(&mut before), "connections under way stay");
    connect(&daemon, &first).expect_err("the old one is served no more");
}

#[test]
fn sighup_has_the_certificate_read_again() {
    let world = World::new();
    let files = Files::of(&world);
    let (first, second) = (Made::simple(), Made::simple());
    let daemon = files.put(&first).serve(&world, "tls=1h");
    files.put(&second);
    assert_eq!(served(&daemon, &first), Some(first.leaf.clone()), "not checked yet");
    daemon.signal("-HUP");
    wait_until("the new one is served", || served(&daemon, &second).is_some_and(|leaf| leaf == second.leaf));
    fs::remove_file(&files.key).unwrap();
    daemon.signal("-HUP");
    daemon.wait_for_log("the present certificate stays in use");
    assert_eq!(served(&daemon, &second), Some(second.leaf.clone()));
    assert_eq!(daemon.stop(), 0);
}

/// It is reported once, and the old one is kept.
#[test]
fn an_invalid_new_certificate_is_not_used() {
    let world = World::new();
    let files = Files::of(&world);
    let (first, second) = (Made::simple(), Made::simple());
    let daemon = files.put(&first).serve(&world, "tls=20ms");
    let complaints = || daemon.log().matches("the present certificate stays in use").count();
    let broken = files.certificate.with_extension("new");
    fs::write(&broken, "-----BEGIN CERTIFICATE-----\nnot one\n-----END CERTIFICATE-----\n").unwrap();
    fs::rename(broken, &files.certificate).unwrap();
    wait_until("it is spoken of", || complaints() > 0);
    assert!(daemon.log().contains(files.certificate.to_str().unwrap()), "{}", daemon.log());
    for _ in 0..30 {
        assert_eq!(served(&daemon, &first), Some(first.leaf.clone()));
    }
    assert_eq!(complaints(), 1, "{}", daemon.log());
    files.put(&second);
    wait_until("one that is good is taken", || served(&daemon, &second).is_some_and(|leaf| leaf == second.leaf));
}

#[test]
fn a_certificate_may_become_readable_later() {
    let world = World::new();
    let files = Files::of(&world);
    let (first, second) = (Made::simple(), Made::simple());
    files.put(&first);
    let mut command = world.command("serve", ["--listen", "127.0.0.1:0"].iter().chain(&files.flags()));
    command.env("OWLERY_LIMITS", "tls=20ms");
    let daemon = Daemon::start(unprivileged(&command));
    fs::write(&files.key, &second.key).unwrap();
    let new = files.certificate.with_extension("new");
    fs::write(&new, &second.chain).unwrap();
    fs::set_permissions(&new, fs::Permissions::from_mode(0o000)).unwrap();
    fs::rename(new, &files.certificate).unwrap();
    daemon.wait_for_log("Permission denied"); // from now on nothing but the mode changes
    fs::set_permissions(&files.certificate, fs::Permissions::from_mode(0o600)).unwrap();
    wait_until("it is served", || served(&daemon, &second).is_some_and(|leaf| leaf == second.leaf));
}

#[test]
fn an_unusable_certificate_is_named() {
    let world = World::new();
    let files = Files::of(&world);
    files.put(&Made::simple());
    let dir = world.outside("tls");
    let put = |name: &str, text: &str| {
        fs::write(dir.join(name), text).unwrap();
        dir.join(name).into_os_string().into_string().unwrap()
    };
    let [_, certificate, _, key] = files.flags();
    let other = put("other.pem", &Made::simple().key);
    let (empty, nonsense) = (put("empty.pem", ""), put("nonsense.pem", "-----BEGIN CERTIFICATE-----\n!\n"));
    let missing = dir.join("missing.pem").into_os_string().into_string().unwrap();
    let cases = [
        (certificate, &*missing, &*missing),
        (&*missing, key, &*missing),
        (&*empty, key, &*empty),
        (certificate, &*empty, &*empty),
        (&*nonsense, key, &*nonsense),
        (certificate, certificate, certificate),
        (key, key, key),
        (certificate, &*other, &*other),
        (dir.to_str().unwrap(), key, dir.to_str().unwrap()),
    ];
    for (certificate, key, named) in cases {
        let flags = ["--listen", "127.0.0.1:0", "--tls-cert", certificate, "--tls-key", key];
        let ran = Ran::of(world.command("serve", flags));
        assert_eq!(ran.code, 2, "{certificate} {key}: {ran:?}");
        assert!(ran.stderr.contains(named), "{named}: {}", ran.stderr);
    }
    for (flag, file, wanted) in [("--tls-cert", certificate, "--tls-key"), ("--tls-key", key, "--tls-cert")] {
        let ran = Ran::of(world.command("serve", ["--listen", "127.0.0.1:0", flag, file]));
        assert!(ran.code == 2 && ran.stderr.contains(wanted), "{flag}: {ran:?}");
    }
    assert!(!world.has(".owlery"), "nothing was begun");
}

#[test]
fn a_world_readable_key_is_warned_of() {
    let world = World::new();
    let files = Files::of(&world);
    files.put(&Made::simple());
    fs::set_permissions(&files.key, fs::Permissions::from_mode(0o644)).unwrap();
    let daemon = files.serve(&world, "");
    daemon.wait_for_log(&format!("--tls-key {} is readable by every user", files.key.display()));
}

/// An expired certificate, or one that soon expires, is served; each reading warns.
#[test]
fn an_expiring_certificate_is_warned_of() {
    let world = World::new();
    let files = Files::of(&world);
    let (soon, over) = (Made::until(today() + Days::new(9)), Made::until(today() - Days::new(9)));
    let daemon = files.put(&soon).serve(&world, "tls=1h");
    assert!(is_healthy(&mut connect(&daemon, &soon).unwrap()));
    daemon.wait_for_log(&format!("{}: a certificate in it expires on ", files.certificate.display()));
    files.put(&over);
    daemon.signal("-HUP");
    daemon.wait_for_log("a certificate in it expired on ");
    daemon.wait_for_log("the certificate was reloaded");
    files.put(&Made::simple());
    daemon.signal("-HUP");
    wait_until("it is read", || daemon.log().matches("the certificate was reloaded").count() == 2);
    assert_eq!(daemon.log().matches("a certificate in it").count(), 2, "{}", daemon.log());
}
