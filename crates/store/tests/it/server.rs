//! The servers of `s3_server` as stores of a configuration.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use object_store::ObjectStore;
use object_store::aws::{AmazonS3, AmazonS3Builder, Checksum};
use owlery_store::{Credentials, Environment, StoreName, StoreOptions, Stores, Vault};

pub(crate) use crate::s3_server::OWNER;
use crate::s3_server::{S3Server, url};

/// How long a server that listens may take until it lists its bucket, how often it is asked, and for how long one listing may take.
const START: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(20);
const ASK: Duration = Duration::from_secs(10);

/// A running server.
pub(crate) struct Server(S3Server);

impl Deref for Server {
    type Target = S3Server;

    fn deref(&self) -> &S3Server {
        &self.0
    }
}

/// A running `s3s-fs`.
pub(crate) async fn s3s_fs() -> Server {
    Server(S3Server::s3s_fs()).ready().await
}

/// A running node of Garage.
pub(crate) async fn garage() -> Server {
    Server(S3Server::garage()).ready().await
}

impl Server {
    /// Waits until the server lists its bucket.
    async fn ready(self) -> Self {
        let (objects, begun) = (self.objects(), Instant::now());
        loop {
            let listing = tokio::time::timeout(ASK, objects.list_with_delimiter(None)).await;
            if matches!(listing, Ok(Ok(_))) {
                return self;
            }
            assert!(begun.elapsed() < START, "{listing:?}: {}", self.log());
            tokio::time::sleep(POLL).await;
        }
    }

    /// The objects of the bucket, without Owlery.
    pub(crate) fn objects(&self) -> Arc<dyn ObjectStore> {
        self.s3()
    }

    /// The bucket as the engine opens it.
    pub(crate) fn s3(&self) -> Arc<AmazonS3> {
        // `object_store` needs one; an error means that there is one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = AmazonS3Builder::new().with_endpoint(self.endpoint()).with_allow_http(true);
        let builder = builder.with_bucket_name(&self.bucket).with_region(self.region);
        let builder = builder.with_checksum_algorithm(Checksum::SHA256);
        let [key, secret] = OWNER;
        Arc::new(builder.with_access_key_id(key).with_secret_access_key(secret).build().unwrap())
    }

    /// The bucket's prefix `owl` as the store `offsite`.
    pub(crate) fn stores(&self, state_dir: &Path) -> Arc<Stores> {
        Self::opened(state_dir, &self.url())
    }

    /// The same of another bucket, or with another region.
    pub(crate) fn stores_at(&self, state_dir: &Path, bucket: &str, region: &str) -> Arc<Stores> {
        Self::opened(state_dir, &url(bucket, self.port, region))
    }

    /// The same through a proxy at this port.
    pub(crate) fn stores_through(&self, state_dir: &Path, port: u16) -> Arc<Stores> {
        Self::opened(state_dir, &self.url_at(port))
    }

    fn opened(state_dir: &Path, url: &str) -> Arc<Stores> {
        let options = StoreOptions::new(name(), url.parse().unwrap());
        Arc::new(Stores::new(vec![options], state_dir, Environment::default()).unwrap())
    }
}

pub(crate) fn name() -> StoreName {
    "offsite".parse().unwrap()
}

pub(crate) fn login(state_dir: &Path, [key, secret]: [&str; 2]) {
    Vault::new(state_dir).login(&name(), &Credentials::new(key, secret, None).unwrap()).unwrap();
}
