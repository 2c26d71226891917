//! Signing in and out, tokens, a trusted proxy, and what limited users see.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::assert_problem;
use crate::world::{Daemon, PATIENCE, Response, World, wait_until};

pub const PASSWORD: &str = "correct horse & battery = staple";
pub const TOKEN: &str = "owl_5f0c1d7b2a";
/// `printf %s owl_5f0c1d7b2a | sha256sum`
pub static TOKEN_SHA256: LazyLock<String> = LazyLock::new(|| {
    let mut sum = Command::new("sha256sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    sum.stdin.take().unwrap().write_all(TOKEN.as_bytes()).unwrap();
    String::from_utf8(sum.wait_with_output().unwrap().stdout).unwrap()[..64].to_owned()
});

/// The password's hash, made with as little work as is allowed: tests sign in often.
pub const HASH: &str = "$argon2id$v=19$m=64,t=1,p=1$b3dscyBieSBkYXlsaWdodA$VRKIi/tHEwKsF6ERLz6x7s6WzzRnloh+oOSsB0mPeb4";

/// A configuration file with this text.
pub fn config(world: &World, text: &str) -> PathBuf {
    let path = world.outside("etc").join("owlery.toml");
    fs::write(&path, text).unwrap();
    path
}

/// Anna is an admin; Bert and the token can see Camera1.
pub fn users() -> String {
    format!(
        "[users]\nanna = {{ password = \"{hash}\", role = \"admin\" }}\n\
         bert = {{ password = \"{hash}\", cameras = [\"Camera1\"] }}\n\
         [tokens]\nhome = {{ sha256 = \"{token}\", cameras = [\"Camera1\"] }}\n",
        hash = HASH,
        token = *TOKEN_SHA256,
    )
}

/// A daemon with these tables in its configuration.
pub fn serve_with(world: &World, text: &str) -> Daemon {
    let config = config(world, text);
    world.serve(&["--config", config.to_str().unwrap()])
}

/// A request with a body.
fn send(daemon: &Daemon, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
    send_to(&daemon.address, method, path, headers, body)
}

/// The same to another address.
pub fn send_to(address: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    stream.write_all(head.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    Response::parse(&bytes)
}

pub const JSON: (&str, &str) = ("Content-Type", "application/json");
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

pub fn log_in(daemon: &Daemon, name: &str, password: &str) -> Response {
    send(daemon, "POST", "/login", &[JSON], &json!({"name": name, "password": password}).to_string())
}

/// Signs in; returns the cookie.
pub fn cookie(daemon: &Daemon, name: &str) -> String {
    let response = log_in(daemon, name, PASSWORD);
    assert_eq!(response.status, 204, "{}", response.text());
    response.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
}

pub fn get(daemon: &Daemon, path: &str, cookie: &str) -> Response {
    daemon.request("GET", path, &[("Cookie", cookie)])
}

/// The response to a form with these fields.
fn form(daemon: &Daemon, fields: &[(&str, &str)]) -> Response {
    let encode = |text: &str| text.bytes().fold(String::new(), |all, byte| all + &format!("%{byte:02x}"));
    let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    send(daemon, "POST", "/login", &[FORM], &body.join("&"))
}

#[test]
fn unauthenticated_requests_get_no_data() {
    let world = World::sample("direct");
    let daemon = serve_with(&world, &users());
    for path in [
        "/app.js",
        "/texts/en.ftl",
        "/style.css",
        "/api/v1/me",
        "/api/v1/cameras",
        "/api/v1/events",
        "/api/v1/events/Camera1/2026-11-21/05-44-39",
        "/api/v1/openapi.json",
        "/api/cameras/list",
        "/api/events/Camera1",
        "/media/Camera1/2026-11-21/05-44-39/video.mp4",
        "/motion/Camera1/2026-11-21/05-44-39/video.mp4",
        "/motion/Camera1/2026-11-21/05-44-39/",
        "/metrics",
        "/nothing",
        "/login/",
        "/login.css/x",
        "//",
    ] {
        let refused = daemon.get(path);
        assert_problem(&refused, 401, None);
        assert_eq!(refused.header("www-authenticate"), Some("Bearer realm=\"owlery\""), "{path}");
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            assert_problem(&daemon.request(method, path, &[("Content-Length", "0")]), 401, None);
        }
    }
    for (path, to) in [("/", "login"), ("/?camera=Camera%201&x", "login?next=%2F%3Fcamera%3DCamera%25201%26x")] {
        let page = daemon.get(path);
        assert_eq!((page.status, page.header("location"), page.text()), (303, Some(to), String::new()), "{path}");
    }
    assert_eq!(daemon.get("/healthz").text(), "ok\n");
    assert_eq!(daemon.get("/readyz").json(), json!({"ready": true, "waiting": {}}), "no counts");
    for (path, kind) in [
        ("/login", "text/html; charset=utf-8"),
        ("/login.css", "text/css; charset=utf-8"),
        ("/icon.svg", "image/svg+xml"),
    ] {
        let open = daemon.get(path);
        assert_eq!((open.status, open.header("content-type")), (200, Some(kind)), "{path}");
    }
    let page = daemon.get("/login");
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert!(!page.text().contains("<script") && !page.text().contains("style="), "nothing that the policy forbids");
}

#[test]
fn a_password_begins_a_session() {
    let world = World::sample("direct");
    let daemon = serve_with(&world, &users());
    let response = log_in(&daemon, "anna", PASSWORD);
    assert_eq!((response.status, response.text()), (204, String::new()));
    let set = response.header("set-cookie").unwrap();
    let (cookie, attributes) = set.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict");
    let secret = cookie.strip_prefix("owlery_session=").unwrap();
    assert!(secret.len() == 64 && secret.bytes().all(|byte| byte.is_ascii_hexdigit()), "{cookie}");
    assert_ne!(log_in(&daemon, "anna", PASSWORD).header("set-cookie"), Some(set), "each session has its own");
    let bert = self::cookie(&daemon, "bert");
    let body = json!({"name": "anna", "password": PASSWORD}).to_string();
    assert_eq!(send(&daemon, "POST", "/login", &[JSON, ("Cookie", &bert)], &body).status, 204);
    assert_eq!(get(&daemon, "/api/v1/me", &bert).status, 401, "a browser has one session");

    let me = get(&daemon, "/api/v1/me", cookie);
    let anna = json!({"name": "anna", "role": "admin", "cameras": null, "signed_in": true, "session": true});
    assert_eq!((me.status, me.json()), (200, anna));
    assert_eq!(get(&daemon, "/", cookie).status, 200);
    assert_eq!(get(&daemon, "/login", cookie).header("location"), Some("./"), "signed in already");
    assert_eq!(get(&daemon, "/api/v1/events", cookie).json()["events"].as_array().unwrap().len(), 5);
    let others = format!("theme=dark; {cookie};owlery=x");
    assert_eq!(get(&daemon, "/api/v1/me", &others).status, 200, "among other cookies");
    assert_eq!(get(&daemon, "/api/v1/me?x=1", cookie).status, 400);
    assert_eq!(get(&daemon, "/readyz", cookie).json()["events"], 5, "the user sees all cameras");

    let out = daemon.request("POST", "/logout", &[("Cookie", cookie), ("Content-Length", "0")]);
    let gone = "owlery_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict";
    assert_eq!((out.status, out.header("set-cookie")), (204, Some(gone)));
    assert_problem(&get(&daemon, "/api/v1/me", cookie), 401, None);
    let again = daemon.request("POST", "/logout", &[("Content-Length", "0"), FORM]);
    assert_eq!((again.status, again.header("location")), (303, Some("login")), "to the page again, for a form");
}

#[test]
fn the_login_form_works_without_scripts() {
    let world = World::new();
    let daemon = serve_with(&world, &users());
    let wrong = form(&daemon, &[("name", "anna"), ("password", "wrong"), ("next", "/?camera=a&saved=1")]);
    assert_eq!((wrong.status, wrong.header("content-type")), (401, Some("text/html; charset=utf-8")));
    assert!(wrong.text().contains("Wrong name or password"), "{}", wrong.text());
    assert!(wrong.text().contains("name=\"next\" value=\"/?camera=a&amp;saved=1\""), "{}", wrong.text());
    assert_eq!(wrong.header("set-cookie"), None);
    let signed_in = |next: &str| {
        let done = form(&daemon, &[("name", "anna"), ("password", PASSWORD), ("next", next)]);
        assert_eq!(done.status, 303, "{next}: {}", done.text());
        assert!(done.header("set-cookie").is_some());
        done.header("location").unwrap().to_owned()
    };
    assert_eq!(signed_in("/?camera=a&saved=1"), "./?camera=a&saved=1");
    for hostile in [
        "",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "evil",
        "/\t/evil.example",
        "/\r\nSet-Cookie: x=y",
        "/../../x",
        "/\"><script>",
    ] {
        assert_eq!(signed_in(hostile), "./", "{hostile:?}");
        let page =
            daemon.get(&format!("/login?next={}", hostile.replace(['\t', '\r', '\n', ' ', '"', '<', '>'], "%09")));
        assert!(
            page.status == 200 && page.text().contains("name=\"next\" value=\"/\""),
            "{hostile:?}: {}",
            page.text()
        );
    }
    assert_problem(&daemon.get("/login?failed=1"), 400, Some("failed"));
}

#[test]
fn what_is_no_name_and_password_is_refused() {
    let world = World::new();
    let daemon = serve_with(&world, &users());
    let good = json!({"name": "anna", "password": PASSWORD}).to_string();
    let long = json!({"name": "anna", "password": "x".repeat(65_536)}).to_string();
    for (kind, body, status) in [
        (JSON, "", 400),
        (JSON, "{}", 400),
        (JSON, "[]", 400),
        (JSON, "null", 400),
        (JSON, r#"{"name": "anna"}"#, 400),
        (JSON, r#"{"name": "anna", "password": ["x"]}"#, 400),
        (JSON, r#"{"name": "anna", "password": "x", "role": "admin"}"#, 400),
        (JSON, r#"{"name": "anna", "password": "x", "password": "y"}"#, 400),
        (FORM, "", 400),
        (FORM, "name=anna", 400),
        (FORM, "name=anna&name=bert&password=x", 400),
        (JSON, &long, 413),
        (("Content-Type", "text/plain"), &good, 415),
        (("Content-Type", "multipart/form-data; boundary=x"), &good, 415),
        (("X-Nothing", "x"), &good, 415),
        (JSON, r#"{"name": "", "password": ""}"#, 401),
        (JSON, r#"{"name": "anna", "password": ""}"#, 401),
        (JSON, r#"{"name": "unknown", "password": "x"}"#, 401),
        (JSON, r#"{"name": "home", "password": "owl_5f0c1d7b2a"}"#, 401),
        (JSON, r#"{"name": "anna\u0000", "password": "x"}"#, 401),
    ] {
        let refused = send(&daemon, "POST", "/login", &[kind], body);
        assert_problem(&refused, status, None);
        assert_eq!(refused.header("set-cookie"), None, "{body}");
        assert!(!refused.text().contains("horse"), "the password is quoted: {}", refused.text());
    }
    assert_eq!(
        send(&daemon, "POST", "/login", &[("Content-Type", "application/json; charset=utf-8")], &good).status,
        204
    );
}

#[test]
fn failed_sign_ins_are_limited() {
    let world = World::new();
    let daemon = serve_with(&world, &users());
    for _ in 0..10 {
        assert_problem(&log_in(&daemon, "anna", "wrong"), 401, None);
    }
    for password in ["wrong", PASSWORD] {
        let refused = log_in(&daemon, "anna", password);
        assert_problem(&refused, 429, None);
        let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=300).contains(&wait), "{wait}");
    }
    let page = form(&daemon, &[("name", "anna"), ("password", PASSWORD)]);
    assert!(page.status == 429 && page.text().contains("Too many failed attempts"), "{}", page.text());
    cookie(&daemon, "bert");
    // Many names from one address: thirty attempts in all.
    let refused = (0..30).filter(|n| log_in(&daemon, &format!("user{n}"), "wrong").status == 429).count();
    assert_eq!(refused, 10, "ten were Anna's, and Bert's does not count");
    assert_eq!(log_in(&daemon, "bert", PASSWORD).status, 429);
    daemon.wait_for_log("failed sign-in of anna from 127.0.0.1");
}

#[test]
fn concurrent_sign_ins_are_counted() {
    let world = World::new();
    let daemon = serve_with(&world, &users());
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let attempts: Vec<_> = (0..20).map(|_| scope.spawn(|| log_in(&daemon, "anna", "wrong").status)).collect();
        attempts.into_iter().map(|attempt| attempt.join().unwrap()).collect()
    });
    let count = |status| statuses.iter().filter(|&&other| other == status).count();
    assert_eq!((count(401), count(429)), (10, 10), "{statuses:?}");
}

#[test]
fn sessions_end_when_the_users_line_changes() {
    let world = World::new();
    let daemon = serve_with(&world, &users());
    let (anna, bert) = (cookie(&daemon, "anna"), cookie(&daemon, "bert"));
    let ended = cookie(&daemon, "anna");
    assert_eq!(daemon.request("POST", "/logout", &[("Cookie", &ended), ("Content-Length", "0")]).status, 204);
    let file = world.path(".owlery/sessions.json");
    let mode = std::os::unix::fs::MetadataExt::mode(&file.metadata().unwrap());
    assert_eq!(mode & 0o7777, 0o600, "the file is private");
    let secret = anna.split_once('=').unwrap().1;
    assert!(!fs::read_to_string(&file).unwrap().contains(secret), "and there is no secret in it");
    assert_eq!(daemon.stop(), 0);

    let daemon = serve_with(&world, &users());
    assert_eq!(get(&daemon, "/api/v1/me", &anna).json()["name"], "anna");
    assert_eq!(get(&daemon, "/api/v1/me", &bert).json()["name"], "bert");
    assert_eq!(get(&daemon, "/api/v1/me", &ended).status, 401);
    assert_eq!(daemon.stop(), 0);

    // Bert can see another camera now.
    let daemon = serve_with(&world, &users().replacen("[\"Camera1\"]", "[\"Camera2\"]", 1));
    assert_eq!(get(&daemon, "/api/v1/me", &anna).status, 200);
    assert_eq!(get(&daemon, "/api/v1/me", &bert).status, 401);
    assert_eq!(daemon.stop(), 0);

    let daemon = serve_with(&world, &users().replace("anna =", "anne ="));
    assert_eq!(get(&daemon, "/api/v1/me", &anna).status, 401, "there is no such user any more");
    assert_eq!(daemon.stop(), 0);

    fs::write(&file, "not what we wrote").unwrap();
    let daemon = serve_with(&world, &users());
    daemon.wait_for_log("sessions.json");
    assert_eq!(get(&daemon, "/api/v1/me", &anna).status, 401);
    cookie(&daemon, "anna");
}

#[test]
fn invalid_tokens_are_counted() {
    let world = World::sample("direct");
    let daemon = serve_with(&world, &users());
    let show = |value: &str| daemon.request("GET", "/api/v1/me", &[("Authorization", value)]);
    for good in [format!("Bearer {TOKEN}"), format!("bearer {TOKEN}"), format!("BEARER  {TOKEN}")] {
        let me = show(&good).json();
        let home =
            json!({"name": "home", "role": "viewer", "cameras": ["Camera1"], "signed_in": true, "session": false});
        assert_eq!(me, home, "{good}");
    }
    for bad in ["Bearer", "Bearer ", "Bearer x", &format!("Bearer {TOKEN}x"), &format!("Bearer {}", *TOKEN_SHA256)] {
        assert_problem(&show(bad), 401, None);
    }
    for unheeded in [format!("Basic {TOKEN}"), TOKEN.to_owned(), format!("Digest {TOKEN}")] {
        assert_problem(&show(&unheeded), 401, None);
    }
    let twice = [("Authorization", "Bearer x"), ("Authorization", &*format!("Bearer {TOKEN}"))];
    assert_problem(&daemon.request("GET", "/api/v1/me", &twice), 403, None);
    let cookie = cookie(&daemon, "anna");
    let both = [("Cookie", &*cookie), ("Authorization", "Bearer x")];
    assert_problem(&daemon.request("GET", "/api/v1/me", &both), 401, None);

    wait_until("the limit is reached", || show("Bearer x").status == 429);
    assert!(show("Bearer x").header("retry-after").is_some());
    assert_eq!(show(&format!("Bearer {TOKEN}")).status, 200, "who has one is not shut out");
    assert_eq!(daemon.request("GET", "/healthz", &[("Authorization", "Bearer x")]).status, 200);
}

#[test]
fn only_the_trusted_proxy_names_users() {
    let world = World::new();
    let table = |from: &str| {
        format!(
            "{}[proxy]\nfrom = [\"{from}\"]\nuser-header = \"X-Forwarded-User\"\n[users.carl]\nrole = \"viewer\"\n",
            users()
        )
    };
    let daemon = serve_with(&world, &table("127.0.0.1/32"));
    let ask = |headers: &[(&str, &str)]| daemon.request("GET", "/api/v1/me", headers);
    let carl = json!({"name": "carl", "role": "viewer", "cameras": null, "signed_in": true, "session": false});
    assert_eq!(ask(&[("X-Forwarded-User", "carl")]).json(), carl);
    assert_eq!(ask(&[("x-forwarded-user", "anna")]).json()["role"], "admin");
    for unknown in ["unknown", "Carl", "carl,anna", "home", "\u{fc}", "\"carl\""] {
        assert_problem(&ask(&[("X-Forwarded-User", unknown)]), 403, None);
    }
    assert_problem(&ask(&[("X-Forwarded-User", "carl"), ("X-Forwarded-User", "anna")]), 403, None);
    assert_problem(&ask(&[("X-Forwarded-User", "")]), 401, None);
    assert_problem(&ask(&[("X_Forwarded_User", "carl")]), 401, None);
    assert_problem(&log_in(&daemon, "carl", ""), 401, None);
    let set = |headers: &[(&str, &str)]| {
        let body = json!({"name": "anna", "password": PASSWORD}).to_string();
        let response = send(&daemon, "POST", "/login", &[&[JSON], headers].concat(), &body);
        response.header("set-cookie").unwrap().to_owned()
    };
    assert!(set(&[("X-Forwarded-Proto", "https")]).ends_with("; Secure"));
    assert!(!set(&[("X-Forwarded-Proto", "http")]).contains("Secure"));
    // Attempts count for the forwarded address, not for the proxy.
    for _ in 0..10 {
        let from = [JSON, ("X-Forwarded-For", "192.0.2.7")];
        let wrong = r#"{"name": "anna", "password": "wrong"}"#;
        assert_eq!(send(&daemon, "POST", "/login", &from, wrong).status, 401);
    }
    let body = json!({"name": "anna", "password": PASSWORD}).to_string();
    let from = |address| send(&daemon, "POST", "/login", &[JSON, ("X-Forwarded-For", address)], &body).status;
    assert_eq!((from("192.0.2.7"), from("1.2.3.4, 192.0.2.7"), from("192.0.2.8")), (429, 429, 204));
    assert_eq!(daemon.stop(), 0);

    let daemon = serve_with(&world, &table("192.0.2.1/32"));
    let forged = [("X-Forwarded-User", "anna"), ("X-Forwarded-For", "192.0.2.1"), ("X-Real-IP", "192.0.2.1")];
    assert_problem(&daemon.request("GET", "/api/v1/me", &forged), 401, None);
    let body = json!({"name": "anna", "password": PASSWORD}).to_string();
    let response = send(&daemon, "POST", "/login", &[JSON, ("X-Forwarded-Proto", "https")], &body);
    assert!(!response.header("set-cookie").unwrap().contains("Secure"), "it does not come over TLS");
}

#[test]
fn invisible_cameras_appear_nowhere() {
    let world = World::sample("direct");
    let daemon = serve_with(&world, &users());
    let (anna, bert) = (cookie(&daemon, "anna"), cookie(&daemon, "bert"));
    let all = json!({"cameras": [["Camera1", 0], ["Camera2", 0]]});
    assert_eq!(get(&daemon, "/api/cameras/list", &anna).json(), all);
    assert_eq!(get(&daemon, "/api/cameras/list", &bert).json(), json!({"cameras": [["Camera1", 0]]}));
    let events = |cookie| get(&daemon, "/api/events/Camera1,Camera2,Camera3?limit=0", cookie).json()["events"].clone();
    assert_eq!(events(&anna)["Camera2"].as_array().unwrap().len(), 1);
    assert_eq!(events(&bert)["Camera2"], json!([]), "as for a camera that is not there");
    let without_paths = |mut events: Value| {
        events["Camera1"].as_array_mut().unwrap().iter_mut().for_each(|event| event["event_path"] = Value::Null);
        events["Camera1"].take()
    };
    assert_eq!(without_paths(events(&bert)), without_paths(events(&anna)), "but for where the archive lies");
    assert_eq!(
        get(&daemon, "/readyz", &bert).json(),
        json!({"ready": true, "waiting": {}}),
        "no counts of all cameras"
    );
    for prefix in ["/media", "/motion"] {
        for (file, unknown) in [
            ("Camera2/2026-11-21/05-45-29/video.mp4", "Camera3/2026-11-21/05-45-29/video.mp4"),
            ("Camera2/2026-11-21/05-45-29/05-45-29-00.jpg", "Camera3/2026-11-21/05-45-29/05-45-29-00.jpg"),
            ("Camera%32/2026-11-21/05-45-29/video.mp4", "Camera%33/2026-11-21/05-45-29/video.mp4"),
            ("Camera2/2026-11-21/05-45-29/", "Camera3/2026-11-21/05-45-29/"),
            ("Camera2/2026-11-21/05-45-29", "Camera3/2026-11-21/05-45-29"),
        ] {
            let (refused, unknown) =
                (get(&daemon, &format!("{prefix}/{file}"), &bert), get(&daemon, &format!("{prefix}/{unknown}"), &bert));
            let received = |response: &Response| {
                let no_date = |(name, _): &&(String, String)| name != "date";
                (response.status, response.headers.iter().filter(no_date).cloned().collect::<Vec<_>>(), response.text())
            };
            assert_problem(&refused, 404, None);
            assert_eq!(received(&refused), received(&unknown), "{prefix}/{file}");
        }
        let movie = format!("{prefix}/Camera2/2026-11-21/05-45-29/video.mp4");
        assert_eq!(get(&daemon, &movie, &anna).status, 200);
        // The tag of an invisible page does not match.
        let tag = get(&daemon, &movie, &anna).header("etag").unwrap().to_owned();
        let known = daemon.request("GET", &movie, &[("Cookie", &bert), ("If-None-Match", &tag)]);
        assert_problem(&known, 404, None);
        assert_eq!(get(&daemon, &format!("{prefix}/Camera1/2026-11-21/05-44-39/video.mp4"), &bert).status, 200);
    }
}

#[test]
fn no_api_route_reveals_invisible_cameras() {
    let world = World::sample("direct");
    let daemon = serve_with(&world, &users());
    let (anna, bert) = (cookie(&daemon, "anna"), cookie(&daemon, "bert"));
    let (own, other) = ("Camera1/2026-11-21/05-44-39", "Camera2/2026-11-21/05-45-29");
    let deleted = daemon.request("DELETE", &format!("/api/v1/events/{other}"), &[("Cookie", &anna)]);
    assert_eq!(deleted.status, 200, "{}", deleted.text());
    let pass = deleted.json()["pass"].as_str().unwrap().to_owned();
    for path in ["/api/v1/queue", "/api/v1/audit", "/api/v1/retention"] {
        assert!(get(&daemon, path, &anna).text().contains("Camera2"), "{path}");
        assert!(!get(&daemon, path, &bert).text().contains("Camera2"), "{path}");
    }
    let restored = daemon.request("POST", &format!("/api/v1/queue/{pass}/restore"), &[("Cookie", &anna)]);
    assert_eq!(restored.status, 200, "{}", restored.text());
    for path in [
        "/api/v1/cameras",
        "/api/v1/events",
        "/api/v1/events?camera=Camera1&camera=Camera2",
        "/api/v1/days",
        "/api/v1/audit",
        "/api/v1/export",
        "/metrics",
    ] {
        let [all, seen] =
            [&anna, &bert].map(|cookie| String::from_utf8_lossy(&get(&daemon, path, cookie).body).into_owned());
        assert!(all.contains("Camera2"), "{path}");
        assert!(!seen.contains("Camera2"), "{path}");
    }
    for (path, unknown) in [
        (format!("/api/v1/events/{other}"), "/api/v1/events/Camera3/2026-11-21/05-45-29"),
        (format!("/api/v1/events/{other}.zip"), "/api/v1/events/Camera3/2026-11-21/05-45-29.zip"),
        ("/api/v1/export?camera=Camera2".to_owned(), "/api/v1/export?camera=Camera3"),
    ] {
        let (refused, unknown) = (get(&daemon, &path, &bert), get(&daemon, unknown, &bert));
        assert_problem(&refused, 404, None);
        assert_eq!(refused.text(), unknown.text(), "{path}");
        assert_eq!(get(&daemon, &path, &anna).status, 200, "{path}");
    }
    for (method, path) in [
        ("PUT", format!("/api/v1/events/{own}/saved")),
        ("DELETE", format!("/api/v1/events/{own}")),
        ("DELETE", format!("/api/v1/events/{other}")),
        ("POST", "/api/v1/retention/run".to_owned()),
        ("POST", format!("/api/v1/queue/{pass}/restore")),
    ] {
        assert_problem(&daemon.request(method, &path, &[("Cookie", &bert), ("Content-Length", "0")]), 403, None);
    }
}

#[test]
fn private_responses_are_not_cached_by_proxies() {
    let world = World::sample("direct");
    let daemon = serve_with(&world, &users());
    let anna = cookie(&daemon, "anna");
    for path in
        ["/", "/app.js", "/api/v1/events", "/api/cameras/list", "/media/Camera1/2026-11-21/05-44-39/video.mp4", "/x"]
    {
        let response = get(&daemon, path, &anna);
        let cache = response.header("cache-control").unwrap();
        assert!(cache.contains("private") || cache.contains("no-store"), "{path}: {cache}");
        assert!(!cache.contains("public"), "{path}: {cache}");
        assert_eq!(response.header("vary"), Some("Cookie, Authorization"), "{path}");
    }
    drop(daemon);
    let daemon = world.serve(&[]);
    let vary = daemon.get("/api/v1/events");
    assert_eq!(vary.header("vary"), Some("X-Forwarded-Prefix"), "the same for all users");
}

#[test]
fn without_users_the_login_redirects_to_the_page() {
    let world = World::new();
    let daemon = world.serve(&[]);
    let me = json!({"name": "", "role": "admin", "cameras": null, "signed_in": false, "session": false});
    assert_eq!(daemon.get("/api/v1/me").json(), me);
    assert_eq!(daemon.get("/login").header("location"), Some("./"));
    assert_problem(&log_in(&daemon, "anna", PASSWORD), 404, None);
}

#[test]
fn no_credential_comes_into_the_log() {
    let world = World::sample("direct");
    let config = config(&world, &users());
    let mut command = world.command("serve", ["--listen", "127.0.0.1:0", "--config", config.to_str().unwrap()]);
    command.env("OWLERY_LOG", "trace");
    let daemon = Daemon::start(command);
    wait_until("ready", || daemon.get("/readyz").status == 200);
    let anna = cookie(&daemon, "anna");
    assert_eq!(log_in(&daemon, "anna", "a wrong password").status, 401);
    assert_eq!(log_in(&daemon, "a password as name", "anna").status, 401);
    assert_eq!(get(&daemon, "/api/v1/events", &anna).status, 200);
    assert_eq!(daemon.request("GET", "/api/v1/me", &[("Authorization", "Bearer owl_wrong")]).status, 401);
    assert_eq!(daemon.request("GET", "/api/v1/me", &[("Authorization", &format!("Bearer {TOKEN}"))]).status, 200);
    daemon.wait_for_log("failed sign-in of an unknown user from 127.0.0.1");
    let log = daemon.log();
    let secret = anna.split_once('=').unwrap().1;
    for credential in [PASSWORD, "a wrong password", "a password as name", secret, TOKEN, "owl_wrong", "argon2id"] {
        assert!(!log.contains(credential), "{credential:?}: {log}");
    }
}
