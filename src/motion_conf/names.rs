//! Motion's conversion specifiers in names of files: rendered for a sample as far as their values can be predicted, or with
//! only those filled in that are the same for all files of a camera.

/// The file that a name is rendered for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    hour_minute: &'static str,
    second: &'static str,
    epoch: &'static str,
    movie: u32,
    event: u32,
}

impl Sample {
    /// The first file of an event.
    pub(super) const FIRST: Self = Self { hour_minute: "10:04", second: "36", epoch: "1795169076", movie: 1, event: 1 };
    /// A later file of the same event.
    pub(super) const LATER: Self = Self { hour_minute: "10:05", second: "37", epoch: "1795169137", movie: 2, event: 1 };
    /// The first file of another event of the same second: only event numbers differ.
    pub(super) const OTHER_EVENT: Self = Self { event: 2, ..Self::FIRST };

    fn clock(self) -> String {
        format!("{}:{}", self.hour_minute, self.second)
    }
}

/// Which of a camera's constants [`Specifiers::fill`] fills in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fill {
    /// `%C`, `%t` and `%$`.
    All,
    /// `%C` only, so that the names tell the camera.
    AllButCamera,
}

/// The values of the specifiers that depend on the camera.
#[derive(Debug, Clone, Copy)]
pub(super) struct Specifiers<'a> {
    /// `%t`.
    pub id: i64,
    /// `%$`.
    pub camera: Option<&'a str>,
    /// `text_event`, which is `%C`: Motion renders it once, when an event begins.
    pub event: &'a str,
}

/// A piece of a name.
enum Piece<'a> {
    Text(&'a str),
    Specifier {
        width: usize,
        letter: char,
    },
    /// `%{word}`.
    Word(&'a str),
}

impl Specifiers<'_> {
    /// Renders the name of a file.
    pub(super) fn render(&self, name: &str, sample: Sample) -> String {
        pieces(name).map(|piece| self.piece(&piece, sample, true)).collect()
    }

    /// Fills in what is the same for all files of the camera; the other specifiers stay. `%R`, which patterns of a layout do
    /// not have, is written out, and so is the default width of `%v`.
    pub(super) fn fill(&self, name: &str, fill: Fill) -> String {
        pieces(name).map(|piece| self.filled(&piece, fill, true)).collect()
    }

    fn filled(&self, piece: &Piece<'_>, fill: Fill, may_nest: bool) -> String {
        let (width, letter) = match *piece {
            Piece::Text(text) => return text.replace('%', "%%"),
            Piece::Word(word) => return format!("%{{{word}}}"),
            Piece::Specifier { width, letter } => (width.min(9), letter),
        };
        match (letter, self.camera) {
            ('t', _) if fill == Fill::All => format!("{:width$}", self.id),
            ('$', Some(name)) if fill == Fill::All => name.replace('%', "%%"),
            ('C', _) if may_nest => pieces(self.event).map(|piece| self.filled(&piece, fill, false)).collect(),
            ('R', _) => "%H:%M".to_owned(),
            ('v', _) if width <= 2 => "%v".to_owned(),
            _ if width > 0 => format!("%{width}{letter}"),
            _ => format!("%{letter}"),
        }
    }

    fn piece(&self, piece: &Piece<'_>, sample: Sample, may_nest: bool) -> String {
        let (width, letter) = match *piece {
            Piece::Text(text) => return text.to_owned(),
            Piece::Word("movienbr") => return sample.movie.to_string(),
            Piece::Word(_) => return "x".to_owned(),
            Piece::Specifier { width, letter } => (width.min(9), letter),
        };
        match letter {
            '%' => "%".to_owned(),
            't' => format!("{:width$}", self.id),
            '$' => self.camera.unwrap_or("x").to_owned(),
            'C' if may_nest => {
                let begun = Sample { event: sample.event, ..Sample::FIRST };
                pieces(self.event).map(|piece| self.piece(&piece, begun, false)).collect()
            }
            'v' => format!("{:0width$}", sample.event, width = width.max(2)),
            'q' => "00".to_owned(),
            'Y' => "2026".to_owned(),
            'y' => "26".to_owned(),
            'm' => "11".to_owned(),
            'd' => "20".to_owned(),
            'F' => "2026-11-20".to_owned(),
            'H' => sample.hour_minute[..2].to_owned(),
            'M' => sample.hour_minute[3..].to_owned(),
            'R' => sample.hour_minute.to_owned(),
            'S' => sample.second.to_owned(),
            's' => sample.epoch.to_owned(),
            'T' | 'X' | 'c' | 'r' => sample.clock(),
            _ => "x".to_owned(),
        }
    }
}

