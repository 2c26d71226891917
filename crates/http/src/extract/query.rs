//! The names in a path, and query parameters as serde structs. Such a struct has `deny_unknown_fields`, and derives its
//! documentation with `utoipa::IntoParams`.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_html_form::Deserializer;
use serde_path_to_error::{Error, Segment};

use crate::problem::Problem;

/// The query parameters of a request. The rejection names the parameter, its value, and what is allowed.
///
/// A handler that checks the user's role first takes a `Result<Params<T>, Problem>`.
#[derive(Default)]
pub(crate) struct Params<T>(pub T);

/// No parameters: a query is refused.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Empty {}

/// The query of a route without parameters.
pub(crate) type NoParams = Params<Empty>;

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parse(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

fn parse<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let deserializer = Deserializer::from_bytes(query.as_bytes());
    serde_path_to_error::deserialize(deserializer).map_err(|error| problem(query, &error))
}

fn problem(query: &str, error: &Error<serde_html_form::de::Error>) -> Problem {
    let mut path = error.path().iter();
    let name = match path.next() {
        Some(Segment::Map { key }) => key.as_str(),
        _ => "",
    };
    let message = error.inner().to_string();
    if let Some(rest) = message.strip_prefix("unknown field") {
        let rest = rest.replace("there are no fields", "there are no parameters here");
        return Problem::parameter(name, format!("unknown parameter{rest}"));
    }
    let pairs: Vec<(String, String)> = serde_html_form::from_str(query).unwrap_or_default();
    let values: Vec<String> = pairs.into_iter().filter(|(key, _)| key == name).map(|(_, value)| value).collect();
    let index = match path.next() {
        Some(Segment::Seq { index }) => *index,
        _ if values.len() > 1 => return Problem::parameter(name, format!("{name} is given more than once")),
        _ => 0,
    };
    let value = values.get(index).map(String::as_str).unwrap_or_default();
    Problem::parameter(name, format!("{name}={value:?}: {message}"))
}

/// The decoded names of a path; 404 if they cannot be decoded.
pub(crate) struct Names<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Names<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(names)| Self(names)).map_err(|_| Problem::not_found())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Camera;
    use crate::extract::values::{Flag, Limit};

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Example {
        #[serde(default)]
        camera: Vec<Camera>,
        limit: Option<Limit>,
        saved: Option<Flag>,
    }

    #[test]
    fn parameters_are_parsed() {
        let parsed: Example = parse("camera=A&limit=5&camera=B%20c&saved=true").unwrap();
        assert_eq!(parsed.camera.iter().map(Camera::as_str).collect::<Vec<_>>(), ["A", "B c"]);
        assert_eq!((parsed.limit.map(|limit| limit.0), parsed.saved.map(|saved| saved.0)), (Some(5), Some(true)));
        let empty: Example = parse("").unwrap();
        assert!(empty.camera.is_empty() && empty.limit.is_none() && empty.saved.is_none());
    }

    #[test]
    fn problems_name_parameter_value_and_rule() {
        for (query, message) in [
            ("limit=x", "limit=\"x\": expected a number from 1 to 1000"),
            ("limit=1001", "limit=\"1001\": expected a number from 1 to 1000"),
            ("limit=1&limit=2", "limit is given more than once"),
            ("saved=on", "saved=\"on\": expected true or false"),
            ("kamera=A", "unknown parameter `kamera`, expected one of `camera`, `limit`, `saved`"),
        ] {
            let problem = serde_json::to_value(parse::<Example>(query).unwrap_err()).unwrap();
            assert_eq!((&problem["status"], &problem["detail"]), (&400.into(), &message.into()), "{query}");
        }
        let problem = serde_json::to_value(parse::<Example>("camera=A&camera=..").unwrap_err()).unwrap();
        assert!(problem["detail"].as_str().unwrap().starts_with("camera=\"..\": "), "{problem}");
        assert!(parse::<Empty>("x=1").is_err() && parse::<Empty>("").is_ok());
    }
}
