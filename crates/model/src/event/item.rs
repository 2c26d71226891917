//! Some events of one day and the reason why something is done with them: the line of a plan, of a pass and of its
//! manifest.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Camera, Day, EventName, Reason, reason};

/// Which events of a day.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum EventSelection {
    /// The whole day.
    All,
    /// These.
    Some(Vec<EventName>),
}

/// Some events of one day, with a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Item {
    /// The camera.
    pub camera: Camera,
    /// The day of their directory.
    pub day: Day,
    /// Which of its events.
    pub events: EventSelection,
    /// The number of events.
    pub count: u64,
    /// The sum of their bytes; `None` while some are not measured.
    pub bytes: Option<u64>,
    /// The space that removing them frees (allocated blocks; a file with several links frees nothing), if it was
    /// measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frees: Option<u64>,
    /// The reason.
    #[serde(flatten, with = "reason::keys")]
    #[cfg_attr(feature = "schema", schema(inline = false, value_type = reason::keys::Keys))]
    pub reason: Reason,
}

impl Item {
    /// The restored events of a day; none if there are none.
    pub fn restored(camera: &Camera, day: Day, events: Vec<EventName>, reason: Reason) -> Option<Self> {
        (!events.is_empty()).then(|| Self {
            camera: camera.clone(),
            day,
            count: events.len() as u64,
            events: EventSelection::Some(events),
            bytes: None,
            frees: None,
            reason,
        })
    }

    /// A day that has no events, as a whole.
    pub fn without_events(camera: &Camera, day: Day, reason: Reason) -> Self {
        let (camera, events) = (camera.clone(), EventSelection::All);
        Self { camera, day, events, count: 0, bytes: None, frees: None, reason }
    }

    /// The events that it names; none if it is the whole day.
    pub fn names(&self) -> &[EventName] {
        match &self.events {
            EventSelection::All => &[],
            EventSelection::Some(names) => names,
        }
    }
}

impl Serialize for EventSelection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => serializer.serialize_str("all"),
            Self::Some(names) => names.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for EventSelection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Word(String),
            Names(Vec<EventName>),
        }
        match Form::deserialize(deserializer)? {
            Form::Word(word) if word == "all" => Ok(Self::All),
            Form::Word(word) => Err(serde::de::Error::custom(format!("{word:?} is neither \"all\" nor a list"))),
            Form::Names(names) => Ok(Self::Some(names)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_round_as_json() {
        for text in [
            r#"{"camera":"Camera1","day":"2026-09-30","events":"all","count":12,"bytes":123,"reason":"saved","rule":{"kind":"saved"}}"#,
            r#"{"camera":"Camera1","day":"2026-09-30","events":["10-04-36","01"],"count":2,"bytes":null,"reason":"x"}"#,
        ] {
            let item: Item = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&item).unwrap(), text);
        }
        let bad = r#"{"camera":"Camera1","day":"2026-09-30","events":"some","count":1,"bytes":1,"reason":"x"}"#;
        assert!(serde_json::from_str::<Item>(bad).is_err());
    }
}
