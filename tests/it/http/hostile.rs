//! Paths that must be refused: outside of the archive, through links, to hidden files, to files that belong to no event.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use super::assert_problem;
use super::auth::{cookie, serve_with, users};
use super::gate::send;
use crate::world::{Daemon, World};

/// The content of files outside of the archive, and of hidden and foreign files in it. No response may contain it.
const SECRET: &str = "the owl sleeps at noon";

const EVENT: &str = "2025-03-01/10-04-36";

/// An archive with hostile names of all kinds.
fn trapped() -> World {
    let world = World::new();
    let outside = world.outside("outside");
    let secret = |path: std::path::PathBuf| {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, SECRET).unwrap();
    };
    for name in ["secret.txt", "video.mp4", "x.jpg", "10-04-36/x.jpg", "2025-03-01/10-04-36/x.jpg"] {
        secret(outside.join(name));
    }
    let event = world.event(format!("Camera1/{EVENT}")).saved().file("debug/video.mp4", "fine").old().make();
    for name in [".saved", ".details.json", ".hidden.jpg", "debug/.hidden.jpg", "sub/x.jpg", "debug/sub/x.jpg"] {
        secret(event.join(name));
    }
    world.event(format!("Camera10/{EVENT}")).file("only10.jpg", SECRET).old().make();
    world.event(format!("Garden/{EVENT}")).file("x.jpg", SECRET).old().make();
    for name in ["queue/Camera1_2025-03-01_10-04-36", "delete_queue/pass/Camera1/2025-03-01/10-04-36/x.jpg"] {
        secret(world.path(name));
    }
    for name in
        ["x.jpg", "2025-03-01/x.jpg", "2025-03-01/notes/x.jpg", "notes/10-04-36/x.jpg", "2025-3-1/10-04-36/x.jpg"]
    {
        secret(world.path("Camera1").join(name));
    }
    symlink(outside.join("secret.txt"), event.join("link.jpg")).unwrap();
    symlink("../../../../outside/secret.txt", event.join("relative.jpg")).unwrap();
    symlink(".saved", event.join("inside.jpg")).unwrap();
    symlink(&outside, event.join("linked")).unwrap();
    symlink(&outside, world.path("Camera1/2025-03-01/11-11-11")).unwrap();
    symlink(outside.join("2025-03-01"), world.path("Camera1/2025-03-02")).unwrap();
    symlink(&world.root, world.path("CameraRoot")).unwrap();
    symlink(world.path("Garden"), world.path("CameraGarden")).unwrap();
    let linked_debug = world.event("Camera1/2025-03-01/12-00-00").old().make();
    symlink(&outside, linked_debug.join("debug")).unwrap();
    assert!(Command::new("mkfifo").arg(event.join("pipe.jpg")).status().unwrap().success());
    world
}

/// Whether a response of any status contains the secret.
fn assert_refused(daemon: &Daemon, path: &str) {
    for headers in [&[][..], &[("Range", "bytes=0-3")]] {
        let response = daemon.request("GET", path, headers);
        assert!(matches!(response.status, 400 | 404), "{path}: {}", response.status);
        assert!(!response.text().contains("owl"), "{path}: {}", response.text());
        assert!(!response.text().contains("/tmp/"), "{path} reveals the path of the archive: {}", response.text());
    }
}

/// Below an event's directory.
const BELOW_EVENT: &[&str] = &[
    "..",
    "../",
    "../../../../outside/secret.txt",
    "..%2f..%2f..%2f..%2foutside%2fsecret.txt",
    "%2e%2e/%2e%2e/%2e%2e/%2e%2e/outside/secret.txt",
    "%2e%2e%2f.saved",
    "..;/..;/outside/secret.txt",
    "..\\..\\outside\\secret.txt",
    "..%5c..%5coutside%5csecret.txt",
    "%252e%252e%252fsecret.txt",
    "./.saved",
    ".saved",
    "%2esaved",
    ".details.json",
    ".hidden.jpg",
    "%2Ehidden.jpg",
    "debug/.hidden.jpg",
    "debug/../.saved",
    "debug/%2e%2e/.saved",
    "debug/",
    "debug",
    "debug//video.mp4",
    "/debug/video.mp4",
    "sub/x.jpg",
    "debug/sub/x.jpg",
    "debug/debug/video.mp4",
    "link.jpg",
    "relative.jpg",
    "inside.jpg",
    "linked/secret.txt",
    "linked%2fsecret.txt",
    "pipe.jpg",
    "secret.txt",
    ".saved%00.jpg",
    "10-04-36-00.jpg%00",
    "%00",
    "10-04-36-00.jpg/",
    "10-04-36-00.jpg/x",
    "10-04-36-00.jpg%0a",
    "%ff%fe.jpg",
    "%c0%ae%c0%ae/x",
    "%",
    "%zz",
    "10-04-36-00.JPG",
];

