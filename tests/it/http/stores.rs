//! `/api/v1/stores`: who may use which store, what lies in their folders, and stores that cannot be used.

mod copying;
mod stored;
mod stored_files;

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::assert_problem;
use super::auth::{TOKEN, TOKEN_SHA256, config};
use crate::s3_server::{OWNER, S3Server};
use crate::world::{Daemon, Response, World, wait_until};

const STORES: &str = "/api/v1/stores";

/// Users whom the proxy names, and a token with the name of one of them. Carl is limited to a camera.
fn users() -> String {
    format!(
        "[users]\nanna = {{ role = \"admin\" }}\nbert = {{ role = \"viewer\" }}\n\
         carl = {{ role = \"admin\", cameras = [\"Camera1\"] }}\n\
         [tokens]\nanna = {{ sha256 = \"{}\", role = \"admin\" }}\n\
         [proxy]\nfrom = [\"127.0.0.1/32\"]\nuser-header = \"X-User\"\n",
        *TOKEN_SHA256
    )
}

/// The table of a store, with these lines beside its URL.
fn table(name: &str, url: &str, lines: &str) -> String {
    format!("[stores.{name}]\nurl = \"{url}\"\n{lines}\n")
}

fn url(folder: &Path) -> String {
    format!("file://{}", folder.display())
}

/// One store of each kind. The folder of `gone` does not exist.
fn tables(world: &World) -> String {
    let (nas, gone) = (world.outside("nas"), world.outside("mnt").join("gone"));
    [
        users(),
        table("nas", &url(&nas), ""),
        table("private", &url(&nas), "users = [\"anna\", \"carl\"]"),
        table("old", &url(&nas), "active = false"),
        table("gone", &url(&gone), "include = [\"frames\", \"movie\"]"),
    ]
    .concat()
}

/// A program with this configuration that finds no credentials of this host.
fn command(world: &World, name: &str, args: &[&str], config: &Path) -> Command {
    let mut command = world.command(name, args);
    command.arg("--config").arg(config).env("HOME", world.outside("home"));
    for variable in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SHARED_CREDENTIALS_FILE", "AWS_PROFILE"] {
        command.env_remove(variable);
    }
    command.env_remove("CREDENTIALS_DIRECTORY");
    command
}

fn serve(world: &World, text: &str, limits: &str) -> Daemon {
    let mut command = command(world, "serve", &["--listen", "127.0.0.1:0"], &config(world, text));
    command.env("OWLERY_LIMITS", limits);
    let daemon = Daemon::start(command);
    wait_until("ready", || daemon.get("/readyz").status == 200);
    daemon
}

/// Runs `owlery store ACTION ROOT NAME`, with this on its standard input.
fn store(world: &World, action: &str, name: &str, config: &Path, input: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_owlery"));
    command.args(["store", action]).arg(&world.root).arg(name).arg("--config").arg(config);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "store {action} {name}");
}

/// The credentials of the owner of a bucket, with this secret.
fn credentials(secret: &str) -> String {
    format!("access_key = {}\nsecret_key = {secret}\n", OWNER[0])
}

/// Asks as a user.
fn ask(daemon: &Daemon, user: &str, path: &str) -> Response {
    daemon.request("GET", path, &[("X-User", user)])
}

fn browse(daemon: &Daemon, user: &str, store: &str, query: &str) -> Response {
    ask(daemon, user, &format!("{STORES}/{store}/browse{query}"))
}

fn detail(response: &Response) -> String {
    assert_problem(response, 503, None);
    response.json()["detail"].as_str().unwrap().to_owned()
}

/// The names of the folders, then those of the objects.
fn names(page: &Value) -> Vec<String> {
    let folders = page["folders"].as_array().unwrap().iter().map(|name| format!("{}/", name.as_str().unwrap()));
    let objects = page["objects"].as_array().unwrap();
    folders.chain(objects.iter().map(|object| object["name"].as_str().unwrap().to_owned())).collect()
}

