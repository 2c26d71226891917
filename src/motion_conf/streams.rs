//! Where Motion serves the live stream of each camera: Motion 4 on the port of the camera, or on that of the main file below the
//! camera's id; Motion 5 on the port of its web control, below the id.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::camera::CameraConf;
use super::lines::{is_on, number, text};
use crate::{Camera, Login, StreamUrl};

/// The options of a camera about its stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct StreamConf {
    stream_port: Option<i64>,
    webcontrol_port: Option<i64>,
    /// Motion listens on the loopback address alone, unless this is off.
    stream_localhost: Option<bool>,
    webcontrol_localhost: Option<bool>,
    is_ipv6: bool,
    stream_tls: bool,
    webcontrol_tls: bool,
    stream_login: Option<Login>,
    webcontrol_login: Option<Login>,
    base_path: String,
}

impl StreamConf {
    /// Sets an option of a file. The names of all others are ignored.
    pub(super) fn take(&mut self, name: &str, value: &[u8]) {
        match name {
            "stream_port" | "webcam_port" => self.stream_port = Some(number(value)),
            "webcontrol_port" => self.webcontrol_port = Some(number(value)),
            "stream_localhost" | "webcam_localhost" => self.stream_localhost = Some(is_on(value)),
            "webcontrol_localhost" => self.webcontrol_localhost = Some(is_on(value)),
            "webcontrol_ipv6" | "ipv6_enabled" => self.is_ipv6 = is_on(value),
            "stream_tls" => self.stream_tls = is_on(value),
            "webcontrol_tls" => self.webcontrol_tls = is_on(value),
            "stream_authentication" => self.stream_login = Login::of(&text(value)),
            "webcontrol_authentication" => self.webcontrol_login = Login::of(&text(value)),
            "webcontrol_base_path" => self.base_path = text(value),
            _ => {}
        }
    }
}

/// Where a stream is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Server {
    /// Motion 4, on a port of the camera.
    OfCamera(u16),
    /// Motion 4, on the port of the main file, which serves every camera.
    OfAll(u16),
    /// Motion 5, on the port of its web control.
    WebControl(u16),
}

fn port(value: Option<i64>) -> Option<u16> {
    value.and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0)
}

impl CameraConf {
    /// The port of its live stream. `main` has all options of the main file: Motion 5 serves every stream on one port.
    pub(super) fn port(&self, main: &Self) -> Option<u16> {
        let shared = || port(main.stream.webcontrol_port.filter(|_| self.is_of_motion_5(main)));
        port(self.stream.stream_port).or_else(shared)
    }

    fn is_of_motion_5(&self, main: &Self) -> bool {
        main.is_motion_5 || self.is_motion_5
    }

    fn server(&self, main: &Self) -> Option<Server> {
        if self.is_of_motion_5(main) {
            return port(main.stream.webcontrol_port).or_else(|| self.port(main)).map(Server::WebControl);
        }
        // Motion takes no stream on the port of its web control.
        let is_stream = |of: &u16| main.stream.webcontrol_port != Some(i64::from(*of));
        let own = port(self.stream.stream_port).filter(is_stream);
        if self.place == 0 {
            return own.map(Server::OfCamera);
        }
        let of_main = port(main.stream.stream_port).filter(is_stream);
        match own.filter(|own| Some(*own) != of_main) {
            Some(own) => Some(Server::OfCamera(own)),
            None => of_main.map(Server::OfAll),
        }
    }

    /// Its stream on this server, and whether that speaks TLS.
    fn url(&self, main: &Self, server: Server) -> (StreamUrl, bool) {
        let (id, own) = (self.specifiers().id, &self.stream);
        let (port, of, path) = match server {
            Server::OfCamera(port) => (port, own, "/".to_owned()),
            Server::OfAll(port) => (port, &main.stream, format!("/{id}/stream")),
            Server::WebControl(port) => {
                let base = main.stream.base_path.trim_matches('/');
                let base = if base.is_empty() { String::new() } else { format!("/{base}") };
                (port, &main.stream, format!("{base}/{id}/mjpg/stream"))
            }
        };
        let (localhost, is_tls, login) = match server {
            Server::WebControl(_) => (of.webcontrol_localhost, of.webcontrol_tls, &of.webcontrol_login),
            Server::OfCamera(_) | Server::OfAll(_) => (of.stream_localhost, of.stream_tls, &own.stream_login),
        };
        // With IPv6, Motion listens on `::1` alone, or on all addresses of both families.
        let is_ipv6 = main.stream.is_ipv6 && localhost.unwrap_or(true);
        (StreamUrl::of_this_host(is_ipv6, port, &path, login.clone()), is_tls)
    }
}

/// The streams of cameras, and what keeps others from being passed on.
#[derive(Debug, Default)]
pub(super) struct Streams {
    pub urls: BTreeMap<Camera, StreamUrl>,
    pub warnings: Vec<String>,
}

/// The streams of the cameras whose directories lie directly in `root`.
pub(super) fn of(cameras: &[CameraConf], main: &CameraConf, root: &Path, bases: &[PathBuf]) -> Streams {
    let mut streams = Streams::default();
    let mut taken: Vec<u16> = Vec::new();
    for conf in cameras {
        let Some(server) = conf.server(main) else { continue };
        if let Server::OfCamera(port) = server {
            if taken.contains(&port) {
                continue; // Motion serves the first camera there
            }
            taken.push(port);
        }
        let Some(camera) = conf.directory(root, bases) else { continue };
        match conf.url(main, server) {
            (url, false) => _ = streams.urls.insert(camera, url),
            (_, true) => streams.warnings.push(format!(
                "{camera}: its live stream is served over TLS (stream_tls, webcontrol_tls), and Owlery shows only streams over \
                 plain HTTP: switch that off (with stream_localhost on, the stream stays on this host), or give another URL \
                 with --live {camera}=URL"
            )),
        }
    }
    streams
}
