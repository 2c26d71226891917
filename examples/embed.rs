//! Owlery inside another web application: the application has pages of its own, mounts the cameras below `/cameras`, and
//! subscribes to notifications. This file is a program and a module of the tests.
//!
//! `cargo run --example embed -- ARCHIVE [ADDR:PORT]`

#![allow(unreachable_pub)] // a program has no public API

use std::error::Error;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use owlery::{Archive, Notification, Options, Subscription};
use tokio::net::TcpListener;

#[tokio::main]
#[allow(dead_code)] // the tests have a main of their own
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut args = std::env::args().skip(1);
    let root = args.next().ok_or("usage: embed ARCHIVE [ADDR:PORT]")?;
    let address = args.next().unwrap_or("127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let interrupted = async {
        let _ = tokio::signal::ctrl_c().await; // if signals cannot be caught, the first one ends the program anyway
    };
    run(root.into(), listener, |line| println!("{line}"), interrupted).await
}

/// Serves an archive as part of the application, and passes its notifications to `report`, until `stop` is ready.
pub async fn run(
    root: PathBuf,
    listener: TcpListener,
    report: impl Fn(String) + Send + 'static,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    // Opening and starting read the disk, and stopping waits for threads, so they need a thread that may block.
    let service = tokio::task::spawn_blocking(|| Archive::open(Options::new(root))?.start()).await??;
    let app = Router::new()
        .route("/", get(async || Html("<h1>My house</h1><a href=\"cameras\">Cameras</a>")))
        .nest("/cameras", owlery::http::router(&service));
    let following = tokio::spawn(follow(service.subscribe(), report));

    let (stopping, mut stopped) = tokio::sync::watch::channel(());
    tokio::spawn(async move {
        stop.await;
        drop(stopping);
    });
    let mut late = stopped.clone();
    // With the clients' addresses, so that only a proxy on this host may set the path prefix.
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, app).with_graceful_shutdown(async move {
        let _ = stopped.changed().await; // an error: the sender is gone
    });
    tokio::select! {
        served = async { served.await } => served?,
        // Event streams never end by themselves, so a second must be enough.
        () = async {
            let _ = late.changed().await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        } => {}
    }
    following.abort();
    tokio::task::spawn_blocking(|| service.shutdown()).await??;
    Ok(())
}

async fn follow(mut subscription: Subscription, report: impl Fn(String)) {
    while let Some(notification) = subscription.next().await {
        match notification {
            Notification::Added(event) => report(format!("new: {}", event.id)),
            Notification::Changed(event) => report(format!("{}: {}", event.details.state.as_str(), event.id)),
            Notification::Removed(id) => report(format!("gone: {id}")),
            _ => report("notifications were lost: load everything again".to_owned()),
        }
    }
}
