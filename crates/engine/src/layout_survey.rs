//! Looks at a root that need not be an archive yet, and recognises the layouts of its recordings.

use std::path::Path;

use crate::archive::{self, Report};
use crate::error::Result;
use crate::layout::recognise::{CameraNames, Findings, recognise};

/// What a root holds.
#[derive(Debug)]
pub struct LayoutSurvey {
    /// The layouts, and the flags with which they are read.
    pub findings: Findings,
    /// The links in the root. They were not followed; one can be a camera on another disk.
    pub links: Vec<String>,
    /// Directories that could not be read.
    pub problems: Vec<Report>,
    /// Whether there are more entries than were listed; the oldest were left out then, and counts are those of the others.
    pub is_cut: bool,
}

/// The maximum number of entries that are listed: some weeks of several cameras.
const LIMIT: usize = 200_000;

/// Recognises the layouts of a root, whose camera directories match `camera_pattern` at present. Changes nothing.
///
/// Fails if the root cannot be read or the pattern is no regular expression.
pub fn survey_layout(root: &Path, camera_pattern: &str) -> Result<LayoutSurvey> {
    let regex = archive::camera_regex(camera_pattern)?;
    let survey = archive::survey(root, LIMIT)?;
    let matches = |name: &str| regex.is_match(name);
    let findings = recognise(&survey.entries(), CameraNames { pattern: camera_pattern, matches: &matches });
    let archive::Survey { links, problems, is_cut, .. } = survey;
    Ok(LayoutSurvey { findings, links, problems, is_cut })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_surveyed_before_it_is_an_archive() {
        let root = tempfile::tempdir().unwrap();
        let day = root.path().join("front/2026-11-28");
        std::fs::create_dir_all(&day).unwrap();
        for name in ["13-10-02.mp4", "13-10-17.mp4", "13-10-07.jpg"] {
            std::fs::write(day.join(name), "").unwrap();
        }
        let survey = survey_layout(root.path(), "Camera.*").unwrap();
        assert_eq!(survey.findings.flags, ["--camera-pattern 'front'", "--layout '%Y-%m-%d/%H-%M-%S'"]);
        assert!(!survey.is_cut && survey.problems.is_empty());
        assert!(survey_layout(root.path(), "(").is_err());
        assert!(survey_layout(&root.path().join("none"), "Camera.*").is_err());
    }
}
