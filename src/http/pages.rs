//! The pages that were answered last, as they were sent: many clients ask for the same one, and it is the same until the
//! catalog changes.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;

use super::prefix::Prefix;
use crate::catalog::Query;

/// What a page depends on: its URLs begin with the prefix.
type Asked = (Prefix, Query);

/// The most bytes that are kept; then all are forgotten.
const MOST: usize = 2 << 20;
/// What a place for a page takes beside the page and its question, about.
const PLACE: usize = 128;

/// Pages of one generation of the catalog. Written and read by every request for a page.
#[derive(Debug, Default)]
pub(super) struct Pages(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    generation: u64,
    /// What pages and questions take, about.
    bytes: usize,
    pages: HashMap<Asked, Bytes>,
}

impl Pages {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The page, if it was made at this generation.
    pub fn get(&self, generation: u64, asked: &Asked) -> Option<Bytes> {
        let kept = self.lock();
        if kept.generation == generation { kept.pages.get(asked).cloned() } else { None }
    }

    /// Keeps a page. The generation is that from before the page was made.
    pub fn put(&self, generation: u64, asked: Asked, page: Bytes) {
        let mut kept = self.lock();
        // An empty page can have a long question.
        let weight = PLACE + asked.0.as_str().len() + asked.1.weight() + page.len();
        if generation < kept.generation || weight > MOST / 4 {
            return; // made from what is not true any more, or not worth its place
        }
        if generation > kept.generation || kept.bytes + weight > MOST {
            *kept = Kept { generation, ..Kept::default() };
        }
        if kept.pages.insert(asked, page).is_none() {
            kept.bytes += weight; // at one generation, a question has one answer
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: Query) -> Asked {
        (Prefix::default(), query)
    }

    #[test]
    fn a_page_is_that_of_its_generation_and_its_query() {
        let pages = Pages::default();
        let (all, one) = (asked(Query::new()), asked(Query::new().camera("Camera1")));
        pages.put(1, all.clone(), Bytes::from_static(b"all"));
        pages.put(1, one.clone(), Bytes::from_static(b"one"));
        assert_eq!(pages.get(1, &all).as_deref(), Some(&b"all"[..]));
        assert_eq!(pages.get(2, &all), None, "something has changed");
        pages.put(2, one.clone(), Bytes::from_static(b"new"));
        pages.put(1, all.clone(), Bytes::from_static(b"late"));
        assert_eq!((pages.get(1, &all), pages.get(2, &all)), (None, None));
        assert_eq!(pages.get(2, &one).as_deref(), Some(&b"new"[..]));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let pages = Pages::default();
        for limit in 1..=50 {
            pages.put(1, asked(Query::new().limit(limit)), Bytes::from(vec![0; MOST / 10]));
            assert!(pages.lock().bytes <= MOST && pages.lock().pages.len() <= 10);
        }
    }

    #[test]
    fn long_questions_with_empty_answers_filled_the_memory() {
        let pages = Pages::default();
        let cameras = |query: Query, n: usize| query.camera(format!("Camera{n}"));
        for seconds in 0..2000 {
            let query = (0..1000).fold(Query::new().min_seconds(seconds), cameras);
            pages.put(1, asked(query), Bytes::from_static(b"{}"));
        }
        let kept = pages.lock();
        let keys: usize = kept.pages.keys().map(|(_, query)| query.weight()).sum();
        assert!(!kept.pages.is_empty() && keys <= MOST, "{} pages", kept.pages.len());
    }
}
