//! Copies in every kind of store: a folder, the memory of `object_store`, and two servers that speak S3; with requests that fail on the
//! way.

#![allow(clippy::disallowed_methods)] // tests make and remove what they work with

/// Makes a test of each function for each store, as `STORE::FUNCTION`. A store is a function too.
macro_rules! each {
    ([$($store:ident)*] $tests:tt) => { $(
        mod $store {
            each!($store $tests);
        }
    )* };
    ($store:ident [$($test:ident)*]) => { $(
        #[tokio::test]
        async fn $test() {
            super::$test(&super::$store().await).await;
        }
    )* };
}

mod backend;
mod conformance;
mod copies;
mod counted;
mod encrypted;
mod faulty;
mod killed;
mod line;
mod proofs;
mod proxy;
mod reading;
mod resume;
mod s3;
mod s3_server;
mod server;
mod verification;
mod world;
