//! Opens the engine of a store: a folder of this host, or a bucket. Nothing is sent before the first request.

use std::sync::{Arc, Once};
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder, Checksum};
use object_store::path::Path;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};

use crate::client::Client;
use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::folder_store::FolderStore;
use crate::name::StoreName;
use crate::url::{Bucket, Place, StoreUrl};

/// How long a connection may take to open.
const CONNECT: Duration = Duration::from_secs(10);

/// The region that servers other than AWS expect, and AWS takes for its first one.
const DEFAULT_REGION: &str = "us-east-1";

/// An open store. `credentials` is called only for a kind of store that needs some.
pub(crate) fn open(
    name: &StoreName,
    url: &StoreUrl,
    credentials: impl FnOnce() -> Result<Credentials>,
) -> Result<Client> {
    let name = name.clone();
    match url.place() {
        Place::File(folder) => Ok(Client::new(name, Arc::new(FolderStore::new(folder.clone())), Path::default())),
        Place::S3(bucket) => {
            let s3 = Arc::new(s3(&name, bucket, &credentials()?)?);
            let store = Arc::clone(&s3) as Arc<dyn ObjectStore>;
            Ok(Client::new(name, store, Path::from(bucket.prefix())).with_parts(s3))
        }
    }
}

fn s3(name: &StoreName, bucket: &Bucket, credentials: &Credentials) -> Result<AmazonS3> {
    install_provider();
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket.name())
        .with_region(bucket.region().unwrap_or(DEFAULT_REGION))
        .with_virtual_hosted_style_request(bucket.is_virtual_hosted())
        .with_access_key_id(credentials.access_key())
        .with_secret_access_key(credentials.secret_key())
        .with_checksum_algorithm(Checksum::SHA256)
        .with_retry(retry())
        .with_client_options(client_options(bucket));
    if let Some(endpoint) = bucket.request_endpoint() {
        builder = builder.with_endpoint(endpoint);
    }
    if let Some(token) = credentials.session_token() {
        builder = builder.with_token(token);
    }
    let wrong = |error| Error::Config(format!("`url` of [stores.{name}] cannot be used: {error}; correct it"));
    builder.build().map_err(wrong)
}

/// Two more tries after an error that may pass. `Client` limits the time of the whole request.
fn retry() -> RetryConfig {
    let backoff =
        BackoffConfig { init_backoff: Duration::from_millis(200), max_backoff: Duration::from_secs(3), base: 3.0 };
    RetryConfig { backoff, max_retries: 2, retry_timeout: Duration::from_secs(10) }
}

/// A body may take as long as it needs, so there is no limit of the whole. The limit of a read would also end an upload, which
/// reads nothing until all is sent; `Client` sees both directions, and ends what makes no progress.
fn client_options(bucket: &Bucket) -> ClientOptions {
    ClientOptions::new()
        .with_allow_http(bucket.allows_http())
        .with_timeout_disabled()
        .with_read_timeout_disabled()
        .with_connect_timeout(CONNECT)
}

/// TLS by `ring`, unless the program has chosen another provider.
fn install_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // An error means that another thread was faster, which is as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(url: &str) -> Client {
        let credentials = Credentials::new("access", "hidden", Some("token")).unwrap();
        open(&"nas".parse().unwrap(), &url.parse().unwrap(), || Ok(credentials)).unwrap()
    }

    #[test]
    fn buckets_open_without_a_request() {
        for url in [
            "s3://owlery",
            "s3://owlery/a/b?region=eu-central-1",
            "s3://owlery?endpoint=http://localhost:1",
            "s3://owlery?endpoint=https://localhost:1&virtual-hosted=true",
        ] {
            let client = opened(url);
            let prefix = if url.contains("/a/b") { "a/b" } else { "" };
            assert_eq!((client.name().as_str(), client.prefix().as_ref()), ("nas", prefix), "{url}");
            assert!(!format!("{client:?}").contains("hidden"), "{client:?}");
        }
    }

    #[test]
    fn a_folder_needs_no_credentials() {
        let none = || Err(Error::Config("asked".into()));
        let url: StoreUrl = "file:///nowhere/at/all".parse().unwrap();
        assert_eq!(open(&"nas".parse().unwrap(), &url, none).unwrap().prefix(), &Path::default());
        let url: StoreUrl = "s3://owlery".parse().unwrap();
        assert!(matches!(open(&"nas".parse().unwrap(), &url, none), Err(Error::Config(_))));
    }

    #[tokio::test]
    async fn a_bucket_without_a_server_is_out_of_reach() {
        // The port belongs to a listener of this test that is closed again, so connections to it are refused.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let client = opened(&format!("s3://owlery/a?endpoint=http://127.0.0.1:{port}"));
        let error = client.read(&client.prefix().clone().join("x")).await.unwrap_err();
        assert!(error.may_pass() && error.to_string().contains("cannot read a/x in the store nas"), "{error}");
    }
}
