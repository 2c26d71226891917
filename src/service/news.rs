//! The stream of news for whoever follows the archive.

use tokio::sync::broadcast;

use crate::catalog::News;
use crate::event::{Event, EventId};

/// News that wait for a slow follower; one who falls further behind is told to look anew.
pub(super) const WAITING: usize = 1024;

/// One piece of news.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// A new event.
    Added(Event),
    /// Something else is known of an event.
    Changed(Event),
    /// An event is gone.
    Removed(EventId),
    /// News were missed: look at everything anew.
    Reset,
}

impl From<News> for Notice {
    fn from(news: News) -> Self {
        match news {
            News::Added(event) => Self::Added(event),
            News::Changed(event) => Self::Changed(event),
            News::Removed(id) => Self::Removed(id),
        }
    }
}

/// A follower's end of the stream.
#[derive(Debug)]
pub struct Subscription(pub(super) broadcast::Receiver<Notice>);

impl Subscription {
    /// Waits for the next piece of news; `None` when the service has ended. Not for use within an async runtime.
    pub fn wait(&mut self) -> Option<Notice> {
        Self::of(self.0.blocking_recv())
    }

    /// The same for async programs, on any runtime.
    pub async fn next(&mut self) -> Option<Notice> {
        Self::of(self.0.recv().await)
    }

    fn of(received: Result<Notice, broadcast::error::RecvError>) -> Option<Notice> {
        match received {
            Ok(notice) => Some(notice),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Notice::Reset),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}
