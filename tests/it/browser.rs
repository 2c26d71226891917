//! What Chromium makes of movies and of the page below a path of another program, driven through chromedriver. The page itself is tested in
//! `ui/tests`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::embed::Embedded;
use crate::world::{Daemon, PATIENCE, Response, World, event_id, wait_until};

/// All elements that a selector finds, also in the components of the page.
const ALL: &str = "const all = (selector, root = document) => [...root.querySelectorAll('*')].flatMap((each) =>
    [...(each.matches(selector) ? [each] : []), ...(each.shadowRoot ? all(selector, each.shadowRoot) : [])]);";

/// The page works below a path of another application.
#[test]
fn the_page_works_below_a_path() {
    let world = World::sample("direct");
    let embedded = Embedded::start(&world);
    let browser = Browser::open_at(&world, &format!("http://{}/cameras", embedded.address));
    let cards = "a[href*=\"event=\"]";
    browser.wait_for("five events", &format!("{ALL} return all('{cards}').length"), &json!(5));
    browser.wait_for(
        "their pictures",
        &format!("{ALL} return all('{cards} img').filter((image) => image.complete && image.naturalWidth > 0).length"),
        &json!(5),
    );
    browser.ask(&format!("{ALL} all('{cards}')[0].click()"));
    browser.wait_for(
        "the movie",
        &format!("{ALL} return all('video').some((video) => video.readyState >= 2)"),
        &json!(true),
    );
    browser.assert_no_complaints();
    drop(browser);
    embedded.stop();
}

/// What is made of movies that browsers do not play, is played to its end: of every container that Motion writes, and of one that
/// was cut off.
#[test]
fn playable_movies_play_to_their_end() {
    let world = World::unpacked("versions/motion-5.0.0-containers", "motion-5.0.0-containers");
    let killed = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/movies/killed.mkv");
    let killed = std::fs::read(killed).unwrap();
    world.event(event_id("CameraCut", 3, "10-04-36")).no_movie().movie("video.mkv", killed).old().make();
    let daemon = world.serve(&[]);
    let browser = Browser::open(&world, &daemon);
    let playable = |event: &Value| event["playable"].as_str().map(str::to_owned);
    let paths = || daemon.events().iter().filter_map(playable).collect::<Vec<_>>();
    wait_until("all events are listed", || paths().len() == 7);
    for path in paths() {
        wait_until("it is made", || daemon.get(&path).status != 202);
        browser.plays_to_its_end(&path);
    }
}

/// A Chromium with the page open in it; ended when dropped.
pub struct Browser {
    driver: Child,
    /// Where chromedriver listens.
    address: String,
    session: String,
}

impl Browser {
    /// Starts chromedriver; `None` if it ends before it listens.
    fn start_driver() -> Option<Self> {
        // A process group of their own, so that no part of Chromium can be left behind.
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver (the package chromium-driver)");
        let stdout = BufReader::new(driver.stdout.take().unwrap());
        let mut browser = Self { driver, address: String::new(), session: String::new() };
        let mut lines = stdout.lines().map_while(Result::ok);
        let port = lines
            .find_map(|line| Some(line.split_once("successfully on port ")?.1.trim_end_matches('.').to_owned()))?;
        browser.address = format!("127.0.0.1:{port}");
        Some(browser)
    }

    /// Plays the movie at this path to its end. The rate is one that the decoder keeps up with in debug builds, so that no frame
    /// decides whether the end is reached.
    pub fn plays_to_its_end(&self, path: &str) {
        self.ask(&format!(
            "const video = document.createElement('video');
             video.muted = true; video.playbackRate = 4; video.id = 'tried';
             document.querySelector('#tried')?.remove(); document.body.append(video);
             video.src = {path:?}; video.play(); return null"
        ));
        self.wait_for(
            &format!("{path} plays to its end"),
            "const v = document.querySelector('#tried');
             return v.error !== null ? v.error.message : v.ended && v.currentTime > 0.5 && v.videoWidth > 0",
            &json!(true),
        );
    }

    pub fn open(world: &World, daemon: &Daemon) -> Self {
        Self::open_at(world, &format!("http://{}/", daemon.address))
    }

    fn open_at(world: &World, url: &str) -> Self {
        // It takes a free port for one protocol and needs the same for the other; if that is in use, it ends.
        let mut browser = (0..5).find_map(|_| Self::start_driver()).expect("chromedriver says where it listens");
        let profile = format!("--user-data-dir={}", world.outside("profile").display());
        let options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--window-size=1200,900",
            &profile,
        ];
        let session = browser.call(
            "POST",
            "/session",
            &json!({"capabilities": {"alwaysMatch": {
                "browserName": "chrome",
                "goog:chromeOptions": {"args": options},
                "goog:loggingPrefs": {"browser": "ALL"},
            }}}),
        );
        session["sessionId"].as_str().unwrap().clone_into(&mut browser.session);
        browser.post("/url", &json!({"url": url}));
        browser
    }

    /// One command of the `WebDriver` protocol.
    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let response = self.send(method, path, body).unwrap();
        let mut answer = response.json();
        assert_eq!(response.status, 200, "{path} {body}: {answer}");
        answer["value"].take()
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> std::io::Result<Response> {
        let body = body.to_string();
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.address);
        write!(stream, "{head}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
        read_response(BufReader::new(stream))
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.call("POST", &format!("/session/{}{path}", self.session), body)
    }

    /// Runs a script in the page; returns what it returns.
    fn ask(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({"script": script, "args": []}))
    }

    /// Waits until a script in the page returns this.
    pub fn wait_for(&self, what: &str, script: &str, wanted: &Value) {
        wait_until(&format!("{what}: {script} returns {wanted}"), || self.ask(script) == *wanted);
    }

    /// The console holds no error: no missing file, no script that failed, nothing that the page's policy forbids.
    fn assert_no_complaints(&self) {
        let bad = self.complaints();
        assert!(bad.is_empty(), "{bad:?}");
    }

    /// The errors in the console since it was asked last.
    fn complaints(&self) -> Vec<Value> {
        let log = self.post("/se/log", &json!({"type": "browser"}));
        log.as_array().unwrap().iter().filter(|entry| entry["level"] == "SEVERE").cloned().collect()
    }
}

/// Chromedriver keeps connections open whatever it is asked, so what counts is the length that it gives.
fn read_response(mut stream: impl BufRead) -> std::io::Result<Response> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read_until(b'\n', &mut bytes)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    let length = Response::parse(&bytes).header("content-length").expect("a length").parse().unwrap();
    stream.take(length).read_to_end(&mut bytes)?;
    Ok(Response::parse(&bytes))
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Chromium is asked to end while there is a driver to ask it; then the driver goes, with all that it started.
        let _ = self.send("DELETE", &format!("/session/{}", self.session), &Value::Null);
        let group = format!("-{}", self.driver.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.driver.wait();
    }
}
