//! Owlery mounted below a path of another application: `examples/embed.rs` as it is, with real requests; and routers that
//! are mounted in other ways.

#[path = "../../examples/embed.rs"]
mod program;

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use owlery::{Archive, Options};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tower::ServiceExt;

use crate::world::{PATIENCE, Response, World, event_id, request, wait_until};

/// The example at work, on a thread of its own.
pub struct Embedded {
    pub address: SocketAddr,
    news: Receiver<String>,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Embedded {
    pub fn start(world: &World) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (bound, address) = channel();
        let (tell, news) = channel();
        let root = world.root.clone();
        let running = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                bound.send(listener.local_addr().unwrap()).unwrap();
                let stop = async { drop(stopped.await) };
                program::run(root, listener, move |line| drop(tell.send(line)), stop).await.unwrap();
            });
        });
        let embedded = Self { address: address.recv_timeout(PATIENCE).unwrap(), news, stop, running };
        wait_until("ready", || embedded.get("/cameras/readyz").status == 200);
        embedded
    }

    /// Stops it, which takes no signal here, and waits for its end.
    pub fn stop(self) {
        self.stop.send(()).unwrap();
        self.running.join().unwrap();
    }

    fn get(&self, path: &str) -> Response {
        request(&self.address.to_string(), "GET", path, &[])
    }
}

/// The links of an HTML list, as a browser at `page` would follow them.
fn links(page: &str, html: &str) -> Vec<String> {
    let base = &page[..=page.rfind('/').unwrap()];
    html.split("href=\"").skip(1).map(|rest| format!("{base}{}", rest.split('"').next().unwrap())).collect()
}

/// An application serves the cameras below a path of its own.
#[test]
fn the_router_mounts_below_a_path() {
    let world = World::sample("direct");
    let embedded = Embedded::start(&world);
    assert!(embedded.get("/").text().contains("My house"));
    let page = embedded.get("/cameras");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(page.text().contains("<base href=\"cameras/\">"), "what it asks for lies below: {}", page.text());
    assert!(page.header("content-security-policy").is_some());
    for part in ["app.js", "style.css", "icon.svg", "images/missing.jpg", "healthz", "api/v1/cameras"] {
        assert_eq!(embedded.get(&format!("/cameras/{part}")).status, 200, "{part}");
        assert_eq!(embedded.get(&format!("/{part}")).status, 404, "{part}");
    }
    for nothing in [
        "/cameras//",
        "/cameras/nothing",
        "/cameras/app.jsx",
        "/cameras/media/",
        "/media/Camera1/2026-11-21/05-44-39/video.mp4",
    ] {
        assert_eq!(embedded.get(nothing).status, 404, "{nothing}");
    }
    let document = embedded.get("/cameras/api/v1/openapi.json").json();
    assert_eq!(document["servers"][0]["url"], "/cameras");
    embedded.stop();
    assert_eq!(world.serve(&[]).stop(), 0, "it has left the archive");
}

#[test]
fn every_url_in_a_response_works() {
    let world = World::sample("direct");
    let embedded = Embedded::start(&world);
    let is_there = |url: &str| {
        let answer = embedded.get(url);
        assert_eq!(answer.status, 200, "{url}");
        assert!(!answer.body.is_empty(), "{url}");
    };
    let all = embedded.get("/cameras/api/v1/events").json();
    let mut seen = 0;
    for event in all["events"].as_array().unwrap() {
        for url in ["video", "debug_video", "thumbnail"].iter().filter_map(|kind| event[kind].as_str()) {
            assert!(url.starts_with("/cameras/media/Camera"), "{url}");
            is_there(url);
            seen += 1;
        }
        let id = event["id"].as_str().unwrap();
        let one = embedded.get(&format!("/cameras/api/v1/events/{id}")).json();
        assert_eq!(one["video"], event["video"]);
        let image = one["images"][0]["url"].as_str().unwrap();
        assert!(image.starts_with("/cameras/media/Camera"), "{image}");
        is_there(image);
        for page in [format!("/cameras/motion/{id}"), format!("/cameras/motion/{id}/")] {
            let links = links(&page, &embedded.get(&page).text());
            assert_eq!(links.len(), one["images"].as_array().unwrap().len(), "{page}");
            is_there(&links[0]);
        }
    }
    assert!(seen >= 10, "{seen}");
    let cameras = embedded.get("/cameras/api/cameras/list").json();
    assert_eq!(cameras["cameras"][0][0], "Camera1");
    let strix = embedded.get("/cameras/api/events/Camera1?limit=0").json();
    let video = strix["events"]["Camera1"][0]["video"].as_str().unwrap();
    assert!(video.starts_with("motion/Camera1/"), "to the letter: {video}");
    is_there(&format!("/cameras/{video}"));
    embedded.stop();
}

#[test]
fn an_application_hears_the_news() {
    let world = World::new();
    let embedded = Embedded::start(&world);
    let id = event_id("Camera1", 2, "10-00-00");
    world.event(&*id).old().make();
    let heard = format!("new: {id}");
    while embedded.news.recv_timeout(PATIENCE).expect("a notification") != heard {}
    embedded.stop();
}

/// Each place gets its own URLs.
#[test]
fn a_router_can_be_mounted_in_several_places() {
    let world = World::sample("direct");
    let service = Archive::open(Options::new(&world.root)).unwrap().start().unwrap();
    assert!(service.wait_ready(PATIENCE));
    let owlery = owlery::http::router(&service);
    let app = Router::new()
        .nest("/a", owlery.clone())
        .nest("/of/{whom}", owlery.clone())
        .nest_service("/b", owlery.clone())
        .merge(owlery);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let get = |path: &str| {
        let request = Request::builder().uri(path).header("Host", "localhost").body(Body::empty()).unwrap();
        runtime.block_on(async {
            let answer = app.clone().oneshot(request).await.unwrap();
            assert_eq!(answer.status(), 200, "{path}");
            to_bytes(answer.into_body(), usize::MAX).await.unwrap()
        })
    };
    for _ in 0..2 {
        for prefix in ["/a", "", "/b", "/of/me", "/of/you", "/of/\"", "/of/%22"] {
            let page: Value = serde_json::from_slice(&get(&format!("{prefix}/api/v1/events?limit=1"))).unwrap();
            let thumbnail = page["events"][0]["thumbnail"].as_str().unwrap();
            assert!(thumbnail.starts_with(&format!("{}/media/", prefix.replace('"', "%22"))), "{prefix}: {thumbnail}");
            get(thumbnail);
            get(if prefix.is_empty() { "/" } else { prefix });
        }
    }
    assert!(!std::str::from_utf8(&get("/b/")).unwrap().contains("<base"), "it needs none where its path has a slash");
    service.shutdown().unwrap();
}
