//! Descriptions of parameters for the OpenAPI document. `values` parses them.

use std::borrow::Cow;

use utoipa::openapi::schema::{
    AdditionalProperties, AnyOfBuilder, ArrayBuilder, ArrayItems, ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type,
};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use crate::engine::derive::Width;
use crate::event::{Camera, Day, EventId, EventName};

/// A day of the calendar, with the days of each month and leap years.
macro_rules! day {
    () => {
        concat!(
            "([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))",
            "|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)"
        )
    };
}

/// A time of the day.
macro_rules! clock {
    () => {
        "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    };
}

const DAY: &str = concat!("^", day!(), "$");
const TIME: &str = concat!("^", day!(), "[ T]", clock!(), "$");
/// A fraction from 0 to 1.
macro_rules! fraction {
    () => {
        "(0(\\.[0-9]{1,18})?|1(\\.0{1,18})?)"
    };
}

const REGION: &str = concat!("^", fraction!(), "(,", fraction!(), "){3}$");
/// A few centuries at most.
const SPAN: &str = "^([0-9]{1,9}s|[0-9]{1,8}m|[0-9]{1,6}h|[0-9]{1,5}d|[0-9]{1,4}w|[0-9]{1,3}y)$";
const CURSOR: &str = concat!(
    "^",
    day!(),
    "T",
    clock!(),
    "/[^./\\x00-\\x1f\\x7f-\\x9f][^/\\x00-\\x1f\\x7f-\\x9f]{0,62}/",
    day!(),
    "/(([01][0-9]|2[0-3])-[0-5][0-9]-[0-5][0-9]|0[1-9]|[1-9][0-9]{1,8})$"
);

/// A time, as users write it.
pub(crate) struct Moment;

/// The `next` of an earlier page of events.
pub(crate) struct CursorText;

/// A rectangle of the picture.
pub(crate) struct RegionText;

/// The width of a thumbnail in pixels.
pub(crate) struct ThumbnailPixels;

impl PartialSchema for ThumbnailPixels {
    fn schema() -> RefOr<Schema> {
        let widths = Width::ALL.map(Width::pixels);
        let integer = ObjectBuilder::new().schema_type(SchemaType::new(Type::Integer));
        integer.enum_values(Some(widths)).description(Some("the width of a thumbnail in pixels")).into()
    }
}

impl ToSchema for ThumbnailPixels {
    fn name() -> Cow<'static, str> {
        "ThumbnailWidth".into()
    }
}

/// The path of an event.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code)] // only its description is used; `Viewer::event_id` parses it
pub(crate) struct EventPath {
    camera: Camera,
    date: Day,
    time: EventName,
}

/// The name of a file of an event.
pub(crate) struct FileName;

impl PartialSchema for FileName {
    fn schema() -> RefOr<Schema> {
        text("^[^./\\x00-\\x1f\\x7f-\\x9f][^/\\x00-\\x1f\\x7f-\\x9f]*$", "the name of a file of an event")
            .max_length(Some(255))
            .examples(["video.mp4", "05-44-39-00.jpg"])
            .into()
    }
}

impl ToSchema for FileName {
    fn name() -> Cow<'static, str> {
        "FileName".into()
    }
}

/// The key of an entry of the media cache.
pub(crate) struct CacheKey;

impl PartialSchema for CacheKey {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::String))
            .description(Some("the key, percent-encoded, of at most 4,096 bytes"))
            .min_length(Some(1)) // a limit of bytes cannot be expressed
            .examples(["http://camera/1.jpg"])
            .into()
    }
}

impl ToSchema for CacheKey {
    fn name() -> Cow<'static, str> {
        "CacheKey".into()
    }
}

/// A part of a folder's path: not empty, `.` or `..`, and without slashes, backslashes and control characters.
#[cfg(feature = "stores")]
macro_rules! part {
    () => {
        concat!(
            "([^./\\\\\\x00-\\x1f\\x7f-\\x9f][^/\\\\\\x00-\\x1f\\x7f-\\x9f]*",
            "|\\.[^./\\\\\\x00-\\x1f\\x7f-\\x9f][^/\\\\\\x00-\\x1f\\x7f-\\x9f]*",
            "|\\.\\.[^/\\\\\\x00-\\x1f\\x7f-\\x9f]+)"
        )
    };
}

/// A folder of a store.
#[cfg(feature = "stores")]
pub(crate) struct FolderText;

