//! The movies of an event as a list. Nearly every event has one, which needs no allocation: an archive has a million.

use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::Movie;

/// The movies of an event: the main one first, the others as they were recorded. A slice in every other respect.
/// Serialized as a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Movies(SmallVec<[Movie; 1]>);

impl Movies {
    /// No movies.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Appends a movie.
    pub fn push(&mut self, movie: Movie) {
        self.0.push(movie);
    }

    /// Makes a movie the main one.
    pub fn push_front(&mut self, movie: Movie) {
        self.0.insert(0, movie);
    }

    /// Removes the movies for which `keep` returns false.
    pub fn retain(&mut self, mut keep: impl FnMut(&Movie) -> bool) {
        self.0.retain(|movie| keep(movie));
    }

    /// Removes all movies.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl Deref for Movies {
    type Target = [Movie];

    fn deref(&self) -> &[Movie] {
        &self.0
    }
}

impl DerefMut for Movies {
    fn deref_mut(&mut self) -> &mut [Movie] {
        &mut self.0
    }
}

impl From<Movie> for Movies {
    fn from(movie: Movie) -> Self {
        Self([movie].into())
    }
}

impl FromIterator<Movie> for Movies {
    fn from_iter<I: IntoIterator<Item = Movie>>(movies: I) -> Self {
        Self(movies.into_iter().collect())
    }
}

impl Extend<Movie> for Movies {
    fn extend<I: IntoIterator<Item = Movie>>(&mut self, movies: I) {
        self.0.extend(movies);
    }
}

impl IntoIterator for Movies {
    type Item = Movie;
    type IntoIter = smallvec::IntoIter<[Movie; 1]>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Movies {
    type Item = &'a Movie;
    type IntoIter = std::slice::Iter<'a, Movie>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Container, Details};

    /// A walk moves the details of every event between threads, so their size and allocations are its cost.
    #[test]
    fn one_movie_needs_no_allocation() {
        let movies = Movies::from(Movie::new(Container::Mp4));
        assert!(!movies.0.spilled());
        assert!(size_of::<Details>() <= 184, "{}", size_of::<Details>());
    }
}
