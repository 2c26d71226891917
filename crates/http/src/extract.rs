//! Typed input of requests: names in the path, query parameters and JSON bodies. Invalid input becomes a problem document that
//! names the parameter.

pub(crate) mod body;
mod query;
pub(crate) mod schema;
pub(crate) mod values;

pub(crate) use query::{Names, NoParams, Params};