#[cfg(feature = "stores")]
impl PartialSchema for FolderText {
    fn schema() -> RefOr<Schema> {
        const FOLDER: &str = concat!("^(", part!(), "(/", part!(), ")*)?$"); // a limit of bytes cannot be expressed
        text(FOLDER, "a folder of a store, of at most 1,024 bytes").examples(["garage/Camera1/2026-11-20"]).into()
    }
}

#[cfg(feature = "stores")]
impl ToSchema for FolderText {
    fn name() -> Cow<'static, str> {
        "Folder".into()
    }
}

/// The name of a store.
#[cfg(feature = "stores")]
pub(crate) struct StoreText;

#[cfg(feature = "stores")]
impl PartialSchema for StoreText {
    fn schema() -> RefOr<Schema> {
        text("^[a-z][a-z0-9-]{0,39}$", "the name of a store").examples(["offsite"]).into()
    }
}

#[cfg(feature = "stores")]
impl ToSchema for StoreText {
    fn name() -> Cow<'static, str> {
        "StoreName".into()
    }
}

/// The events of a review: named ones, or all of cameras and of a range of starts.
pub(crate) struct ReviewBody;

impl PartialSchema for ReviewBody {
    fn schema() -> RefOr<Schema> {
        let form = || {
            let reviewed = ObjectBuilder::new().schema_type(SchemaType::new(Type::Boolean));
            let reviewed = reviewed.description(Some("whether they were reviewed"));
            let form = ObjectBuilder::new().property("reviewed", reviewed).required("reviewed");
            form.additional_properties(Some(AdditionalProperties::FreeForm(false)))
        };
        let events = ArrayBuilder::new().items(EventId::schema()).max_items(Some(1000));
        let cameras = ArrayBuilder::new().items(Camera::schema());
        OneOfBuilder::new()
            .item(form().property("events", events).required("events"))
            .item(
                form()
                    .property("camera", cameras)
                    .property("from", Moment::schema())
                    .property("to", Moment::schema())
                    .min_properties(Some(2)),
            )
            .into()
    }
}

impl ToSchema for ReviewBody {
    fn name() -> Cow<'static, str> {
        "ReviewRequest".into()
    }
}

/// A camera's name and the port of its live stream.
pub(crate) struct StrixCamera;

impl PartialSchema for StrixCamera {
    fn schema() -> RefOr<Schema> {
        let port = ObjectBuilder::new().schema_type(SchemaType::new(Type::Integer)).minimum(Some(0));
        ArrayBuilder::new()
            .prefix_items([
                Schema::from(ObjectBuilder::new().schema_type(SchemaType::new(Type::String))),
                Schema::from(port.maximum(Some(u16::MAX))),
            ])
            .items(ArrayItems::False)
            .description(Some("a camera's name, and the port of its live stream or 0"))
            .into()
    }
}

impl ToSchema for StrixCamera {
    fn name() -> Cow<'static, str> {
        "StrixCamera".into()
    }
}

/// The direction of a list.
#[derive(serde::Deserialize, ToSchema)]
#[schema(as = Order)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Direction {
    Desc,
    Asc,
}

fn text(pattern: &str, description: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .pattern(Some(pattern))
        .description(Some(description))
}

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        let date = SchemaFormat::KnownFormat(KnownFormat::Date);
        AnyOfBuilder::new()
            .item(text(DAY, "a day").format(Some(date)))
            .item(text(TIME, "a moment of the cameras' wall time"))
            .item(text(SPAN, "a span back from now"))
            .description(Some("a time: a day, a moment of the cameras' wall time, or a span back from now"))
            .examples(["2026-11-21", "2026-11-21 05:44:39", "2026-11-21T05:44:39", "3d"])
            .into()
    }
}

impl ToSchema for Moment {
    fn name() -> Cow<'static, str> {
        "Moment".into()
    }
}

impl PartialSchema for RegionText {
    fn schema() -> RefOr<Schema> {
        let what = "a rectangle of the picture, `x0,y0,x1,y1`: its left, upper, right and lower edge as fractions of the \
                    picture's width and height; x0 < x1 and y0 < y1";
        text(REGION, what).examples(["0,0.5,0.25,1"]).into()
    }
}

impl ToSchema for RegionText {
    fn name() -> Cow<'static, str> {
        "Region".into()
    }
}

impl PartialSchema for CursorText {
    fn schema() -> RefOr<Schema> {
        text(CURSOR, "the `next` of an earlier page")
            .examples(["2026-11-21T05:45:25/Camera1/2026-11-21/05-45-26"])
            .into()
    }
}

impl ToSchema for CursorText {
    fn name() -> Cow<'static, str> {
        "Cursor".into()
    }
}
