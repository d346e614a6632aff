use std::{collections::BTreeMap, io, net::SocketAddr};

use keyfold_assurance::relying_parties::FileError;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::sync::Arc;
use tokio::net::lookup_host;

use super::{DomainFilesError, address::is_public};
use crate::config::DomainSettings;

/// Finds the addresses of a domain. A connection goes to none that this has not let pass: what is asked again may be answered
/// otherwise.
#[derive(Debug, Clone)]
pub(super) struct Resolver {
    hosts: Arc<BTreeMap<String, SocketAddr>>,
    private_addresses: bool,
}

impl Resolver {
    pub(super) fn new(settings: &DomainSettings) -> Result<Self, DomainFilesError> {
        let host = |text: &String| {
            let (name, address) = text.split_once('=')?;
            Some((name.to_owned(), address.parse().ok()?))
        };
        let hosts = settings.hosts.iter().map(|text| host(text).ok_or_else(|| DomainFilesError::Host(text.clone())));
        let hosts = Arc::new(hosts.collect::<Result<_, _>>()?);
        Ok(Self { hosts, private_addresses: settings.private_addresses })
    }

    /// Where a domain is: everywhere that may be asked, or nowhere.
    pub(super) async fn addresses(&self, name: &str) -> Result<Vec<SocketAddr>, FileError> {
        if let Some(address) = self.hosts.get(name) {
            return Ok(vec![*address]);
        }
        let unreachable = |error: io::Error| FileError::Unreachable(error.to_string());
        // The port is the scheme's.
        let found: Vec<SocketAddr> = lookup_host((name, 0)).await.map_err(unreachable)?.collect();
        let private = found.iter().find(|address| !self.private_addresses && !is_public(address.ip()));
        match private {
            Some(address) => Err(FileError::Private(address.ip())),
            None => Ok(found),
        }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let found = resolver.addresses(name.as_str()).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
