//! Behind nginx, with the configuration of `doc/http.md`.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use serde_json::json;

use super::auth::{JSON, PASSWORD, send_to, serve_with, users};
use crate::embed::Embedded;
use crate::world::{Daemon, World, wait_for};

/// The examples of the documentation: forwarding requests, and authenticating users.
fn examples() -> (String, String) {
    let doc = include_str!("../../../doc/http.md");
    let mut blocks = doc.split("```nginx\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
    (blocks.next().unwrap(), blocks.next().unwrap())
}

/// A running nginx, stopped by its process id when dropped.
struct Nginx {
    child: Child,
    address: String,
}

impl Nginx {
    /// Starts one with this `location`.
    fn start(world: &World, location: &str) -> Self {
        // A port that is free now may be taken before nginx has it.
        (0..5).find_map(|_| Self::try_start(world, location)).expect("nginx listens")
    }

    fn try_start(world: &World, location: &str) -> Option<Self> {
        let folder = world.outside("nginx");
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let temp = |kind: &str| format!("{kind}_temp_path {}/{kind};\n", folder.display());
        let temps: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(temp).concat();
        let config = format!(
            "pid {0}/pid;\nerror_log {0}/error.log;\nevents {{}}\nhttp {{\naccess_log off;\n{temps}\
             server {{\nlisten {address};\n{location}}}\n}}\n",
            folder.display()
        );
        fs::write(folder.join("nginx.conf"), config).unwrap();
        let mut command = Command::new("nginx");
        command.arg("-p").arg(&folder).arg("-c").arg(folder.join("nginx.conf"));
        command.args(["-g", "daemon off; master_process off;", "-e"]).arg(folder.join("error.log"));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("nginx");
        let mut nginx = Self { child, address };
        let listens = wait_for("nginx listens, or ends", || {
            let ended = nginx.child.try_wait().unwrap().is_some();
            if ended { Some(false) } else { TcpStream::connect(&nginx.address).ok().map(|_| true) }
        });
        listens.then_some(nginx)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn in_front_of(daemon: &Daemon, location: &str) -> String {
    assert!(location.contains("http://127.0.0.1:8000"), "{location}");
    location.replace("127.0.0.1:8000", &daemon.address)
}

/// The example of the documentation for a location that nginx removes from the path.
fn at_a_path(address: &str) -> String {
    examples()
        .0
        .replace("location / ", "location /owlery/ ")
        .replace("X-Forwarded-Prefix \"\"", "X-Forwarded-Prefix /owlery")
        .replace("127.0.0.1:8000", &format!("{address}/"))
}

/// URLs in JSON and the `<base>` of the page once led outside of the path at which nginx serves Owlery.
#[test]
fn urls_below_a_proxied_path_lead_back() {
    let world = World::sample("direct");
    let (daemon, embedded_world) = (world.serve(&[]), World::sample("direct"));
    let embedded = Embedded::start(&embedded_world);
    for (behind, path) in [(daemon.address.clone(), "/owlery"), (embedded.address.to_string(), "/owlery/cameras")] {
        let nginx = Nginx::start(&world, &at_a_path(&behind));
        let get = |url: &str| send_to(&nginx.address, "GET", url, &[], "");
        let is_there = |url: &str| assert_eq!(get(url).status, 200, "{url}");
        let page = get(&format!("{path}/api/v1/events")).json();
        for event in page["events"].as_array().unwrap() {
            for url in ["video", "debug_video", "thumbnail"].iter().filter_map(|kind| event[kind].as_str()) {
                assert!(url.starts_with(&format!("{path}/media/")), "{url}");
                is_there(url);
            }
            let one = get(&format!("{path}/api/v1/events/{}", event["id"].as_str().unwrap())).json();
            is_there(one["images"][0]["url"].as_str().unwrap());
        }
        let document = get(&format!("{path}/api/v1/openapi.json")).json();
        assert_eq!(document["servers"][0]["url"], path);
        let strix = get(&format!("{path}/api/events/Camera1?limit=0")).json();
        is_there(&format!("{path}/{}", strix["events"]["Camera1"][0]["video"].as_str().unwrap()));
        let shown = get(if path == "/owlery" { "/owlery/" } else { path });
        assert!(shown.text().contains(&format!("<base href=\"{path}/\">")), "{}", shown.text());
    }
    embedded.stop();
}

const PROXY: &str = "[proxy]\nfrom = [\"127.0.0.1/32\"]\n";

#[test]
fn signing_in_works_behind_nginx() {
    let world = World::sample("direct");
    let daemon = serve_with(&world, &format!("{}{PROXY}", users()));
    let location = in_front_of(&daemon, &examples().0);
    let below =
        location.replace("location / ", "location /owlery/ ").replace(&daemon.address, &format!("{}/", daemon.address));
    for (location, path) in [(location, ""), (below, "/owlery")] {
        let nginx = Nginx::start(&world, &location);
        let page = send_to(&nginx.address, "GET", &format!("{path}/"), &[], "");
        assert_eq!((page.status, page.header("location")), (303, Some("login")), "{}", page.text());
        let body = json!({"name": "anna", "password": PASSWORD}).to_string();
        let ours = format!("http://{}", nginx.address);
        let log_in = |headers: &[(&str, &str)]| {
            send_to(&nginx.address, "POST", &format!("{path}/login"), &[&[JSON], headers].concat(), &body)
        };
        assert_eq!(log_in(&[("Origin", &format!("http://{}", daemon.address))]).status, 403, "another page's");
        let done = log_in(&[("Origin", &ours), ("Sec-Fetch-Site", "same-origin")]);
        assert_eq!(done.status, 204, "{}", done.text());
        let cookie = done.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        let get = |file: &str, headers: &[(&str, &str)]| {
            send_to(&nginx.address, "GET", &format!("{path}{file}"), headers, "")
        };
        assert_eq!(get("/api/v1/me", &[("Cookie", &cookie)]).json()["name"], "anna");
        let movie = "/media/Camera1/2026-11-21/05-44-39/video.mp4";
        assert_eq!(get(movie, &[("Cookie", &cookie), ("Range", "bytes=0-3")]).status, 206);
        assert_eq!(get(movie, &[("X-Forwarded-User", "anna"), ("X-Forwarded-Proto", "https")]).status, 401);
    }
}

#[test]
fn nginx_authenticates_users() {
    let world = World::new();
    let text = format!("{}{PROXY}user-header = \"X-Forwarded-User\"\n[users.carl]\n", users());
    let daemon = serve_with(&world, &text);
    let (location, signs_in) = examples();
    let passwords = world.outside("etc").join("htpasswd");
    fs::write(&passwords, "carl:{PLAIN}of nginx\ndora:{PLAIN}of nginx\n").unwrap();
    let signs_in = signs_in.replace("/etc/nginx/owlery.htpasswd", passwords.to_str().unwrap());
    let location = in_front_of(&daemon, &location.replace("location / {\n", &format!("location / {{\n{signs_in}")));
    let nginx = Nginx::start(&world, &location);
    let me = |headers: &[(&str, &str)]| send_to(&nginx.address, "GET", "/api/v1/me", headers, "");
    let carl = ("Authorization", "Basic Y2FybDpvZiBuZ2lueA==");
    let dora = ("Authorization", "Basic ZG9yYTpvZiBuZ2lueA==");
    let anna = ("Authorization", "Basic YW5uYTo=");
    assert_eq!(me(&[carl]).json()["name"], "carl");
    assert_eq!(me(&[carl, ("X-Forwarded-User", "anna")]).json()["name"], "carl", "nginx puts its own in place");
    assert_eq!(me(&[dora]).status, 403, "unknown user");
    for forged in [&[][..], &[anna], &[("X-Forwarded-User", "anna")]] {
        assert_eq!(me(forged).status, 401, "{forged:?}");
    }
}
