//! One life of the DNS-SD library: opened, told what to say, checked, and shut down.
//!
//! However that life ends, goodbye is said.

use std::time::Duration;

use mdns_sd::{
    DaemonEvent, Error, IfKind, Receiver, Result, ServiceDaemon, ServiceEvent, ServiceInfo,
};
use tokio::time;

use super::record::{self, Ports};

pub(super) struct Responder {
    daemon: ServiceDaemon,
    name: String,
    ports: Ports,
    pub(super) changes: Receiver<DaemonEvent>,
}

impl Responder {
    pub(super) fn open(ports: Ports) -> Result<Self> {
        let mut name = [0; 16];
        getrandom::fill(&mut name).map_err(|error| Error::Msg(error.to_string()))?;
        let name = format!("{:032x}", u128::from_ne_bytes(name));
        let daemon = ServiceDaemon::new()?;
        let changes = daemon.monitor()?;
        let responder = Self { daemon, name, ports, changes };
        responder.daemon.disable_interface(vec![IfKind::LoopbackV4, IfKind::LoopbackV6])?;
        Ok(responder)
    }

    /// Says and asks everything once more.
    pub(super) fn renew(&self, tags: &[Vec<u8>]) -> Result<Receiver<ServiceEvent>> {
        self.announce(tags)?;
        self.daemon.browse(SERVICE)
    }

    pub(super) fn announce(&self, tags: &[Vec<u8>]) -> Result<()> {
        let (host, txt) = (format!("{}.local.", self.name), record::write(self.ports, tags));
        let info = ServiceInfo::new(SERVICE, &self.name, &host, "", self.ports.quic, txt)?;
        let mut info = info.enable_addr_auto();
        info.set_requires_probe(false); // 128 random bits need no second of probing
        self.daemon.register(info)
    }

    /// Whether that is the full name of our own service.
    pub(super) fn is(&self, full: &str) -> bool {
        full.split_once('.').is_some_and(|(name, _)| name.eq_ignore_ascii_case(&self.name))
    }

    /// Looks for changed interfaces.
    pub(super) fn look(&self) -> Result<()> {
        self.daemon.enable_interface(Vec::<IfKind>::new())
    }

    pub(super) fn verify(&self, name: String) -> Result<()> {
        self.daemon.verify(name, VERIFY)
    }

    /// Fails when the library holds more than a network of ours ever says.
    pub(super) async fn check(&self) -> Result<()> {
        let overrun = || Error::Msg("too much is said on the local network".into());
        let counts = self.daemon.get_metrics()?;
        let counts = time::timeout(ANSWER, counts.recv_async()).await;
        let counts = counts.ok().and_then(std::result::Result::ok).ok_or_else(overrun)?;
        let kept = |name: &str| name.starts_with("cached-") || name == "timer";
        let flooded = counts.iter().any(|(name, count)| kept(name) && *count > MAX_RECORDS);
        if flooded { Err(overrun()) } else { Ok(()) }
    }

    /// Says goodbye and waits until it is said.
    pub(super) async fn leave(&self) -> Result<()> {
        let said = self.daemon.shutdown()?;
        let _ = time::timeout(ANSWER, said.recv_async()).await;
        Ok(())
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        let _ = self.daemon.shutdown();
    }
}

const SERVICE: &str = "_covey._udp.local.";
const VERIFY: Duration = Duration::from_secs(3);
/// In a flood the library reads packets and nothing else.
const ANSWER: Duration = Duration::from_secs(2);
const MAX_RECORDS: i64 = 10_000;
