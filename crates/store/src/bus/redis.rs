use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::StreamExt;
use keyfold_vault::{Bus, Ear, Subscription, Topic};
use redis::{AsyncConnectionConfig, Client, RedisError, aio::MultiplexedConnection};
use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::{InProcessBus, RedisUrl, word::Word};

/// A bus for all processes on one Redis. It carries only what may be lost: while Redis is away, words stay within their
/// process, and whoever listens is woken when it is back, in case there was one.
pub struct RedisBus {
    local: InProcessBus,
    speaker: [u8; 8],
    said: Sender<Word>,
    ears: Ears,
    tasks: [JoinHandle<()>; 2],
}

type Ears = Arc<Mutex<Vec<Ear>>>;

impl RedisBus {
    /// Begins to connect, and goes on to as long as the bus lives. `speaker` tells this process from all others.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn start(url: &RedisUrl, speaker: [u8; 8]) -> Self {
        let (local, ears) = (InProcessBus::default(), Ears::default());
        let (said, words) = mpsc::channel(WAITING);
        let listener = Listener { url: url.clone(), speaker, local: local.clone(), ears: Arc::clone(&ears) };
        let tasks = [tokio::spawn(listener.run()), tokio::spawn(speak(url.clone(), words))];
        Self { local, speaker, said, ears, tasks }
    }
}

impl Bus for RedisBus {
    fn publish(&self, topic: Topic) {
        self.local.publish(topic);
        // One that finds no room is lost: others look at the truth a second later by themselves.
        let _ = self.said.try_send(Word { speaker: self.speaker, topic });
    }

    fn subscribe(&self, topic: Topic) -> Box<dyn Subscription> {
        self.local.subscribe(topic)
    }

    fn overhear(&self, ear: Ear) {
        self.ears.lock().unwrap_or_else(PoisonError::into_inner).push(ear);
    }
}

impl Drop for RedisBus {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Hears what other processes say.
struct Listener {
    url: RedisUrl,
    speaker: [u8; 8],
    local: InProcessBus,
    ears: Ears,
}

impl Listener {
    async fn run(self) {
        let mut pause = Pause::default();
        loop {
            if let Err(error) = self.listen(&mut pause).await {
                tracing::warn!(%error, "Redis: not listening; devices on other replicas hear later");
            }
            pause.take().await;
        }
    }

    /// Until the connection ends.
    async fn listen(&self, pause: &mut Pause) -> Result<(), RedisError> {
        let client = Client::open(self.url.info.clone())?;
        let mut channel = timeout(PATIENCE, client.get_async_pubsub()).await.map_err(|_| too_late())??;
        timeout(PATIENCE, channel.subscribe(CHANNEL)).await.map_err(|_| too_late())??;
        *pause = Pause::default();
        tracing::info!("Redis: listening");
        // There may have been words before.
        self.tell(None);
        let mut words = channel.on_message();
        while let Some(message) = words.next().await {
            match Word::decode(message.get_payload_bytes()) {
                Some(word) if word.speaker != self.speaker => self.tell(Some(word.topic)),
                // One's own, or a stranger's.
                _ => {}
            }
        }
        Ok(())
    }

    fn tell(&self, topic: Option<Topic>) {
        for ear in self.ears.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            ear(topic);
        }
        match topic {
            Some(topic) => self.local.publish(topic),
            None => self.local.wake_all(),
        }
    }
}

/// Says what moved here to the other processes.
async fn speak(url: RedisUrl, mut words: Receiver<Word>) {
    let mut connection: Option<MultiplexedConnection> = None;
    let mut batch = Vec::with_capacity(BATCH);
    while words.recv_many(&mut batch, BATCH).await > 0 {
        let mut pipeline = redis::pipe();
        for word in batch.drain(..) {
            pipeline.cmd("PUBLISH").arg(CHANNEL).arg(word.encode()).ignore();
        }
        // A connection that was there before may have ended with a Redis that is back since.
        let held = connection.is_some();
        let mut said = say(&url, &mut connection, &pipeline).await;
        if said.is_err() && held {
            connection = None;
            said = say(&url, &mut connection, &pipeline).await;
        }
        if let Err(error) = said {
            tracing::warn!(%error, "Redis: words were lost");
            connection = None;
            // What is said meanwhile waits or is lost; without a pause each word would be a connection.
            sleep(LEAST_PAUSE).await;
        }
    }
}

async fn say(
    url: &RedisUrl,
    held: &mut Option<MultiplexedConnection>,
    pipeline: &redis::Pipeline,
) -> Result<(), RedisError> {
    let connection = match held {
        Some(connection) => connection,
        None => {
            let patient = AsyncConnectionConfig::new()
                .set_connection_timeout(Some(PATIENCE))
                .set_response_timeout(Some(PATIENCE));
            let client = Client::open(url.info.clone())?;
            held.insert(client.get_multiplexed_async_connection_with_config(&patient).await?)
        }
    };
    pipeline.query_async(connection).await
}

/// How long to wait before the next attempt: longer after each.
struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Self(LEAST_PAUSE)
    }
}

impl Pause {
    async fn take(&mut self) {
        sleep(self.0).await;
        self.0 = MOST_PAUSE.min(self.0 * 2);
    }
}

fn too_late() -> RedisError {
    (redis::ErrorKind::Io, "Redis does not answer").into()
}

const CHANNEL: &str = "keyfold:moved";
/// Words of some moments; each has 40 bytes.
const WAITING: usize = 4_096;
const BATCH: usize = 256;
const PATIENCE: Duration = Duration::from_secs(2);
const LEAST_PAUSE: Duration = Duration::from_millis(100);
const MOST_PAUSE: Duration = Duration::from_secs(2);