/// Below the root.
const BELOW_ROOT: &[&str] = &[
    "../outside/secret.txt",
    "%2e%2e/outside/secret.txt",
    "..",
    ".",
    "",
    "/",
    "//",
    "outside/secret.txt",
    "Camera1/../../outside/secret.txt",
    "Camera1/x.jpg",
    "Camera1/2025-03-01/x.jpg",
    "Camera1/2025-03-01/notes/x.jpg",
    "Camera1/notes/10-04-36/x.jpg",
    "Camera1/2025-3-1/10-04-36/x.jpg",
    "Camera1/2025-03-01/11-11-11/x.jpg",
    "Camera1/2025-03-01/11-11-11",
    "Camera1/2025-03-01/11-11-11/",
    "Camera1/2025-03-02/10-04-36/",
    "CameraRoot/2025-03-01/10-04-36/",
    "Camera1/2025-03-02/10-04-36/x.jpg",
    "Camera1/2025-03-01/12-00-00/debug/video.mp4",
    "Camera1/2025-03-01/10-04-37/10-04-36-00.jpg",
    "Camera1/2025-03-01/10-4-36/10-04-36-00.jpg",
    "Camera1/2025-03-01/10:04:36/10-04-36-00.jpg",
    "Camera1/2025-02-30/10-04-36/10-04-36-00.jpg",
    "Camera1/%2e%2e/Camera10/2025-03-01/10-04-36/only10.jpg",
    "Camera1/2025-03-01/10-04-36/only10.jpg",
    "Camera/2025-03-01/10-04-36/10-04-36-00.jpg",
    "camera1/2025-03-01/10-04-36/10-04-36-00.jpg",
    "Camera1%20/2025-03-01/10-04-36/10-04-36-00.jpg",
    "Camera1%2f2025-03-01%2f10-04-36%2f10-04-36-00.jpg",
    "Garden/2025-03-01/10-04-36/x.jpg",
    "CameraRoot/Camera1/2025-03-01/10-04-36/10-04-36-00.jpg",
    "CameraRoot/2025-03-01/10-04-36/x.jpg",
    "queue/Camera1_2025-03-01_10-04-36",
    "delete_queue/pass/Camera1/2025-03-01/10-04-36/x.jpg",
    "delete_queue/2025-03-01/10-04-36/x.jpg",
    ".owlery/catalog.db",
    ".owlery/archive.json",
    ".owlery/lock",
    "%2eowlery/catalog.db",
    "Camera1/.owlery/catalog.db",
    "Camera1/2025-03-01/10-04-36/../../../.owlery/catalog.db",
    "Camera1//2025-03-01/10-04-36/10-04-36-00.jpg",
    "/Camera1/2025-03-01/10-04-36/10-04-36-00.jpg",
    "media/Camera1/2025-03-01/10-04-36/10-04-36-00.jpg",
    "Camera1/2025-03-01/10-04-36/10-04-36-00.jpg//",
];

#[test]
fn hostile_paths_lead_nowhere() {
    let world = trapped();
    let daemon = world.serve(&["--camera-pattern", "Camera.*"]);
    let long = "x".repeat(300);
    let longer = "y/".repeat(8000);
    let absolute = world.outside("outside").join("secret.txt").display().to_string();
    let encoded = absolute.replace('/', "%2f");
    let event = format!("Camera1/{EVENT}");
    let more_below_event = [long.as_str(), &longer, &encoded];
    for prefix in ["/motion", "/media"] {
        let fine = daemon.get(&format!("{prefix}/{event}/10-04-36-00.jpg"));
        assert_eq!(fine.status, 200, "the archive itself is served");
        assert_eq!(daemon.get(&format!("{prefix}/{event}/debug/video.mp4")).text(), "fine");
        for path in BELOW_EVENT.iter().chain(&more_below_event) {
            assert_refused(&daemon, &format!("{prefix}/{event}/{path}"));
        }
        for path in BELOW_ROOT.iter().chain(&[absolute.as_str()]) {
            assert_refused(&daemon, &format!("{prefix}/{path}"));
        }
    }
    assert_eq!(daemon.get("/healthz").status, 200, "and it lives");
}

