//! Owlery inside another web application: the application has pages of its own, the cameras are below `/cameras`, and the
//! news are followed. It is a program of its own and a module of the tests.
//!
//! `cargo run --example embed -- ARCHIVE [ADDR:PORT]`

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
    let root = args.next().ok_or("which archive? say: embed ARCHIVE [ADDR:PORT]")?;
    let address = args.next().unwrap_or("127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let interrupted = async {
        let _ = tokio::signal::ctrl_c().await; // where signals cannot be caught, the first one ends the program anyway
    };
    run(root.into(), listener, |news| println!("{news}"), interrupted).await
}

/// Serves an archive as part of the application, and tells its news, until `stop` is there.
pub async fn run(
    root: PathBuf,
    listener: TcpListener,
    tell: impl Fn(String) + Send + 'static,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    // Opening and starting look at the disk, and stopping waits for threads: work for a thread that may block.
    let service = tokio::task::spawn_blocking(|| Archive::open(Options::new(root))?.start()).await??;
    let app = Router::new()
        .route("/", get(async || Html("<h1>My house</h1><a href=\"cameras\">What the cameras saw</a>")))
        .nest("/cameras", owlery::http::router(&service));
    let following = tokio::spawn(follow(service.subscribe(), tell));

    let (stopping, mut stopped) = tokio::sync::watch::channel(());
    tokio::spawn(async move {
        stop.await;
        drop(stopping);
    });
    let mut late = stopped.clone();
    // With the clients' addresses, so that only a proxy on this host is believed about the path at which it shows this.
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, app).with_graceful_shutdown(async move {
        let _ = stopped.changed().await; // an error: the sender is gone
    });
    tokio::select! {
        served = async { served.await } => served?,
        // Whoever follows the event stream would do so for ever: a second is enough.
        () = async {
            let _ = late.changed().await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        } => {}
    }
    following.abort();
    tokio::task::spawn_blocking(|| service.shutdown()).await??;
    Ok(())
}

async fn follow(mut news: Subscription, tell: impl Fn(String)) {
    while let Some(notice) = news.next().await {
        match notice {
            Notification::Added(event) => tell(format!("new: {}", event.id)),
            Notification::Changed(event) => tell(format!("{}: {}", event.details.state.as_str(), event.id)),
            Notification::Removed(id) => tell(format!("gone: {id}")),
            _ => tell("something was missed: look at everything anew".to_owned()),
        }
    }
}
