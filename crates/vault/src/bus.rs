use async_trait::async_trait;
use keyfold_wire::{AccountId, EnrolmentId};

/// What moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// A chain of this account has a new head.
    Account(AccountId),
    /// This enrolment has taken a step.
    Enrolment(EnrolmentId),
}

/// Tells those who wait that something moved, never what. It may lose or repeat a word: whoever hears one looks at the
/// truth, and looks again now and then if none comes.
pub trait Bus: Send + Sync {
    /// Wakes everyone who waits for the topic. Never blocks.
    fn publish(&self, topic: Topic);

    /// Begins to listen.
    fn subscribe(&self, topic: Topic) -> Box<dyn Subscription>;

    /// Has this called for what moved on other replicas, before those who listen are woken. A bus without others never
    /// calls it.
    fn overhear(&self, ear: Ear) {
        drop(ear);
    }

    /// Whether words reach other processes, and theirs this one. On a bus without others they always do.
    fn is_up(&self) -> bool {
        true
    }

    /// Words that are not sent to other processes yet.
    fn waiting(&self) -> usize {
        0
    }
}

/// Hears what moved elsewhere; `None` if anything may have.
pub type Ear = Box<dyn Fn(Option<Topic>) + Send + Sync>;

/// One listener.
#[async_trait]
pub trait Subscription: Send {
    /// Returns once the topic has moved since the last return (or since the subscription), at once if it already has.
    /// Several moves may be told as one.
    async fn moved(&mut self);
}
