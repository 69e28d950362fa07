//! One quinn endpoint and one socket per address family, made when first needed and shared with
//! the rest of the program.

use std::{
    fmt, io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard},
};

use quinn::TokioRuntime;
use tokio::sync::mpsc;

use super::{
    settings::Settings,
    socket::{Packet, Socket},
};
use crate::{Error, tls};

/// The transport's sockets, for the rest of the program. No method blocks.
#[derive(Clone)]
pub struct Handle(Arc<Shared>);

struct Shared {
    settings: Settings,
    others: mpsc::Sender<Packet>,
    families: Mutex<Families>,
}

#[derive(Default)]
struct Families {
    v4: Option<Bound>,
    v6: Option<Bound>,
}

struct Bound {
    endpoint: quinn::Endpoint,
    socket: Arc<Socket>,
}

impl Handle {
    pub(crate) fn new(settings: Settings, others: mpsc::Sender<Packet>) -> Self {
        Self(Arc::new(Shared { settings, others, families: Mutex::default() }))
    }

    /// Where our sockets are bound, at most one of each family.
    pub fn local_addrs(&self) -> Vec<SocketAddr> {
        let families = &mut *self.families();
        families.iter_mut().map(|b| b.socket.local()).collect()
    }

    /// Lets every connection send at once, so that its peer sees our new address. To be called
    /// when the network has changed and the system's interfaces do not tell (a router got a new
    /// address, the machine slept); those the transport follows itself.
    pub fn network_changed(&self) -> io::Result<()> {
        let families = &mut *self.families();
        families.iter_mut().try_for_each(|bound| {
            let socket = bound.socket.moved()?;
            bound.rebind(socket)
        })
    }

    /// Accepts connections at `wanted`. A socket of its family that so far only dialled moves
    /// there with its connections.
    pub(crate) fn listen(&self, wanted: SocketAddr) -> io::Result<(quinn::Endpoint, SocketAddr)> {
        let families = &mut *self.families();
        let slot = families.of(wanted);
        let bound = match slot {
            Some(bound) => bound,
            None => slot.insert(self.open(wanted)?),
        };
        if !bound.is_at(wanted) {
            bound.rebind(Socket::bind(wanted, self.0.others.clone())?)?;
        }
        let server = self.0.settings.server.clone();
        bound.endpoint.set_server_config(Some(server));
        Ok((bound.endpoint.clone(), bound.socket.local()))
    }

    /// Accepts no more in that family; its connections stay.
    pub(crate) fn unlisten(&self, local: SocketAddr) {
        if let Some(bound) = self.families().of(local) {
            bound.endpoint.set_server_config(None);
        }
    }

    pub(crate) fn connect(&self, remote: SocketAddr) -> Result<quinn::Connecting, Error> {
        let families = &mut *self.families();
        let slot = families.of(remote);
        let bound = match slot {
            Some(bound) => bound,
            None => slot.insert(self.open(any_of_family(remote))?),
        };
        let client = self.0.settings.client.clone();
        let connecting = bound.endpoint.connect_with(client, remote, tls::SERVER_NAME)?;
        Ok(connecting)
    }

    fn open(&self, local: SocketAddr) -> io::Result<Bound> {
        let socket = Arc::new(Socket::bind(local, self.0.others.clone())?);
        let endpoint = quinn::Endpoint::new_with_abstract_socket(
            self.0.settings.endpoint.clone(),
            None,
            socket.clone(),
            Arc::new(TokioRuntime),
        )?;
        Ok(Bound { endpoint, socket })
    }

    fn families(&self) -> MutexGuard<'_, Families> {
        let families = self.0.families.lock();
        families.expect("nothing panics while holding it")
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handle").field(&self.local_addrs()).finish()
    }
}

impl Families {
    fn of(&mut self, like: SocketAddr) -> &mut Option<Bound> {
        match like {
            SocketAddr::V4(_) => &mut self.v4,
            SocketAddr::V6(_) => &mut self.v6,
        }
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut Bound> {
        [&mut self.v4, &mut self.v6].into_iter().flatten()
    }
}

impl Bound {
    fn is_at(&self, wanted: SocketAddr) -> bool {
        let mut local = self.socket.local();
        if wanted.port() == 0 {
            local.set_port(0);
        }
        local == wanted
    }

    fn rebind(&mut self, socket: Socket) -> io::Result<()> {
        self.socket = Arc::new(socket);
        self.endpoint.rebind_abstract(self.socket.clone())
    }
}

fn any_of_family(like: SocketAddr) -> SocketAddr {
    match like {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    }
}
