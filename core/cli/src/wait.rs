//! Waiting until something became of a message: on the node's events, never by asking again and
//! again.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use covey_node::api::{Event, Message, State, rpc::Events};

use crate::{fault::Fault, node::Node};

/// The message, once it is in this state.
///
/// `events` is older than the first question, so nothing that happens after it goes unheard.
pub(crate) async fn until(
    mut node: Node,
    mut events: Events,
    id: &str,
    state: State,
    patience: Option<Duration>,
) -> Result<Message> {
    let mut message = node.message(id).await?;
    let reached = async {
        while message.state < state {
            if message.state == State::Failed {
                bail!("this message will not get there: its reader never became a friend");
            }
            while !concerns(&events.next().await.context("the node has stopped")?, &message) {}
            message = node.message(&message.id).await?;
        }
        Ok(message)
    };
    match patience {
        None => reached.await,
        Some(patience) => match tokio::time::timeout(patience, reached).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Fault::TimedOut("it has not come so far in that time".into()).into()),
        },
    }
}

/// Whether something may have become of the message.
fn concerns(event: &Event, message: &Message) -> bool {
    match event {
        Event::Snapshot(_) => true,
        Event::Message(other) => other.id == message.id,
        Event::Friend(friend) => friend.id == message.friend,
        Event::Delivered { friend } | Event::FriendGone { friend } => *friend == message.friend,
        Event::Backup { .. }
        | Event::InviteUsedAgain
        | Event::Adding(_)
        | Event::Devices
        | Event::Removed
        | Event::Forked { .. }
        | Event::Rekeyed(_)
        | Event::Offer(_) => false,
    }
}
