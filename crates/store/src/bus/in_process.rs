use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use keyfold_vault::{Bus, Subscription, Topic};
use tokio::sync::watch;

/// A bus for one process. Each topic is one counter that listeners watch: a slow listener costs nothing and hears
/// several moves as one.
#[derive(Debug, Clone, Default)]
pub struct InProcessBus {
    topics: Arc<Mutex<HashMap<Topic, watch::Sender<u64>>>>,
}

#[derive(Debug)]
struct Listener {
    bus: InProcessBus,
    topic: Topic,
    moves: watch::Receiver<u64>,
}

impl InProcessBus {
    /// Wakes everyone, whatever they listen to.
    pub(super) fn wake_all(&self) {
        for moves in self.topics.lock().unwrap_or_else(PoisonError::into_inner).values() {
            moves.send_modify(|count| *count = count.wrapping_add(1));
        }
    }
}

impl Bus for InProcessBus {
    fn publish(&self, topic: Topic) {
        let topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(moves) = topics.get(&topic) {
            moves.send_modify(|count| *count = count.wrapping_add(1));
        }
    }

    fn subscribe(&self, topic: Topic) -> Box<dyn Subscription> {
        let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        let moves = topics.entry(topic).or_insert_with(|| watch::Sender::new(0)).subscribe();
        Box::new(Listener { bus: self.clone(), topic, moves })
    }
}

#[async_trait]
impl Subscription for Listener {
    async fn moved(&mut self) {
        // The sender stays in the map as long as this listener lives, so the channel cannot close.
        if self.moves.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut topics = self.bus.topics.lock().unwrap_or_else(PoisonError::into_inner);
        // This listener's own receiver still counts.
        if topics.get(&self.topic).is_some_and(|moves| moves.receiver_count() <= 1) {
            topics.remove(&self.topic);
        }
    }
}

#[cfg(test)]
mod tests {
    use keyfold_vault::storage::AccountId;

    use super::*;

    const ANA: Topic = Topic::Account(AccountId::new([1; 16]));
    const BEN: Topic = Topic::Account(AccountId::new([2; 16]));

    #[tokio::test]
    async fn a_listener_hears_moves_since_it_subscribed_and_only_its_own() {
        let bus = InProcessBus::default();
        bus.publish(ANA);
        let mut ana = bus.subscribe(ANA);
        let mut ben = bus.subscribe(BEN);
        bus.publish(ANA);
        bus.publish(ANA);

        ana.moved().await;
        tokio::select! {
            biased;
            () = ana.moved() => panic!("two moves are told as one"),
            () = ben.moved() => panic!("another's move is not heard"),
            () = std::future::ready(()) => {}
        }
    }

    #[tokio::test]
    async fn a_topic_that_nobody_listens_to_takes_no_memory() {
        let bus = InProcessBus::default();
        let (first, second) = (bus.subscribe(ANA), bus.subscribe(ANA));
        drop(first);
        assert_eq!(bus.topics.lock().unwrap().len(), 1);
        drop(second);
        assert_eq!(bus.topics.lock().unwrap().len(), 0);
    }
}
