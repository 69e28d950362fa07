//! What a home holds, all of which is to stay there: keys, ids, names, texts, whom one knows.

use std::path::Path;

use anyhow::{Context as _, Result};
use covey_node::{
    store::{Runs, Store},
    vault::{self, Wish},
};
use covey_proto::{
    ConversationId, DeviceId, LogId, Node, Output, Seq, Time,
    link::{Initiator, Static},
    people::{directory::Directory, hello::Waiting, invite::Invite, own::Me},
    seal,
    store::{Kind, Record},
};

/// A home that no node runs on.
#[derive(Debug)]
pub(crate) struct Home {
    me: Me,
    state: Vec<Record>,
    runs: Vec<Vec<u8>>,
}

impl Home {
    /// Opens it as a thief would.
    pub(crate) fn open(dir: &Path) -> Result<Self> {
        let (key, _) = vault::open(dir, &Wish::File)?.context("it has a vault")?;
        let mut store = Store::open(&dir.join("store.db"), key)?;
        let state = store.state()?;
        let me = Me::stored(&state).context("a device's keys")?;
        let mut runs = Vec::new();
        for head in state.iter().filter(|record| record.kind == Kind::Head) {
            let (conversation, device) = head.key.split_first_chunk().context("a log's name")?;
            let device = DeviceId(device.try_into().context("a log's name")?);
            let log = LogId { conversation: ConversationId(*conversation), device };
            let mut pieces = Runs::new(log, Seq(1)..=Seq(u64::MAX >> 1));
            while let piece = pieces.next(&mut store, usize::MAX)?
                && !piece.is_empty()
            {
                runs.extend(piece);
            }
        }
        Ok(Self { me, state, runs })
    }

    /// All that is to stay here.
    pub(crate) fn secrets(&self) -> Result<Vec<Vec<u8>>> {
        let mut all = self.ids();
        // an answer is kept as it was sealed
        let rows = self.state.iter().filter(|record| record.kind != Kind::Answer);
        all.extend(rows.flat_map(|record| [record.key.clone(), record.bytes.clone()]));
        all.extend(self.runs.iter().cloned());
        for (id, (account, psk)) in self.directory()?.secrets {
            all.extend([id.0.to_vec(), account.0.to_vec(), psk.0.to_vec()]);
        }
        Ok(all)
    }

    /// What names this device and its person.
    pub(crate) fn ids(&self) -> Vec<Vec<u8>> {
        let me = &self.me;
        vec![
            me.account.0.to_vec(),
            me.account.short().to_vec(),
            me.device().0.to_vec(),
            me.key().0.to_vec(),
            me.account_key.public().0.to_vec(),
            seal::x25519_public(&me.noise).to_vec(),
        ]
    }

    /// Its letter 1 that waits for an answer.
    pub(crate) fn letter(&self) -> Result<Vec<u8>> {
        let waiting = self.state.iter().find(|record| record.kind == Kind::Hello);
        Ok(Waiting::parse(&waiting.context("a letter waits")?.bytes)?.letter)
    }

    /// What it opens a link with a friend's device with, which its carrier calls so.
    pub(crate) fn call(&self, friend: &Self, bearer: &[u8]) -> Result<Vec<u8>> {
        let directory = self.directory()?;
        let way = directory.way(friend.me.device()).context("they are friends")?;
        let offer = directory.greeting(Some(way.secret), Time(1));
        let me = Static::new(self.me.noise.clone());
        let (_, message) = Initiator::new(&me, &way.noise, way.psk, &offer, bearer, [7; 32])?;
        Ok(message)
    }

    fn directory(&self) -> Result<Directory> {
        let me = Me::stored(&self.state).context("a device's keys")?;
        let mut node = Node::new(me, [7; 32], self.state.clone(), Time(1));
        let outputs = std::iter::from_fn(|| node.poll_output());
        let mut directories = outputs.filter_map(|output| {
            if let Output::Roster(directory) = output { Some(directory) } else { None }
        });
        directories.next().context("whom it knows")
    }
}

/// What an invite is recognised by.
pub(crate) fn of_invite(text: &str) -> Result<Vec<Vec<u8>>> {
    let invite = Invite::parse(text)?;
    Ok(vec![
        text.as_bytes().to_vec(),
        invite.key.to_vec(),
        invite.secret.0.to_vec(),
        invite.tag().0.to_vec(),
        invite.psk().0.to_vec(),
        invite.account.to_vec(),
    ])
}
