//! The marker that Motion's `on_event_end` touches in `queue/` in the frames-only layout:
//! `queue/Camera1_2026-11-20_05`. It means that Motion has ended the event; a manager removes it when it processes the
//! event.

use std::fmt;
use std::str::FromStr;

use super::EventId;
use crate::error::Error;

/// A marker's name, which contains an event's id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct QueueMarker(pub EventId);

impl FromStr for QueueMarker {
    type Err = Error;

    /// Parsed from the right, since a camera's name may contain an underscore.
    fn from_str(text: &str) -> Result<Self, Error> {
        let mut parts = text.rsplitn(3, '_');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(name), Some(day), Some(camera)) => {
                Ok(Self(EventId { camera: camera.parse()?, day: day.parse()?, name: name.parse()? }))
            }
            _ => Err(Error::Name { what: "a marker such as Camera1_2026-11-20_05", text: text.to_owned() }),
        }
    }
}

impl fmt::Display for QueueMarker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}_{}", self.0.camera, self.0.day, self.0.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_camera_may_hold_an_underscore() {
        let marker: QueueMarker = "Camera_Front_2026-11-20_05".parse().unwrap();
        assert_eq!(marker.0.camera.as_str(), "Camera_Front");
        assert_eq!(marker.to_string(), "Camera_Front_2026-11-20_05");
        assert!("Camera1_2026-11-20".parse::<QueueMarker>().is_err());
        assert!("../x_2026-11-20_05".parse::<QueueMarker>().is_err());
    }
}
