//! `--live CAMERA=URL`: parsed, and put before the live streams of Motion's configuration. A URL may have a password, so no message
//! shows it.

use std::collections::BTreeMap;

use crate::{Camera, Error, Result, StreamUrl};

type Streams = BTreeMap<Camera, StreamUrl>;

/// The streams to use: those of the flags, and of Motion's configuration those of other cameras.
pub(super) fn live(flags: &[String], of_motion: Streams) -> Result<Streams> {
    let mut streams = Streams::new();
    for text in flags {
        let (camera, url) = parse(text)?;
        if streams.contains_key(&camera) {
            return Err(Error::Config(format!("--live for {camera} is given twice: leave one of them out")));
        }
        streams.insert(camera, url);
    }
    for (camera, url) in of_motion {
        streams.entry(camera).or_insert(url);
    }
    Ok(streams)
}

fn parse(text: &str) -> Result<(Camera, StreamUrl)> {
    // A camera's name may have an equals sign, and its URL begins with the scheme.
    let at = text.find("=http").or_else(|| text.find('='));
    let parts = at.map(|at| (&text[..at], &text[at + 1..])).filter(|(name, _)| !name.contains("://"));
    let Some((name, url)) = parts else {
        return Err(Error::Config("--live: expected CAMERA=URL, such as Camera1=http://127.0.0.1:8081/".to_owned()));
    };
    let camera: Camera = name.parse().map_err(|error| Error::Config(format!("--live: {error}")))?;
    let url = url.parse().map_err(|error| Error::Config(format!("--live for {camera}: {error}")))?;
    Ok((camera, url))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(flags: &[&str], of_motion: &[&str]) -> Result<String> {
        let of_motion = of_motion.iter().map(|text| parse(text).unwrap()).collect();
        let flags: Vec<String> = flags.iter().map(ToString::to_string).collect();
        let text = |(camera, url): (Camera, StreamUrl)| format!("{camera}={}{}", url.authority(), url.target());
        Ok(live(&flags, of_motion)?.into_iter().map(text).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn flags_replace_motions_streams_by_camera() {
        let motion = ["Camera1=http://127.0.0.1:8081/", "Camera2=http://127.0.0.1:8082/"];
        assert_eq!(of(&[], &motion).unwrap(), "Camera1=127.0.0.1:8081/ Camera2=127.0.0.1:8082/");
        assert_eq!(of(&["Camera2=http://cam/x"], &motion).unwrap(), "Camera1=127.0.0.1:8081/ Camera2=cam:80/x");
        assert_eq!(of(&["a=b=http://cam/?x=http"], &[]).unwrap(), "a=b=cam:80/?x=http");
        assert_eq!(of(&["front yard=http://cam"], &[]).unwrap(), "front yard=cam:80/");
    }

    #[test]
    fn messages_name_the_camera_without_the_url() {
        for (flags, part) in [
            (&["http://anna:geheim@cam/"][..], "expected CAMERA=URL"),
            (&["http://anna:geheim@cam/?x=http"], "expected CAMERA=URL"),
            (&["=http://anna:geheim@cam/"], "a camera's name"),
            (&["Camera1=anna:geheim@cam/"], "--live for Camera1: "),
            (&["Camera1=https://anna:geheim@cam/"], "https is not supported"),
            (&["Camera1=http://cam/", "Camera1=http://anna:geheim@cam/"], "--live for Camera1 is given twice"),
        ] {
            let error = of(flags, &[]).unwrap_err();
            assert_eq!(error.kind(), crate::Kind::Usage);
            let error = error.to_string();
            assert!(error.contains(part) && !error.contains("geheim"), "{flags:?}: {error}");
        }
    }
}
