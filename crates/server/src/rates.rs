//! How often one address or device may ask.

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    time::Duration,
};

use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use keyfold_store::{RedisRates, SharedQuota};
use keyfold_vault::Caller;
use keyfold_wire::{ClientId, TenantId};

use crate::config::RateSettings;

/// The counters of one process, each of which forgets whom it has not heard of for a while, and those of all replicas.
pub(crate) struct Rates {
    anonymous: DefaultKeyedRateLimiter<IpAddr>,
    devices: DefaultKeyedRateLimiter<Caller>,
    clients: DefaultKeyedRateLimiter<(TenantId, ClientId)>,
    clock: DefaultClock,
    shared: Option<Shared>,
}

/// What holds over all replicas.
struct Shared {
    rates: RedisRates,
    anonymous: SharedQuota,
    devices: SharedQuota,
    clients: SharedQuota,
}

/// Asked too often; how long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooOften(pub(crate) Duration);

impl Rates {
    pub(crate) fn new(settings: &RateSettings, shared: Option<RedisRates>) -> Self {
        let anonymous = NonZeroU32::new(settings.anonymous_per_minute).unwrap_or(NonZeroU32::MIN);
        let devices = NonZeroU32::new(settings.device_per_second).unwrap_or(NonZeroU32::MIN);
        let clients = NonZeroU32::new(settings.client_per_second).unwrap_or(NonZeroU32::MIN);
        Self {
            clients: RateLimiter::keyed(Quota::per_second(clients).allow_burst(clients.saturating_mul(BURST))),
            anonymous: RateLimiter::keyed(Quota::per_minute(anonymous)),
            devices: RateLimiter::keyed(Quota::per_second(devices).allow_burst(devices.saturating_mul(BURST))),
            clock: DefaultClock::default(),
            shared: shared.map(|rates| Shared {
                rates,
                anonymous: SharedQuota { interval: MINUTE / anonymous.get(), burst: anonymous.get() },
                clients: SharedQuota { interval: SECOND / clients.get(), burst: clients.saturating_mul(BURST).get() },
                devices: SharedQuota { interval: SECOND / devices.get(), burst: devices.saturating_mul(BURST).get() },
            }),
        }
    }

    /// Counts a request without a session.
    pub(crate) async fn anonymous(&self, address: IpAddr) -> Result<(), TooOften> {
        let network = network(address);
        self.anonymous.check_key(&network).map_err(|until| TooOften(until.wait_time_from(self.clock.now())))?;
        let Some(Shared { rates, anonymous, .. }) = &self.shared else { return Ok(()) };
        too_often(rates.count(&format!("address:{network}"), *anonymous).await)
    }

    /// Counts a device's request.
    pub(crate) async fn device(&self, caller: &Caller) -> Result<(), TooOften> {
        self.devices.check_key(caller).map_err(|until| TooOften(until.wait_time_from(self.clock.now())))?;
        let Some(Shared { rates, devices, .. }) = &self.shared else { return Ok(()) };
        too_often(rates.count(&format!("device:{}:{}", caller.account, caller.device), *devices).await)
    }

    /// Counts the request of a client that a tenant lets ask.
    pub(crate) async fn client(&self, tenant: TenantId, client: ClientId) -> Result<(), TooOften> {
        let key = (tenant, client);
        self.clients.check_key(&key).map_err(|until| TooOften(until.wait_time_from(self.clock.now())))?;
        let Some(Shared { rates, clients, .. }) = &self.shared else { return Ok(()) };
        too_often(rates.count(&format!("client:{tenant}:{client}"), *clients).await)
    }

    /// Forgets those who may ask as often as anyone again.
    pub(crate) fn forget(&self) {
        self.anonymous.retain_recent();
        self.anonymous.shrink_to_fit();
        self.devices.retain_recent();
        self.devices.shrink_to_fit();
        self.clients.retain_recent();
        self.clients.shrink_to_fit();
    }
}

fn too_often(wait: Option<Duration>) -> Result<(), TooOften> {
    wait.map_or(Ok(()), |wait| Err(TooOften(wait)))
}

/// One household has 2^64 addresses of IPv6: they count as one.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const BURST: NonZeroU32 = match NonZeroU32::new(5) {
    Some(burst) => burst,
    None => NonZeroU32::MIN,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_that_asks_too_often_waits_and_others_do_not() {
        let rates = Rates::new(&RateSettings { anonymous_per_minute: 2, ..RateSettings::default() }, None);
        let (ana, ben): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        assert_eq!((rates.anonymous(ana).await, rates.anonymous(ana).await), (Ok(()), Ok(())));
        let TooOften(wait) = rates.anonymous(ana).await.unwrap_err();
        assert!(wait > Duration::ZERO && wait <= Duration::from_secs(30));
        assert_eq!(rates.anonymous(ben).await, Ok(()));
    }

    #[test]
    fn a_household_is_one_address() {
        let [first, second, other] =
            ["2001:db8::1", "2001:db8::ffff", "2001:db8:1::1"].map(|text| network(text.parse().unwrap()));
        assert_eq!(first, second);
        assert_ne!(first, other);
        assert_eq!(network("::ffff:192.0.2.1".parse().unwrap()), "192.0.2.1".parse::<IpAddr>().unwrap());
    }
}
