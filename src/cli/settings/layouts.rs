//! `--layout [CAMERA=]PATTERN`: parsed, checked together, and put before the layouts of Motion's configuration.

use std::collections::BTreeSet;

use owlery_model::layout::{Layout, Pattern};

use crate::{Camera, Error, Result};

/// A pattern of one camera, or of all that have none of their own.
type Rule = (Option<Camera>, Pattern);

/// The layouts to use: those of the flags, and of Motion's configuration those of cameras that the flags do not name. A
/// flag for all cameras replaces all of the configuration.
pub(super) fn layouts(flags: &[String], of_motion: Vec<Rule>) -> Result<Vec<Rule>> {
    let mut rules = flags.iter().map(|text| parse(text)).collect::<Result<Vec<Rule>>>()?;
    let named: BTreeSet<Option<Camera>> = rules.iter().map(|(camera, _)| camera.clone()).collect();
    for camera in &named {
        let own = rules.iter().filter(|(of, _)| of == camera).map(|(_, pattern)| pattern.clone());
        Layout::new(own.collect()).map_err(|error| {
            let of = camera.as_ref().map_or_else(String::new, |camera| format!(" of {camera}"));
            Error::Config(format!("--layout{of}: {error}"))
        })?;
    }
    if !named.contains(&None) {
        rules.extend(of_motion.into_iter().filter(|(camera, _)| !named.contains(camera)));
    }
    Ok(rules)
}

/// Parses one value. What stands before the first `=` is a camera, unless it belongs to a pattern.
fn parse(text: &str) -> Result<Rule> {
    let of_pattern = |error: Error| Error::Config(format!("--layout: {error}"));
    let of_camera = |error: Error| Error::Config(format!("--layout {text:?}: {error}"));
    let (camera, pattern) = match text.split_once('=').filter(|(camera, _)| !camera.contains(['%', '/'])) {
        Some((camera, pattern)) => (Some(camera.parse().map_err(of_camera)?), pattern),
        None => (None, text),
    };
    Ok((camera, pattern.parse().map_err(of_pattern)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(flags: &[&str], of_motion: &[&str]) -> Result<Vec<String>> {
        let flags: Vec<String> = flags.iter().map(ToString::to_string).collect();
        let of_motion = of_motion.iter().map(|text| parse(text).unwrap()).collect();
        let text = |(camera, pattern): Rule| match camera {
            Some(camera) => format!("{camera}={pattern}"),
            None => pattern.to_string(),
        };
        Ok(layouts(&flags, of_motion)?.into_iter().map(text).collect())
    }

    #[test]
    fn flags_replace_motions_layouts_by_camera() {
        let motion = ["Camera1=%v-%Y%m%d%H%M%S", "Camera2=%Y-%m-%d/%H-%M-%S", "%t-%v-%Y%m%d%H%M%S"];
        assert_eq!(of(&[], &motion).unwrap(), motion);
        assert_eq!(of(&["Camera1=%Y%m%d-%H%M%S"], &motion).unwrap(), ["Camera1=%Y%m%d-%H%M%S", motion[1], motion[2]]);
        assert_eq!(of(&["%Y%m%d-%H%M%S"], &motion).unwrap(), ["%Y%m%d-%H%M%S"]);
        let two = ["Camera1=%v-%Y%m%d%H%M%S", "Camera1=x%v-%Y%m%d%H%M%S-%q"];
        assert_eq!(of(&two, &motion[..1]).unwrap(), two);
        assert_eq!(of(&["front yard=%Y/%m/%d/a=b-%H%M%S"], &[]).unwrap(), ["front yard=%Y/%m/%d/a=b-%H%M%S"]);
        assert_eq!(of(&["%Y%m%d/a=%H%M%S"], &[]).unwrap(), ["%Y%m%d/a=%H%M%S"]);
    }

    #[test]
    fn wrong_values_are_refused_by_name() {
        let wrong = |flags: &[&str]| {
            let error = of(flags, &[]).unwrap_err();
            assert_eq!(error.kind(), crate::Kind::Usage);
            error.to_string()
        };
        for (text, part) in [
            ("", "--layout: the layout \"\""),
            ("%Y-%m-%d", "lacks %H %M %S"),
            ("Camera1=%C/%H-%M-%S", "--layout: the layout \"%C/%H-%M-%S\""),
            (".hidden=%Y%m%d%H%M%S", "--layout \".hidden=%Y%m%d%H%M%S\""),
            ("=%Y%m%d%H%M%S", "a camera's name"),
        ] {
            let error = wrong(&[text]);
            assert!(error.contains(part), "{text}: {error}");
        }
        let error = wrong(&["Camera1=%Y-%m-%d/%H-%M-%S", "%v-%Y%m%d%H%M%S", "Camera1=%v-%Y%m%d%H%M%S"]);
        assert!(error.starts_with("--layout of Camera1: ") && error.contains("different places"), "{error}");
    }
}
