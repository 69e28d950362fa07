//! A stranger with nothing but an address, ours and his own.

use std::collections::BTreeMap;

use covey_node::{
    clock::Clock,
    net::{Config, Event, Net, Purpose},
};
use covey_proto::{
    people::directory::Directory,
    seal::Secret,
    wire::{Address, Signed, Transport},
};
use tokio::sync::mpsc;

/// Whoever is at one of this machine's addresses, each of which counts by itself.
pub(crate) struct Stranger {
    net: Net,
    events: mpsc::Receiver<Event>,
}

impl Stranger {
    pub(crate) fn new(host: u8) -> Self {
        let nothing = Signed { bytes: Vec::new(), signature: Vec::new() };
        let directory = Directory {
            noise: Secret([host; 32]),
            roster: nothing.clone(),
            card: nothing,
            devices: BTreeMap::new(),
            secrets: BTreeMap::new(),
            accounts: BTreeMap::new(),
        };
        let listen = vec![format!("/ip4/127.0.1.{host}/udp/0/quic-v1")];
        let (told, events) = mpsc::channel(1024);
        let config = Config { listen, port: 0, directory, clock: Clock::start(), events: told };
        Self { net: Net::start(config).unwrap(), events }
    }

    /// Leaves so many letters at once; what came back of each, if anything did.
    pub(crate) async fn leave(
        &mut self,
        to: &[Address],
        letters: impl IntoIterator<Item = Vec<u8>>,
    ) -> Vec<Option<Vec<u8>>> {
        let to = *to.iter().find(|at| at.transport == Transport::Quic).unwrap();
        let mut answers = Vec::new();
        for letter in letters {
            self.net.dial(answers.len() as u64, to, Purpose::Hello(letter));
            answers.push(None);
        }
        let mut missing = answers.len();
        while missing > 0 {
            let event = self.events.recv().await.unwrap();
            missing -=
                usize::from(matches!(event, Event::Answered { .. } | Event::DialFailed { .. }));
            if let Event::Answered { dial, letter } = event {
                answers[dial as usize] = Some(letter);
            }
        }
        answers
    }
}