fn pieces(name: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = name;
    std::iter::from_fn(move || {
        let Some(at) = rest.find('%').filter(|at| at + 1 < rest.len()) else {
            return Some(Piece::Text(std::mem::take(&mut rest))).filter(|piece| !matches!(piece, Piece::Text("")));
        };
        if at > 0 {
            let (text, after) = rest.split_at(at);
            rest = after;
            return Some(Piece::Text(text));
        }
        let after = &rest[1..];
        if let Some((word, after)) = after.strip_prefix('{').and_then(|after| after.split_once('}')) {
            rest = after;
            return Some(Piece::Word(word));
        }
        let letters = after.trim_start_matches(|digit: char| digit.is_ascii_digit());
        let width = after[..after.len() - letters.len()].parse().unwrap_or(0);
        let mut letters = letters.chars();
        let letter = letters.next();
        rest = letters.as_str();
        Some(letter.map_or(Piece::Text(""), |letter| Piece::Specifier { width, letter }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Motion 4.5.1 does: `%02t` is padded with a blank, `%3v` with zeros.
    #[test]
    fn specifiers_are_rendered_as_motion_does() {
        let specifiers = Specifiers { id: 2, camera: Some("my cam"), event: "%Y-%m-%d/%H-%M-%S %C" };
        for (name, first, later) in [
            ("Camera%t/%C/%q", "Camera2/2026-11-20/10-04-36 x/00", "Camera2/2026-11-20/10-04-36 x/00"),
            ("Camera%02t/%3v-%v", "Camera 2/001-01", "Camera 2/001-01"),
            ("%%-%$-%{host}/%F_%T", "%-my cam-x/2026-11-20_10:04:36", "%-my cam-x/2026-11-20_10:05:37"),
            ("video-%{movienbr}", "video-1", "video-2"),
            ("100%", "100%", "100%"),
            ("%9", "", ""),
            ("%{open", "xopen", "xopen"),
            ("\u{fc}%\u{fc}", "\u{fc}x", "\u{fc}x"),
        ] {
            assert_eq!(specifiers.render(name, Sample::FIRST), first, "{name}");
            assert_eq!(specifiers.render(name, Sample::LATER), later, "{name}");
        }
    }
    /// What differs from file to file stays a specifier.
    #[test]
    fn constants_are_filled_in() {
        let specifiers = Specifiers { id: 2, camera: Some("50% cam"), event: "%Y-%m-%d/%H-%M-%S %C" };
        for (name, all, but_camera) in [
            ("Camera%t/%C/%q", "Camera2/%Y-%m-%d/%H-%M-%S %C/%q", "Camera%t/%Y-%m-%d/%H-%M-%S %C/%q"),
            ("%02t-%02v-%3v", " 2-%v-%3v", "%2t-%v-%3v"),
            ("%$%%-%F_%R", "50%% cam%%-%F_%H:%M", "%$%%-%F_%H:%M"),
            ("%v-%{movienbr}-%3q", "%v-%{movienbr}-%3q", "%v-%{movienbr}-%3q"),
            ("100%", "100%%", "100%%"),
        ] {
            assert_eq!(specifiers.fill(name, Fill::All), all, "{name}");
            assert_eq!(specifiers.fill(name, Fill::AllButCamera), but_camera, "{name}");
        }
    }
}
