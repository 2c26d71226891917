//! Other programs that delete recordings of an archive: Motion's own `cleandir_params`, motionEye's "Preserve Movies", and
//! commands of Motion's hooks. None of them knows which events are saved.

use super::camera::CameraConf;

/// Why each of them is a problem.
const WHY: &str = "two programs delete here, and only Owlery knows what is saved";

/// Commands that remove files.
const REMOVERS: [&str; 6] = ["rm", "unlink", "shred", "tmpwatch", "tmpreaper", "rmdir"];

/// Each program that deletes recordings of this camera, as a sentence with the file, the option, its value and the cure.
pub(super) fn warnings(camera: &CameraConf) -> Vec<String> {
    let mut warnings: Vec<String> = cleandir(camera).into_iter().collect();
    warnings.extend(motioneye(camera));
    warnings.extend(camera.hooks.iter().filter_map(|(hook, command)| {
        let remover = remover(command)?;
        Some(format!(
            "{}: this seems to delete files ({remover}): if they are recordings, take that out and let \
             Owlery delete ({WHY})",
            camera.shown(hook, command)
        ))
    }));
    warnings
}

/// Motion 5: `cleandir_params action=delete,freq=weekly,dur_val=2,dur_unit=w,removedir=on`. Motion deletes unless the action
/// is a script.
fn cleandir(camera: &CameraConf) -> Option<String> {
    let value = camera.cleandir.as_deref().filter(|value| !value.trim().is_empty())?;
    let shown = camera.shown("cleandir_params", value);
    let mut parameters = value.split(',').filter_map(|part| part.split_once('='));
    let is_script = parameters.any(|(name, value)| {
        let trimmed = |text: &str| text.trim_matches([' ', '\t', '"', '\'']).to_ascii_lowercase();
        trimmed(name) == "action" && trimmed(value) == "script"
    });
    Some(if is_script {
        format!(
            "{shown}: Motion runs a script to clean up: if it deletes recordings, remove this line and let \
             Owlery delete ({WHY})"
        )
    } else {
        format!(
            "{shown}: Motion deletes old recordings itself, also saved ones; remove this line and \
             let Owlery delete ({WHY})"
        )
    })
}

/// motionEye: the comment lines `# @preserve_movies N` and `# @preserve_pictures N` of its camera files, where N is a number
/// of days and 0 is for ever. It deletes by the files' mtimes. It leaves movies alone where none are recorded, and pictures
/// where neither pictures nor snapshots have a name.
fn motioneye(camera: &CameraConf) -> impl Iterator<Item = String> {
    let settings = [
        ("movies", "Movies", camera.keep_movies, camera.records_movies()),
        ("pictures", "Pictures", camera.keep_pictures, camera.names_pictures()),
    ];
    settings.into_iter().filter_map(move |(what, label, days, is_used)| {
        let days = days.filter(|days| *days != 0 && is_used)?;
        let at = camera.at(&format!("@preserve_{what}"));
        let unit = if days == 1 { "day" } else { "days" };
        Some(format!(
            "\"# @preserve_{what} {days}\" of {at}: motionEye deletes {what} older than {days} {unit}, also saved ones; set \
             Preserve {label} to \"Forever\" in motionEye and let Owlery delete ({WHY})"
        ))
    })
}

/// The word of a command that removes files: a known program, or `-delete` of `find`.
fn remover(command: &str) -> Option<&str> {
    let is_between = |c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '%'));
    let mut words = command.split(is_between);
    words.find(|word| *word == "-delete" || REMOVERS.contains(&word.rsplit('/').next().unwrap_or(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_delete_are_recognised() {
        for (command, word) in [
            ("find /var/lib/motion -mtime +7 -delete", "-delete"),
            ("sh -c 'cd /var/lib/motion;rm -rf old'", "rm"),
            ("/bin/rm -f %f", "/bin/rm"),
            ("find /m -exec rm {} \\;", "rm"),
            ("/usr/sbin/tmpwatch 7d /var/lib/motion", "/usr/sbin/tmpwatch"),
            ("x && unlink %f", "unlink"),
        ] {
            assert_eq!(remover(command), Some(word), "{command}");
        }
        for command in [
            "/usr/local/bin/owlery ended /var/lib/motion -- %f",
            "docker run --rm mailer %f",
            "/usr/bin/touch /var/lib/motion/queue/Camera%t_%Y-%m-%d_%v",
            "/opt/alarm.rm.sh",
            "rsync --delete-missing-args %f nas:/",
            "",
        ] {
            assert_eq!(remover(command), None, "{command}");
        }
    }
}