#[test]
fn hostile_targets_of_other_routes_lead_nowhere() {
    let world = trapped();
    let daemon = world.serve(&[]);
    let outside = world.outside("outside").join("secret.txt").display().to_string();
    for path in [
        outside.as_str(),
        "/../outside/secret.txt",
        "/%2e%2e/outside/secret.txt",
        "//outside/secret.txt",
        "/images/../../outside/secret.txt",
        "/images/%2e%2e/.owlery/archive.json",
        "/.owlery/archive.json",
        "/Camera1/2025-03-01/10-04-36/10-04-36-00.jpg",
        "/motion",
        "/media",
        "/app.js/../.saved",
        "/api/v1/events/Camera1/2025-03-01/..%2f..%2fx",
        "/api/v1/events/..%2f/2025-03-01/10-04-36",
        "http://127.0.0.1/../outside/secret.txt",
        "outside/secret.txt",
        "*",
    ] {
        assert_refused(&daemon, path);
    }
}

#[test]
fn a_prefix_of_a_camera_name_finds_nothing() {
    let world = trapped();
    let daemon = world.serve(&["--camera-pattern", "Camera1"]);
    for prefix in ["motion", "media"] {
        assert_eq!(daemon.get(&format!("/{prefix}/Camera1/{EVENT}/10-04-36-00.jpg")).status, 200);
        assert_refused(&daemon, &format!("/{prefix}/Camera10/{EVENT}/only10.jpg"));
        assert_refused(&daemon, &format!("/{prefix}/Camera10/{EVENT}/10-04-36-00.jpg"));
    }
    assert_problem(&daemon.get(&format!("/api/v1/events/Camera10/{EVENT}")), 404, None);
    let cameras = daemon.get("/api/cameras/list").json();
    assert_eq!(cameras, serde_json::json!({"cameras": [["Camera1", 0]]}));
    assert!(daemon.events().iter().all(|event| event["camera"] == "Camera1"));
}

/// Sends a request that must be refused without the secret in the response.
fn assert_kept_out(daemon: &Daemon, what: &str, (method, path): (&str, &str), headers: &[(&str, &str)]) {
    let response = daemon.request(method, path, headers);
    assert!(
        matches!(response.status, 400 | 401 | 403 | 404),
        "{what}: {method} {path} {headers:?}: {}",
        response.status
    );
    let text = response.text();
    for hidden in [SECRET, "Camera1", "Garden", "only10", "2025-03-01", "/tmp/"] {
        assert!(!text.contains(hidden), "{what}: {method} {path} {headers:?}: {text}");
    }
    assert_eq!(response.header("set-cookie"), None, "{what}: {method} {path} {headers:?}");
}

/// Files of Camera10, which lies beside Camera1.
const OTHER_CAMERA: &[&str] = &[
    "Camera10/2025-03-01/10-04-36/only10.jpg",
    "Camera10/2025-03-01/10-04-36/10-04-36-00.jpg",
    "Camera10/2025-03-01/10-04-36/video.mp4",
    "Camera10/2025-03-01/10-04-36/debug/video.mp4",
    "Camera10/2025-03-01/10-04-36/",
    "Camera10/2025-03-01/10-04-36",
    "Camera10/2025-03-01/",
    "Camera10/",
    "Camera%310/2025-03-01/10-04-36/only10.jpg",
    "%43amera10/2025-03-01/10-04-36/only10.jpg",
    "Camera1%30/2025-03-01/10-04-36/",
    "Camera1/../Camera10/2025-03-01/10-04-36/only10.jpg",
    "Camera1/%2e%2e/Camera10/2025-03-01/10-04-36/only10.jpg",
    "Camera1/..%2fCamera10/2025-03-01/10-04-36/only10.jpg",
    "Camera1%2f..%2fCamera10/2025-03-01/10-04-36/only10.jpg",
    "Camera1/2025-03-01/10-04-36/../../../Camera10/2025-03-01/10-04-36/only10.jpg",
    "Camera1//Camera10/2025-03-01/10-04-36/only10.jpg",
    "./Camera10/2025-03-01/10-04-36/only10.jpg",
    "Camera1;/Camera10/2025-03-01/10-04-36/only10.jpg",
    "Camera10%00/2025-03-01/10-04-36/only10.jpg",
    "Camera1%000/2025-03-01/10-04-36/only10.jpg",
    "camera10/2025-03-01/10-04-36/only10.jpg",
    "Camera1,Camera10/2025-03-01/10-04-36/only10.jpg",
    "Garden/2025-03-01/10-04-36/x.jpg",
];

