//! The running node, as the commands see it.

use std::{io::ErrorKind, path::Path};

use anyhow::{Context as _, Result, bail};
use covey_node::api::{
    Answer, Command, Devices, Friend, Message, Page, Query, Reply, Status,
    rpc::{self, Client},
    why::{Subject, Why},
};

use crate::names;

/// An end of the node's socket.
#[derive(Debug)]
pub(crate) struct Node(pub(crate) Client);

impl Node {
    /// Attaches to the node that runs on this home.
    pub(crate) async fn attach(home: &Path) -> Result<Self> {
        match Client::connect(&rpc::socket(home)).await {
            Ok(client) => Ok(Self(client)),
            Err(error) if NOBODY.contains(&error.kind()) => {
                bail!("no node runs on this home; start one with `covey run`")
            }
            Err(error) => Err(error).context("the node of this home cannot be reached"),
        }
    }

    pub(crate) async fn status(&mut self) -> Result<Status> {
        let Answer::Status(status) = self.0.query(Query::Status).await? else { bail!(ODD) };
        Ok(status)
    }

    pub(crate) async fn devices(&mut self) -> Result<Devices> {
        let Answer::Devices(devices) = self.0.query(Query::Devices).await? else { bail!(ODD) };
        Ok(devices)
    }

    /// The friend who is meant by a name.
    pub(crate) async fn friend(&mut self, name: &str) -> Result<Friend> {
        names::find(self.status().await?.friends, name)
    }

    pub(crate) async fn message(&mut self, id: &str) -> Result<Message> {
        let query = Query::Message { id: id.into() };
        let Answer::Message(message) = self.0.query(query).await? else { bail!(ODD) };
        Ok(message)
    }

    /// The last messages of a conversation, or the last before one, oldest first.
    pub(crate) async fn log(
        &mut self,
        friend: &Friend,
        mut before: Option<String>,
        limit: usize,
    ) -> Result<Vec<Message>> {
        let mut newest_first: Vec<Message> = Vec::new();
        while newest_first.len() < limit {
            let page = before.take().map_or(Page::Newest, Page::Before);
            let messages = self.page(friend, page, (limit - newest_first.len()).min(PAGE)).await?;
            let Some(oldest) = messages.first() else { break };
            before = Some(oldest.id.clone());
            newest_first.extend(messages.into_iter().rev());
        }
        newest_first.reverse();
        Ok(newest_first)
    }

    /// One page of a conversation, oldest first.
    pub(crate) async fn page(
        &mut self,
        friend: &Friend,
        page: Page,
        limit: usize,
    ) -> Result<Vec<Message>> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let query = Query::Log { friend: friend.id.clone(), page, limit };
        let Answer::Log(messages) = self.0.query(query).await? else { bail!(ODD) };
        Ok(messages)
    }

    /// Why it stands as it does with a friend, or with a message that is no friend's name.
    pub(crate) async fn why(&mut self, about: &str) -> Result<Why> {
        let is_id = about.len() >= 8 && about.bytes().all(|byte| byte.is_ascii_hexdigit());
        let subject = match self.friend(about).await {
            Ok(friend) => Subject::Friend(friend.id),
            Err(_) if is_id => Subject::Message(about.into()),
            Err(error) => return Err(error),
        };
        let Answer::Why(why) = self.0.query(Query::Why(subject)).await? else { bail!(ODD) };
        Ok(why)
    }

    /// Does something that is answered by no more than that it is done.
    pub(crate) async fn order(&mut self, command: Command) -> Result<()> {
        let Reply::Done = self.0.command(command).await? else { bail!(ODD) };
        Ok(())
    }
}

/// What connecting fails with where no node listens.
const NOBODY: [ErrorKind; 2] = [ErrorKind::NotFound, ErrorKind::ConnectionRefused];
pub(crate) const ODD: &str = "the node runs another version of this program; restart it";
/// The most messages asked for at once.
const PAGE: usize = 100;
