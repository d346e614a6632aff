/// Why there was no answer. Whether the server acted on the request is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No connection.
    #[error("cannot reach the server: {0}; check the network and the address, and try again")]
    Unreachable(String),
    /// The connection was made, and the server is not one that this profile trusts.
    #[error(
        "the server's certificate is not trusted: {0}; give the CA certificate that the server's operator gave you with --ca FILE"
    )]
    Untrusted(String),
    /// No answer in time.
    #[error("the server did not answer in time; try again")]
    Timeout,
    /// The connection broke before the answer was complete.
    #[error("the connection to the server broke: {0}; try again")]
    Broken(String),
    /// More than the message may have.
    #[error("the server's answer is longer than the {limit} bytes that it may have")]
    TooLarge {
        /// The most bytes.
        limit: usize,
    },
}
