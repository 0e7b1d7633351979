//! Waking those who wait in this process. How other processes' changes come in is each backend's matter.

use std::time::Duration;

use recado_ports::events::Topic;
use tokio::sync::watch;

/// What a commit is news for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    /// Nobody.
    Nothing,
    /// [`Topic::Outbox`].
    Outbox,
    /// [`Topic::Log`].
    Log,
    /// Both topics.
    Both,
}

impl News {
    /// Both sets of topics together.
    pub(crate) fn and(self, other: Self) -> Self {
        match (
            self.is_for(Topic::Outbox) || other.is_for(Topic::Outbox),
            self.is_for(Topic::Log) || other.is_for(Topic::Log),
        ) {
            (true, true) => Self::Both,
            (true, false) => Self::Outbox,
            (false, true) => Self::Log,
            (false, false) => Self::Nothing,
        }
    }

    /// Whether those who wait for the topic want to know.
    pub(crate) fn is_for(self, topic: Topic) -> bool {
        match topic {
            Topic::Outbox => matches!(self, Self::Outbox | Self::Both),
            Topic::Log => matches!(self, Self::Log | Self::Both),
        }
    }
}

/// One channel per topic. A watch channel loses no change that comes after the subscription.
#[derive(Debug)]
pub(crate) struct Wakeups {
    outbox: watch::Sender<()>,
    log: watch::Sender<()>,
}

impl Wakeups {
    pub(crate) fn new() -> Self {
        Self {
            outbox: watch::Sender::new(()),
            log: watch::Sender::new(()),
        }
    }

    /// Ends every call of [`Wakeups::wait`] that the news is for.
    pub(crate) fn spread(&self, news: News) {
        for topic in [Topic::Outbox, Topic::Log] {
            if news.is_for(topic) {
                self.of(topic).send_replace(());
            }
        }
    }

    /// Waits for news that come after the call, or for the time to be up.
    pub(super) async fn wait(&self, topic: Topic, at_most: Duration) {
        let mut receiver = self.of(topic).subscribe();
        // An error means that the store is gone or the time is up; either way the wait is over.
        let _ended = tokio::time::timeout(at_most, receiver.changed()).await;
    }

    /// Whether anybody waits at all.
    pub(crate) fn is_awaited(&self) -> bool {
        [Topic::Outbox, Topic::Log]
            .into_iter()
            .any(|topic| self.of(topic).receiver_count() > 0)
    }

    fn of(&self, topic: Topic) -> &watch::Sender<()> {
        match topic {
            Topic::Outbox => &self.outbox,
            Topic::Log => &self.log,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use std::sync::Arc;

    #[tokio::test]
    async fn news_end_the_waits_of_their_topic_alone() {
        let wakeups = Arc::new(Wakeups::new());
        let long = Duration::from_mins(1);
        let mut of_log = Box::pin(wakeups.wait(Topic::Log, long));
        let mut of_outbox = Box::pin(wakeups.wait(Topic::Outbox, long));
        assert!((&mut of_log).now_or_never().is_none());
        assert!((&mut of_outbox).now_or_never().is_none());
        wakeups.spread(News::Log);
        of_log.await;
        assert!((&mut of_outbox).now_or_never().is_none());
        wakeups.spread(News::Both);
        of_outbox.await;
    }

    #[test]
    fn news_add_up() {
        assert_eq!(News::Nothing.and(News::Log).and(News::Nothing), News::Log);
        assert_eq!(News::Outbox.and(News::Log), News::Both);
    }
}
