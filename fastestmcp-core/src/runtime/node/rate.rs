use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::context::Caller;
use crate::principal::{Owner, Principal};

/// Above this many the full buckets are forgotten: they say nothing.
const PRUNE_ABOVE: usize = 10_000;

/// A token bucket for the creation of tasks (contract R2): one per owner, and one per address for callers who are nobody
/// in particular, however many sessions they open. Where such a caller has neither an address nor a session, the node's
/// other caps are all there is.
pub(crate) struct TaskRate {
    burst: f64,
    per_second: f64,
    buckets: Mutex<HashMap<Name, Bucket>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Name {
    Owner(Owner),
    Address(IpAddr),
}

#[derive(Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl TaskRate {
    pub(crate) fn new(burst: u32, per_second: u32) -> Self {
        Self { burst: f64::from(burst.max(1)), per_second: f64::from(per_second.max(1)), buckets: Mutex::default() }
    }

    /// Takes one token, or says when there will be one.
    pub(crate) fn take(&self, caller: &Caller, now: Instant) -> Result<(), Duration> {
        let address = caller.address.filter(|_| caller.auth.principal == Principal::Anonymous);
        let name = address.map(network).map(Name::Address).or_else(|| caller.owner().map(Name::Owner));
        name.map_or(Ok(()), |name| self.take_of(name, now))
    }

    fn take_of(&self, name: Name, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock();
        if buckets.len() > PRUNE_ABOVE {
            buckets.retain(|_, bucket| self.filled(bucket, now) < self.burst);
        }
        let bucket = buckets.entry(name).or_insert(Bucket { tokens: self.burst, at: now });
        let tokens = self.filled(bucket, now);
        if tokens < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - tokens) / self.per_second));
        }
        *bucket = Bucket { tokens: tokens - 1.0, at: now };
        Ok(())
    }

    fn filled(&self, bucket: &Bucket, now: Instant) -> f64 {
        let gained = now.saturating_duration_since(bucket.at).as_secs_f64() * self.per_second;
        (bucket.tokens + gained).min(self.burst)
    }
}

/// What one customer of a provider has: an IPv4 address, or the 2^64 addresses of an IPv6 network.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) >> 64 << 64).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::principal::AuthContext;
    use crate::task::ClientAbilities;

    #[test]
    fn a_burst_is_allowed_and_then_the_rate() {
        let rate = TaskRate::new(3, 2);
        let caller =
            |name: &str| Caller::stateless(AuthContext::new(Principal::Local(name.into())), ClientAbilities::default());
        let (me, you, start) = (caller("me"), caller("you"), Instant::now());
        for _ in 0..3 {
            assert_eq!(rate.take(&me, start), Ok(()));
        }
        assert_eq!(rate.take(&me, start), Err(Duration::from_millis(500)));
        assert_eq!(rate.take(&you, start), Ok(()), "owners do not share");
        assert_eq!(rate.take(&me, start + Duration::from_millis(500)), Ok(()));
        assert!(rate.take(&me, start + Duration::from_millis(500)).is_err());
    }

    #[test]
    fn who_is_nobody_is_told_apart_by_address_and_a_network_of_ipv6_is_one() {
        let rate = TaskRate::new(1, 1);
        let start = Instant::now();
        let take = |address: Option<&str>| {
            let mut caller = Caller::stateless(AuthContext::new(Principal::Anonymous), ClientAbilities::default());
            caller.address = address.map(|address| address.parse().unwrap());
            rate.take(&caller, start).is_ok()
        };
        assert!(take(Some("192.0.2.1")) && !take(Some("192.0.2.1")) && take(Some("192.0.2.2")));
        assert!(!take(Some("::ffff:192.0.2.1")), "the same address, as IPv6 has it");
        assert!(take(Some("2001:db8::1")) && !take(Some("2001:db8::2:1")) && take(Some("2001:db8:0:1::1")));
        assert!(take(None) && take(None));
    }

    #[test]
    fn another_session_is_no_other_bucket_for_who_is_nobody_and_has_an_address() {
        let rate = TaskRate::new(1, 1);
        let start = Instant::now();
        let take = |principal: Principal, session: &str, address: Option<&str>| {
            let auth = AuthContext::new(principal);
            let mut caller = Caller::in_session(auth, session.to_owned(), ClientAbilities::default());
            caller.address = address.map(|address| address.parse().unwrap());
            rate.take(&caller, start).is_ok()
        };
        let nobody = || Principal::Anonymous;
        assert!(take(nobody(), "s1", Some("192.0.2.1")) && !take(nobody(), "s2", Some("192.0.2.1")));
        assert!(take(nobody(), "s1", None) && !take(nobody(), "s1", None) && take(nobody(), "s2", None));
        let me = || Principal::Local("me".into());
        assert!(take(me(), "s1", Some("192.0.2.1")) && !take(me(), "s2", Some("192.0.2.9")), "counted as himself");
    }
}