fn listed(stores: &Response) -> Vec<String> {
    assert_eq!(stores.status, 200, "{}", stores.text());
    let stores = stores.json();
    stores["stores"].as_array().unwrap().iter().map(|store| store["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn users_see_the_stores_that_they_may_use() {
    let world = World::new();
    let daemon = serve(&world, &tables(&world), "");
    let anna = ask(&daemon, "anna", STORES);
    assert_eq!(anna.header("cache-control"), Some("no-store"));
    let (nas, gone) = (url(&world.outside("nas")), url(&world.outside("mnt").join("gone")));
    let row = |name: &str, url: &str, active: bool, include: &[&str]| json!({"name": name, "url": url, "active": active, "include": include, "copy": "off", "out_of_reach_since": null});
    let usual = ["movie", "thumbnail"];
    let all = [
        row("gone", &gone, true, &["movie", "frames"]),
        row("nas", &nas, true, &usual),
        row("old", &nas, false, &usual),
        row("private", &nas, true, &usual),
    ];
    assert_eq!(anna.json(), json!({ "stores": all }));
    let bert = ask(&daemon, "bert", STORES);
    assert_eq!(listed(&bert), ["gone", "nas", "old"]);
    assert!(!bert.text().contains("url") && !bert.text().contains("file:"), "{}", bert.text());
    // A token with the name of a user is another one.
    let bearer = format!("Bearer {TOKEN}");
    let token = |path: &str| daemon.request("GET", path, &[("Authorization", &bearer)]);
    assert_eq!(listed(&token(STORES)), ["gone", "nas", "old"]);
    assert!(token(STORES).text().contains(&nas));
    assert_problem(&token(&format!("{STORES}/private/browse")), 404, None);
    assert_eq!(token(&format!("{STORES}/nas/browse")).status, 200);
    assert_eq!(browse(&daemon, "anna", "private", "").status, 200);
    assert_problem(&daemon.get(STORES), 401, None);
    assert_problem(&daemon.get(&format!("{STORES}/nas/browse")), 401, None);
    assert_problem(&ask(&daemon, "anna", &format!("{STORES}?x=1")), 400, Some("x"));
    assert_eq!(daemon.stop(), 0);
}

/// Not even by the errors can one tell a store that one may not use from one that does not exist.
#[test]
fn other_stores_do_not_exist() {
    let world = World::new();
    let daemon = serve(&world, &tables(&world), "");
    let none = browse(&daemon, "bert", "none", "");
    assert_problem(&none, 404, None);
    assert_eq!(listed(&ask(&daemon, "carl", STORES)), [""; 0], "a store shows all cameras");
    for (user, store) in [
        ("bert", "private"),
        ("carl", "private"),
        ("carl", "nas"),
        ("carl", "gone"),
        ("carl", "old"),
        ("carl", "none"),
        ("anna", "none"),
        ("anna", "Nas"),
        ("anna", "nas%00"),
        ("anna", "..%2fnas"),
        ("anna", "%ff"),
        ("anna", "%20"),
    ] {
        let refused = browse(&daemon, user, store, "");
        assert_eq!((refused.status, refused.text()), (404, none.text()), "{user} {store}");
        if store.len() < 8 && !store.contains("%ff") {
            assert_problem(&browse(&daemon, user, store, "?folder=.."), 400, Some("folder"));
        }
    }
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn without_users_everyone_may_use_each_store() {
    let world = World::new();
    let text = tables(&world).replace(&users(), "");
    let daemon = serve(&world, &text, "");
    let stores = daemon.get(STORES);
    assert_eq!(listed(&stores), ["gone", "nas", "old", "private"]);
    assert_eq!(stores.json()["stores"][1]["url"], url(&world.outside("nas")));
    let path = format!("{STORES}/private/browse");
    assert_eq!(daemon.get(&path).json(), json!({"folders": [], "objects": [], "next": null}));
    let head = daemon.request("HEAD", &path, &[]);
    assert_eq!((head.status, head.body.len()), (200, 0));
    let refused = daemon.request("POST", &path, &[("Content-Length", "0")]);
    assert_problem(&refused, 405, None);
    assert_eq!(refused.header("allow"), Some("GET,HEAD"));
    assert_eq!(daemon.stop(), 0);
}

/// The pages of a folder, with so many entries each.
fn pages(daemon: &Daemon, folder: &str, limit: usize) -> Vec<String> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = browse(daemon, "bert", "nas", &format!("?folder={folder}&limit={limit}{cursor}")).json();
        let names = names(&page);
        assert!(names.len() <= limit, "{page}");
        all.extend(names);
        let Some(next) = page["next"].as_str() else { return all };
        cursor = next.bytes().fold("&cursor=".to_owned(), |all, byte| all + &format!("%{byte:02x}"));
    }
}

#[test]
fn pages_join_to_the_whole_folder() {
    let world = World::new();
    let nas = world.outside("nas");
    let mut expected = Vec::new();
    for folder in ["50% ä", "a", "b+c&d"] {
        fs::create_dir_all(nas.join("top").join(folder)).unwrap();
        expected.push(format!("{folder}/"));
    }
    for object in ["0", "a.jpg", "b c", "z%41", "ü"] {
        fs::write(nas.join("top").join(object), object).unwrap();
        expected.push(object.to_owned());
    }
    let daemon = serve(&world, &tables(&world), "");
    for limit in [1, 2, 3, 7, 8, 1000] {
        assert_eq!(pages(&daemon, "top", limit), expected, "{limit}");
    }
    let page = browse(&daemon, "bert", "nas", "?folder=top&cursor=b+c").json();
    assert_eq!(names(&page), ["z%41", "ü"]);
    let object = &page["objects"][0];
    assert_eq!(object["bytes"], 4);
    assert!(chrono::DateTime::parse_from_rfc3339(object["modified"].as_str().unwrap()).is_ok(), "{object}");
    // By default a page has 200 entries.
    fs::create_dir(nas.join("many")).unwrap();
    for number in 0..201 {
        fs::write(nas.join("many").join(format!("{number:03}")), "").unwrap();
    }
    let page = browse(&daemon, "bert", "nas", "?folder=many").json();
    assert_eq!((names(&page).len(), &page["next"]), (200, &json!("199")));
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn pushed_events_are_found_in_their_folders() {
    let world = World::new();
    world.event("Camera1/2026-03-01/10-04-36").old().make();
    let daemon = serve(&world, &tables(&world), "");
    store(&world, "push", "nas", &world.outside("etc").join("owlery.toml"), "");
    let root = browse(&daemon, "anna", "nas", "").json();
    let host = root["folders"][0].as_str().unwrap();
    let event = browse(&daemon, "anna", "nas", &format!("?folder={host}/Camera1/2026-03-01/10-04-36")).json();
    let objects = names(&event);
    assert!(objects.iter().any(|name| name.contains("video.")), "{event}");
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn hostile_folders_are_refused_by_name() {
    let world = World::new();
    fs::write(world.outside("nas").join("file"), "x").unwrap();
    let daemon = serve(&world, &tables(&world), "");
    let long = "x".repeat(1025);
    for folder in [
        "..", "%2e%2e", ".", "/", "/etc", "a/", "a//b", "a/../..", "%2f", "a%00", "a%0ab", "%7f", "%c2%85", "a%5cb",
        &long,
    ] {
        assert_problem(&browse(&daemon, "anna", "nas", &format!("?folder={folder}")), 400, Some("folder"));
    }
    // These are only names, and there are no such folders; neither is a file one.
    for folder in ["%252e%252e", "...", "..a", "%c3%a4", "none", "file", "a/b/c", "~", "%7b%7d*%3f"] {
        let found = browse(&daemon, "anna", "nas", &format!("?folder={folder}"));
        assert_eq!(found.status, 200, "{folder}: {}", found.text());
        assert_eq!(found.json(), json!({"folders": [], "objects": [], "next": null}), "{folder}");
    }
    for (query, parameter) in [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=-1", "limit"),
        ("limit=", "limit"),
        ("cursor=a&cursor=b", "cursor"),
        ("folder=a&folder=b", "folder"),
        ("prefix=a", "prefix"),
    ] {
        assert_problem(&browse(&daemon, "anna", "nas", &format!("?{query}")), 400, Some(parameter));
    }
    for cursor in ["", "%00", "..%2f", "%ff", "zzz", "%2f"] {
        assert_eq!(browse(&daemon, "anna", "nas", &format!("?cursor={cursor}")).status, 200, "{cursor}");
    }
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn a_missing_folder_is_told_since_when() {
    let world = World::new();
    let daemon = serve(&world, &tables(&world), "");
    let since = || ask(&daemon, "bert", STORES).json()["stores"][0]["out_of_reach_since"].clone();
    assert_eq!(since(), Value::Null);
    let admin = detail(&browse(&daemon, "anna", "gone", ""));
    let since_when = since();
    let suffix = format!("(since {})", since_when.as_str().unwrap());
    assert!(admin.contains("store gone") && admin.contains("mount its disk") && admin.ends_with(&suffix), "{admin}");
    // A viewer does not see where a store lies.
    let viewer = detail(&browse(&daemon, "bert", "gone", ""));
    assert_eq!(viewer, format!("the store gone is out of reach {suffix}"));
    assert_eq!(since(), since_when, "the outage goes on");
    fs::create_dir(world.outside("mnt").join("gone")).unwrap();
    assert_eq!(browse(&daemon, "bert", "gone", "").status, 200);
    assert_eq!(since(), Value::Null);
    let inactive = detail(&browse(&daemon, "bert", "old", ""));
    assert!(inactive.contains("store old is not active") && !inactive.contains("since"), "{inactive}");
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn a_cached_listing_is_for_its_user_alone() {
    let world = World::new();
    let nas = world.outside("nas");
    fs::create_dir(nas.join("first")).unwrap();
    let text = tables(&world);
    let daemon = serve(&world, &text, "");
    assert_eq!(names(&browse(&daemon, "anna", "private", "").json()), ["first/"]);
    fs::create_dir(nas.join("second")).unwrap();
    assert_eq!(names(&browse(&daemon, "anna", "private", "").json()), ["first/"], "from the cache");
    assert_problem(&browse(&daemon, "bert", "private", ""), 404, None);
    assert_problem(&browse(&daemon, "carl", "private", ""), 404, None);
    assert_eq!(names(&browse(&daemon, "bert", "nas", "").json()), ["first/", "second/"], "another store");
    assert_eq!(daemon.stop(), 0);
    let daemon = serve(&world, &text.replace("[\"anna\", \"carl\"]", "[\"bert\"]"), "");
    assert_problem(&browse(&daemon, "anna", "private", ""), 404, None);
    assert_eq!(names(&browse(&daemon, "bert", "private", "").json()), ["first/", "second/"]);
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn credentials_are_checked_by_each_request() {
    let world = World::new();
    let server = S3Server::s3s_fs();
    let camera = server.objects().join("host/camera 1");
    fs::create_dir_all(&camera).unwrap();
    fs::write(camera.join("a.mp4"), b"12345").unwrap();
    let text = [users(), table("offsite", &server.url(), "")].concat();
    let daemon = serve(&world, &text, "");
    let file = world.outside("etc").join("owlery.toml");
    let login = |secret: &str| {
        store(&world, "login", "offsite", &file, &credentials(secret));
    };
    let missing = detail(&browse(&daemon, "anna", "offsite", ""));
    assert!(missing.contains("owlery store login") && missing.contains("(since 2"), "{missing}");
    let viewer = detail(&browse(&daemon, "bert", "offsite", ""));
    assert!(viewer.starts_with("the credentials of the store offsite cannot be used (since 2"), "{viewer}");

    login(OWNER[1]);
    assert_eq!(names(&browse(&daemon, "bert", "offsite", "").json()), ["host/"]);
    let objects = browse(&daemon, "bert", "offsite", "?folder=host/camera+1").json();
    assert_eq!((names(&objects), &objects["objects"][0]["bytes"]), (vec!["a.mp4".to_owned()], &json!(5)));
    assert_eq!(ask(&daemon, "bert", STORES).json()["stores"][0]["out_of_reach_since"], Value::Null);

    store(&world, "logout", "offsite", &file, "");
    assert!(detail(&browse(&daemon, "bert", "offsite", "")).contains("credentials"), "not from the cache");
    login("wrong");
    let refused = detail(&browse(&daemon, "anna", "offsite", ""));
    assert!(refused.contains("SignatureDoesNotMatch") && !refused.contains("wrong"), "{refused}");
    let viewer = detail(&browse(&daemon, "bert", "offsite", ""));
    assert!(viewer.starts_with("the store offsite refuses its credentials (since 2"), "{viewer}");

    login(OWNER[1]);
    assert_eq!(browse(&daemon, "bert", "offsite", "").status, 200);
    drop(server);
    let away = detail(&browse(&daemon, "bert", "offsite", "?folder=host"));
    assert!(away.starts_with("the store offsite is out of reach (since 2"), "{away}");
    assert_eq!(daemon.stop(), 0);
}

/// A store that accepts connections and never responds: a 503 in any case, and no other request waits.
#[test]
fn a_store_that_hangs_is_a_503() {
    let world = World::new();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let hung = format!("s3://recordings?endpoint=http://{}", silent.local_addr().unwrap());
    let text = [users(), table("hung", &hung, ""), table("nas", &url(&world.outside("nas")), "")].concat();
    let file = config(&world, &text);
    store(&world, "login", "hung", &file, &credentials(OWNER[1]));
    for (limits, expected) in [
        ("stall=2s", "the store hung is out of reach (since 2"),
        ("browse=2s", "the store hung has not responded within 2 s"),
        ("answer=2s", "the response takes too long"),
    ] {
        let daemon = serve(&world, &text, limits);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| browse(&daemon, "bert", "hung", ""));
            let _open = silent.accept().unwrap(); // the request has begun
            for _ in 0..4 {
                assert_eq!(daemon.get("/healthz").status, 200);
                assert_eq!(browse(&daemon, "bert", "nas", "").status, 200);
            }

            let why = detail(&waiting.join().unwrap());
            assert!(why.starts_with(expected), "{limits}: {why}");
        });
        assert_eq!(daemon.stop(), 0);
    }
}