#[test]
fn limited_users_get_no_other_camera_by_any_path() {
    let world = trapped();
    let daemon = serve_with(&world, &users());
    let bert = cookie(&daemon, "bert");
    let own = daemon.request("GET", &format!("/media/Camera1/{EVENT}/10-04-36-00.jpg"), &[("Cookie", &bert)]);
    assert_eq!(own.status, 200, "the visible camera is served");
    for prefix in ["/media", "/motion"] {
        for path in OTHER_CAMERA {
            let path = format!("{prefix}/{path}");
            for more in [("Range", "bytes=0-3"), ("X-Original-URL", "/x"), ("X-Forwarded-User", "anna")] {
                assert_kept_out(&daemon, "another camera", ("GET", &path), &[("Cookie", &bert), more]);
            }
            assert_kept_out(&daemon, "another camera", ("HEAD", &path), &[("Cookie", &bert)]);
            assert_kept_out(&daemon, "anonymous", ("GET", &path), &[]);
        }
    }
    let list = daemon.request("GET", "/api/events/Camera10,Garden?limit=0", &[("Cookie", &bert)]);
    assert_eq!(list.json()["events"], serde_json::json!({"Camera10": [], "Garden": []}));
}

/// Requests that try to bypass authentication.
const PAST_THE_GATE: &[&str] = &[
    "/healthz/../api/v1/events",
    "/healthz/%2e%2e/api/v1/events",
    "/login/../api/v1/events",
    "/login/api/v1/events",
    "/login;/api/v1/events",
    "/login%2f..%2fapi/v1/events",
    "/login.css/../app.js",
    "/logout/../media/Camera1/2025-03-01/10-04-36/10-04-36-00.jpg",
    "/icon.svg/../api/v1/events",
    "//healthz",
    "//login",
    "/HEALTHZ",
    "/Login",
    "/login%00",
    "/login%20",
    "/readyz/",
    "/healthz%2f",
    "/./login",
    "/api/v1/events?next=/login",
    "/api/v1/events#/login",
    "/api/v1/events/login",
    "/media/login",
    "/media/../login",
];

#[test]
fn forged_credentials_are_refused() {
    let world = trapped();
    let proxy = "[proxy]\nfrom = [\"192.0.2.1\"]\nuser-header = \"X-Forwarded-User\"\n";
    let daemon = serve_with(&world, &format!("{}{proxy}", users()));
    let anna = cookie(&daemon, "anna");
    let secret = anna.split_once('=').unwrap().1;
    for path in PAST_THE_GATE {
        assert_kept_out(&daemon, "a path", ("GET", path), &[]);
    }
    let kept = fs::read_to_string(world.path(".owlery/sessions.json")).unwrap();
    let digest = kept.split('"').find(|text| text.len() == 64).unwrap().to_owned();
    let junk = "owlery_session=x; ".repeat(4);
    let events = ("GET", "/api/v1/events");
    for cookie in [
        "owlery_session",
        "owlery_session=",
        "owlery_session=x",
        &format!("owlery_session={digest}"),
        &format!("owlery_session=\"{secret}\""),
        &format!("owlery_session={}", secret.to_uppercase()),
        &format!("owlery_session={secret}0"),
        &format!("owlery_session={}", &secret[1..]),
        &format!("owlery_session=={secret}"),
        &format!("Owlery_Session={secret}"),
        &format!("xowlery_session={secret}"),
        &format!("owlery_session[]={secret}"),
        &format!("x=owlery_session={secret}"),
        &format!("owlery_session={secret},x=y"),
        &format!("{junk}owlery_session={secret}"),
        &format!("owlery_session=%{:02x}{}", secret.as_bytes()[0], &secret[1..]),
        &"owlery_session=x; ".repeat(300),
        &"x".repeat(8000),
    ] {
        assert_kept_out(&daemon, "a cookie", events, &[("Cookie", cookie)]);
    }
    for header in [
        ("Authorization", "Bearer null"),
        ("Authorization", &format!("Cookie {anna}")),
        ("Authorization", &format!("Bearer {secret}")),
        ("Authorization", &format!("Bearer {digest}")),
        ("Authorization", "Basic YW5uYTpjb3JyZWN0IGhvcnNlICYgYmF0dGVyeSA9IHN0YXBsZQ=="),
        ("Proxy-Authorization", "Basic YW5uYTpjb3JyZWN0IGhvcnNlICYgYmF0dGVyeSA9IHN0YXBsZQ=="),
        ("Set-Cookie", &anna),
        ("X-Owlery-Session", secret),
        ("X-Forwarded-User", "anna"),
        ("X-Forwarded-For", "192.0.2.1"),
        ("Forwarded", "for=192.0.2.1"),
        ("X-Real-IP", "192.0.2.1"),
        ("Remote-User", "anna"),
        ("X-Remote-User", "anna"),
        ("X-Original-URL", "/healthz"),
        ("X-Rewrite-URL", "/login"),
        ("X-HTTP-Method-Override", "OPTIONS"),
        ("X-Original-Method", "OPTIONS"),
        ("Upgrade", "h2c"),
    ] {
        assert_kept_out(&daemon, "a header", events, &[header, ("X-Forwarded-User", "anna")]);
    }
    assert_kept_out(&daemon, "a query", ("GET", &format!("/api/v1/events?owlery_session={secret}")), &[]);
    assert_eq!(daemon.request("GET", "/api/v1/events", &[("Cookie", &anna)]).status, 200, "and Anna is let in");
}

