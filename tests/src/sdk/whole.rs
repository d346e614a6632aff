use async_trait::async_trait;
use keyfold_client::transport::{Answer, Body, TransportError};

/// An answer whose body is all here already.
pub fn whole(status: u16, body: Vec<u8>) -> Answer {
    Answer { status, body: Box::new(Whole(Some(body))) }
}

struct Whole(Option<Vec<u8>>);

#[async_trait]
impl Body for Whole {
    async fn piece(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        Ok(self.0.take())
    }
}
