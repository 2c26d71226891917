//! The schemas of names and of lists of names in the OpenAPI document. The parsers are stricter where a pattern cannot express
//! a rule: a day must be in the calendar. The examples are from the sample archive.

use std::borrow::Cow;

use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, SchemaType, Type};
use utoipa::openapi::{KnownFormat, Ref, RefOr, Schema, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use super::{Camera, Day, EventId, EventName, EventSelection};

/// Neither hidden nor with a separator or a control character.
const CAMERA: &str = "^[^./\\x00-\\x1f\\x7f-\\x9f][^/\\x00-\\x1f\\x7f-\\x9f]*$";
/// A time of the day, or the event number of Motion's `%v`.
const NAME: &str = "^(([01][0-9]|2[0-3])-[0-5][0-9]-[0-5][0-9]|0[1-9]|[1-9][0-9]{1,8})$";
/// A camera, a day of the calendar and a name.
const ID: &str = concat!(
    "^[^./\\x00-\\x1f\\x7f-\\x9f][^/\\x00-\\x1f\\x7f-\\x9f]*/",
    "([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))",
    "|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)/",
    "(([01][0-9]|2[0-3])-[0-5][0-9]-[0-5][0-9]|[1-9][0-9]{1,8}|0[1-9][0-9]{0,7}|00[1-9][0-9]{0,6}|000[1-9][0-9]{0,5}",
    "|0000[1-9][0-9]{0,4}|00000[1-9][0-9]{0,3}|000000[1-9][0-9]{0,2}|0000000[1-9][0-9]?|00000000[1-9])$"
);

fn text(pattern: &str, description: &str, example: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .pattern(Some(pattern))
        .description(Some(description))
        .examples([example])
}

macro_rules! named {
    ($($type:ident => $schema:expr;)*) => {$(
        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                RefOr::T(Schema::from($schema))
            }
        }

        impl ToSchema for $type {
            fn name() -> Cow<'static, str> {
                stringify!($type).into()
            }
        }
    )*};
}

named! {
    Camera => text(CAMERA, "a camera's name: that of its directory", "Camera1").max_length(Some(255)).build();
    Day => text("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "a day of the calendar", "2026-11-21")
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date))).build();
    EventName => text(NAME, "an event's name within its day: when it began, or its number", "05-44-39").build();
    EventId => text(ID, "an event: its camera, day and name", "Camera1/2026-11-21/05-44-39").build();
    EventSelection => OneOfBuilder::new()
        .item(ObjectBuilder::new().schema_type(SchemaType::new(Type::String)).enum_values(Some(["all"])))
        .item(ArrayBuilder::new().items(Ref::from_schema_name("EventName")))
        .description(Some("which events of the day: all, or these")).build();
}
