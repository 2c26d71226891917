//! The live pictures of a real Motion: one camera on the port of all, one on its own, both with a login by digest.

use std::net::TcpListener;

use serde_json::json;

use super::Live;
use crate::browser::Browser;
use crate::http::live_pictures::Watcher;
use crate::world::{wait_for, wait_until};

/// Pictures of both cameras, also after Motion was restarted while a client watches; then Motion is gone.
#[test]
fn live_pictures_of_motion_are_passed_on() {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let [of_all, of_two] = listeners.map(|listener| listener.local_addr().unwrap().port().to_string());
    let variables = [("STREAM_PORT", &*of_all), ("STREAM_PORT_2", &of_two), ("STREAM_LOGIN", "anna:ge heim")];
    let mut live = Live::start_with("direct", &variables);
    let motion_conf = live.folder().join("conf/motion.conf");
    let daemon = live.world.serve(&["--motion-conf", motion_conf.to_str().unwrap()]);
    let is_jpeg =
        |bytes: &[u8]| bytes.starts_with(b"\xff\xd8\xff") && bytes.ends_with(b"\xff\xd9") && bytes.len() > 1000;
    for camera in ["Camera1", "Camera2"] {
        let still = wait_for("a picture of Motion", || {
            live.assert_runs();
            Some(daemon.get(&format!("/live/{camera}/still.jpg"))).filter(|response| response.status == 200)
        });
        assert!(is_jpeg(&still.body), "{camera}: {} bytes", still.body.len());
    }
    let mut watcher = Watcher::open(&daemon, "/live/Camera1", "");
    let mut other = Watcher::open(&daemon, "/live/Camera2", "");
    for _ in 0..5 {
        assert!(is_jpeg(&watcher.picture().unwrap()) && is_jpeg(&other.picture().unwrap()));
    }
    let browser = Browser::open(&live.world, &daemon);
    browser.wait_for(
        "a browser shows the live picture",
        "let picture = document.querySelector('#live');
         if (!picture) { picture = new Image(); picture.id = 'live'; picture.src = '/live/Camera1'; document.body.append(picture); }
         return picture.naturalWidth",
        &json!(320),
    );
    let cameras = daemon.get("/api/v1/cameras").json();
    for camera in cameras["cameras"].as_array().unwrap() {
        assert_eq!(camera["live"], true, "{camera}");
    }

    live.end_motion();
    wait_until("Motion's end is noticed", || daemon.get("/live/Camera2/still.jpg").status == 503);
    assert!(!daemon.log().contains("heim"), "{}", daemon.log());
    live.motion = Live::motion(&live.world, "direct", &variables);
    wait_until("pictures of the new Motion", || daemon.get("/live/Camera2/still.jpg").status == 200);
    live.end_motion();
    while watcher.picture().is_some() {}
    assert!(watcher.is_complete, "it ends in order");
    assert_eq!(daemon.stop(), 0);
}