#[test]
fn dns_rebinding_reads_nothing() {
    let world = trapped();
    let daemon = world.serve(&[]);
    let paths = [
        "/",
        "/api/v1/events",
        "/api/cameras/list",
        "/api/events/Camera1",
        &format!("/media/Camera1/{EVENT}/video.mp4"),
    ];
    for host in [
        "evil.example",
        "evil.example:80",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evillocalhost",
        "localhost.",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "127.0.0.1.",
        "[::ffff:127.0.0.1.evil.example]",
        "127.0.0.1@evil.example",
        "evil.example#127.0.0.1",
        "127.0.0.1,evil.example",
        "127.0.0.1 evil.example",
        "",
    ] {
        for path in paths {
            let response = send(&daemon, &format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
            assert!(matches!(response.status, 400 | 403), "{host} {path}: {}", response.status);
            assert!(!response.text().contains("Camera1"), "{host} {path}: {}", response.text());
        }
    }
}

/// `a:b.jpg` once became `href="a:b.jpg"`, a URL of the scheme `a`. Every URL in HTML and JSON leads to its file, for all names
/// of files and cameras.
#[test]
fn urls_of_odd_names_lead_to_their_files() {
    let world = World::new();
    let camera = "Camera a:b 50%25?#\"&'<b>";
    let names = [
        "a:b.jpg",
        "javascript:alert(1).jpg",
        "50%.jpg",
        "100%41.jpg",
        "what?.jpg",
        "no#1.jpg",
        "say \"hi\".jpg",
        "a&lt;b.jpg",
        "a'b.jpg",
        "<b>.jpg",
        "back\\slash.jpg",
        "two words.jpg",
        "\u{fc}.jpg",
        "[1].jpg",
        "a;b=c,d.jpg",
        "data:,x.jpg",
    ];
    let mut event = world.event(format!("{camera}/{EVENT}")).frames(1);
    for name in names {
        event = event.file(name, name);
    }
    event.old().make();
    let daemon = world.serve(&[]);
    let events = daemon.events();
    assert_eq!(events[0]["camera"], camera);
    let encoded = events[0]["thumbnail"].as_str().unwrap().strip_prefix("/media/").unwrap().split('/').next().unwrap();
    assert!(encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"%-._~".contains(&byte)), "{encoded}");
    let one = daemon.get(&format!("/api/v1/events/{encoded}/{EVENT}")).json();
    let urls: Vec<&str> =
        one["images"].as_array().unwrap().iter().map(|image| image["url"].as_str().unwrap()).collect();
    assert_eq!(urls.len(), names.len() + 1);
    let leads = |url: &str| assert_eq!(daemon.get(url).status, 200, "{url}");
    urls.into_iter().for_each(leads);
    let strix = daemon.get(&format!("/api/events/{encoded}?limit=0")).json();
    leads(&format!("/{}", strix["events"][camera][0]["thumbnail"].as_str().unwrap()));
    let directory = format!("/motion/{encoded}/{EVENT}");
    for (page, base) in
        [(directory.clone(), directory.strip_suffix("10-04-36").unwrap()), (format!("{directory}/"), "")]
    {
        let html = daemon.get(&page).text();
        let links: Vec<&str> = html.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert_eq!(links.len(), names.len() + 1, "{html}");
        for link in links {
            assert!(!link.contains([':', '<', '>', '\\', ' ', '&']), "{link}");
            leads(&if base.is_empty() { format!("{page}{link}") } else { format!("{base}{link}") });
        }
    }
}
