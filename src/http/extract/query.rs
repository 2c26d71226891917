//! Names in the path, and query parameters. Unknown, repeated and invalid parameters are refused by name.

use std::str::FromStr;

use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Path, Query as Pairs};
use axum::http::StatusCode;
use axum::http::request::Parts;
use chrono::NaiveDateTime;
use serde::de::DeserializeOwned;

use crate::clock::Now;
use crate::event::{Camera, State};
use crate::http::problem::Problem;
use crate::time::{End, parse};

/// What axum makes of a query string.
pub(crate) type RawParams = Result<Pairs<Vec<(String, String)>>, QueryRejection>;

/// The parameters that were not asked for yet.
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    pub fn new(raw: RawParams) -> Result<Self, Problem> {
        match raw {
            Ok(Pairs(pairs)) => Ok(Self(pairs)),
            Err(_) => Err(Problem::new(StatusCode::BAD_REQUEST, "the query cannot be read")),
        }
    }

    /// Every value of a parameter that may repeat.
    pub fn all(&mut self, name: &str) -> Vec<String> {
        let (found, rest) = std::mem::take(&mut self.0).into_iter().partition(|(key, _)| key == name);
        self.0 = rest;
        let found: Vec<(String, String)> = found;
        found.into_iter().map(|(_, value)| value).collect()
    }

    /// The cameras that a parameter names, which may repeat.
    pub fn cameras(&mut self, name: &str) -> Result<Vec<Camera>, Problem> {
        let parse = |text: String| text.parse().map_err(|error| Problem::parameter(name, format!("{error}")));
        self.all(name).into_iter().map(parse).collect()
    }

    /// The value of a parameter that may come once.
    pub fn text(&mut self, name: &str) -> Result<Option<String>, Problem> {
        let mut values = self.all(name);
        let value = values.pop();
        if values.is_empty() { Ok(value) } else { Err(Problem::parameter(name, format!("{name} is given twice"))) }
    }

    pub fn parsed<T: FromStr>(&mut self, name: &str, what: &str) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| Problem::parameter(name, format!("{name}={text:?} is not {what}")))
    }

    pub fn state(&mut self, name: &str) -> Result<Option<State>, Problem> {
        let Some(word) = self.text(name)? else { return Ok(None) };
        State::of(&word)
            .map(Some)
            .ok_or_else(|| Problem::parameter(name, format!("{name} is open, complete or interrupted")))
    }

    pub fn time(&mut self, name: &str, end: End, now: Now) -> Result<Option<NaiveDateTime>, Problem> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        parse(&text, end, now).map(Some).map_err(|error| Problem::parameter(name, format!("{name}: {error}")))
    }

    /// Refuses what is left over.
    pub fn end(self) -> Result<(), Problem> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => Err(Problem::parameter(name, format!("there is no parameter {name:?}"))),
        }
    }
}

/// The names in a path, decoded. Where one cannot be, there is nothing.
pub(crate) struct Names<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Names<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(names)| Self(names)).map_err(|_| Problem::not_found())
    }
}
