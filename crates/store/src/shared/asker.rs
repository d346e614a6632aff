use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisError, aio::MultiplexedConnection};
use tokio::sync::Mutex as Turn;

use crate::RedisUrl;

/// Asks Redis, and waits little for its answer: whoever asks can do without. While it is away nobody asks for a second.
pub(super) struct Asker {
    url: RedisUrl,
    connection: Mutex<State>,
    connecting: Turn<()>,
}

enum State {
    Connected(MultiplexedConnection),
    Away(Option<Instant>),
}

impl Asker {
    pub(super) fn new(url: &RedisUrl) -> Self {
        Self { url: url.clone(), connection: Mutex::new(State::Away(None)), connecting: Turn::new(()) }
    }

    /// Its answer; `None` if there is none.
    pub(super) async fn ask<T: FromRedisValue>(&self, question: &Cmd) -> Option<T> {
        let mut connection = self.connection().await?;
        match question.query_async(&mut connection).await {
            Ok(answer) => Some(answer),
            Err(error) => {
                self.failed(&error);
                None
            }
        }
    }

    async fn connection(&self) -> Option<MultiplexedConnection> {
        if let Some(settled) = self.settled() {
            return settled;
        }
        // One connects; who comes meanwhile does without.
        let _turn = self.connecting.try_lock().ok()?;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE_TO_CONNECT))
            .set_response_timeout(Some(PATIENCE));
        let client = Client::open(self.url.info.clone());
        let connected = match client {
            Ok(client) => client.get_multiplexed_async_connection_with_config(&config).await,
            Err(error) => Err(error),
        };
        match connected {
            Ok(connection) => {
                self.set(State::Connected(connection.clone()));
                Some(connection)
            }
            Err(error) => {
                self.failed(&error);
                None
            }
        }
    }

    /// The connection, or that there is none; `None` if that is to be found out.
    fn settled(&self) -> Option<Option<MultiplexedConnection>> {
        match &*self.connection.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Connected(connection) => Some(Some(connection.clone())),
            State::Away(Some(since)) if since.elapsed() < AWAY => Some(None),
            State::Away(_) => None,
        }
    }

    fn failed(&self, error: &RedisError) {
        tracing::debug!(%error, "Redis: no answer; going on without");
        self.set(State::Away(Some(Instant::now())));
    }

    fn set(&self, state: State) {
        *self.connection.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

/// For an answer. A database that is asked instead answers in less.
const PATIENCE: Duration = Duration::from_millis(100);
const PATIENCE_TO_CONNECT: Duration = Duration::from_secs(1);
/// After a failure.
const AWAY: Duration = Duration::from_secs(1);
