use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::StreamExt;
use keyfold_vault::{Bus, Ear, Subscription, Topic};
use redis::{AsyncConnectionConfig, Client, RedisError, aio::MultiplexedConnection};
use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    task::JoinHandle,
    time::{interval, sleep, timeout},
};

use super::{
    InProcessBus, RedisUrl,
    word::{Said, Word},
};

/// A bus for all processes on one Redis. It carries only what may be lost: while Redis is away, words stay within their
/// process. Once it is back everybody is woken, in case there was one: by their own process if that had not heard, and by
/// the speaker's if that could not speak.
pub struct RedisBus {
    local: InProcessBus,
    said: Sender<Topic>,
    /// Whether some were not sent.
    lost: Arc<AtomicBool>,
    connected: Arc<Connected>,
    ears: Ears,
    tasks: [JoinHandle<()>; 2],
}

/// What stands of the two connections.
#[derive(Debug, Default)]
struct Connected {
    hears: AtomicBool,
    /// Whether the latest words were taken.
    speaks: AtomicBool,
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
        let lost = Arc::new(AtomicBool::new(false));
        let connected = Arc::new(Connected::default());
        let listener = Listener {
            url: url.clone(),
            speaker,
            local: local.clone(),
            connected: Arc::clone(&connected),
            ears: Arc::clone(&ears),
        };
        let speaker = Speaker {
            url: url.clone(),
            speaker,
            connection: None,
            connected: Arc::clone(&connected),
            lost: Arc::clone(&lost),
        };
        let tasks = [tokio::spawn(listener.run()), tokio::spawn(speaker.run(words))];
        Self { local, said, lost, connected, ears, tasks }
    }
}

impl Bus for RedisBus {
    fn publish(&self, topic: Topic) {
        self.local.publish(topic);
        if self.said.try_send(topic).is_err() {
            self.lost.store(true, Ordering::Release);
        }
    }

    fn subscribe(&self, topic: Topic) -> Box<dyn Subscription> {
        self.local.subscribe(topic)
    }

    fn overhear(&self, ear: Ear) {
        self.ears.lock().unwrap_or_else(PoisonError::into_inner).push(ear);
    }

    fn is_up(&self) -> bool {
        self.connected.hears.load(Ordering::Acquire) && self.connected.speaks.load(Ordering::Acquire)
    }

    fn waiting(&self) -> usize {
        self.said.max_capacity().saturating_sub(self.said.capacity())
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
    connected: Arc<Connected>,
    ears: Ears,
}

impl Listener {
    async fn run(self) {
        let mut pause = Pause::default();
        loop {
            let ended = self.listen(&mut pause).await;
            self.connected.hears.store(false, Ordering::Release);
            // Whoever listens looks more often from here on.
            self.tell(None);
            if let Err(error) = ended {
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
        self.connected.hears.store(true, Ordering::Release);
        // There may have been words before.
        self.tell(None);
        let mut words = channel.on_message();
        // This process's own words come back as well: where not even they do, nobody is at the other end.
        while let Some(message) = timeout(DEAF, words.next()).await.map_err(|_| too_late())? {
            match Word::decode(message.get_payload_bytes()) {
                Some(word) if word.speaker != self.speaker => match word.said {
                    Said::Moved(topic) => self.tell(Some(topic)),
                    Said::Anything => self.tell(None),
                    Said::Here => {}
                },
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

/// Says what moved here to the other processes, and now and then that it is here.
struct Speaker {
    url: RedisUrl,
    speaker: [u8; 8],
    connection: Option<MultiplexedConnection>,
    connected: Arc<Connected>,
    lost: Arc<AtomicBool>,
}

impl Speaker {
    async fn run(mut self, mut topics: Receiver<Topic>) {
        let mut beat = interval(BEAT);
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                received = topics.recv_many(&mut batch, BATCH) => if received == 0 { return },
                _ = beat.tick() => {}
            }
            let lost = self.lost.swap(false, Ordering::AcqRel);
            let moved = batch.drain(..).map(Said::Moved);
            let words: Vec<Said> = lost.then_some(Said::Anything).into_iter().chain(moved).collect();
            let words = if words.is_empty() { vec![Said::Here] } else { words };
            // A connection that was there before may have ended with a Redis that is back since.
            let held = self.connection.is_some();
            let mut said = self.say(&words).await;
            if said.is_err() && held {
                said = self.say(&words).await;
            }
            self.connected.speaks.store(said.is_ok(), Ordering::Release);
            if let Err(error) = said {
                tracing::warn!(%error, "Redis: not speaking; devices on other replicas hear later");
                self.lost.store(true, Ordering::Release);
                // Without a pause each word would be a connection.
                sleep(LEAST_PAUSE).await;
            }
        }
    }

    async fn say(&mut self, words: &[Said]) -> Result<(), RedisError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let patient = AsyncConnectionConfig::new()
                    .set_connection_timeout(Some(PATIENCE))
                    .set_response_timeout(Some(PATIENCE));
                let client = Client::open(self.url.info.clone())?;
                client.get_multiplexed_async_connection_with_config(&patient).await?
            }
        };
        let mut pipeline = redis::pipe();
        for said in words {
            let word = Word { speaker: self.speaker, said: *said };
            pipeline.cmd("PUBLISH").arg(CHANNEL).arg(word.encode()).ignore();
        }
        pipeline.query_async::<()>(&mut connection).await?;
        // One that has failed is not kept.
        self.connection = Some(connection);
        Ok(())
    }
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
/// Words of some moments; each has 17 bytes.
const WAITING: usize = 4_096;
const BATCH: usize = 256;
/// Between two words, if nothing moves.
const BEAT: Duration = Duration::from_secs(1);
/// Without a word, not even one's own.
const DEAF: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(2);
const LEAST_PAUSE: Duration = Duration::from_millis(100);
const MOST_PAUSE: Duration = Duration::from_secs(2);
