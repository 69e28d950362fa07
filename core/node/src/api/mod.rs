//! The one API of every shell: `command` changes something, `query` reads, `events` tells.
//!
//! Over the socket in the home folder and to pages in a browser ([`web`]) it is JSON-RPC 2.0
//! ([`rpc`]); the types here are also TypeScript's. Times are Unix milliseconds, ids are lower-case hexadecimal, a
//! friend is named by the id of the conversation with him.

mod ask;
mod caller;
mod core;
mod devices;
mod door;
mod find;
pub mod rpc;
mod tell;
mod view;
pub mod web;
pub mod why;
mod words;

pub use self::{
    ask::{Answer, Command, InviteKind, Page, Passphrase, Query, Reply},
    caller::Caller,
    core::{Core, Listener},
    tell::{
        Adding, Content, Device, Devices, Event, Failure, Former, Found, Friend, Message, Offer,
        Piece, Quote, Reaction, Standing, State, Status, Step,
    },
};
pub(crate) use self::{core::Ask, view::View};

#[cfg(test)]
mod tests {
    use std::{env, fs, path::Path};

    use ts_rs::TS;

    use super::*;

    /// `BLESS=1` writes the file anew.
    #[test]
    fn typescript_knows_the_same_types() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/lib/wire.ts");
        let cfg = ts_rs::Config::new();
        let types = [
            Command::decl(&cfg),
            InviteKind::decl(&cfg),
            Reply::decl(&cfg),
            Query::decl(&cfg),
            Page::decl(&cfg),
            Answer::decl(&cfg),
            Status::decl(&cfg),
            Friend::decl(&cfg),
            Standing::decl(&cfg),
            Offer::decl(&cfg),
            Devices::decl(&cfg),
            Device::decl(&cfg),
            Adding::decl(&cfg),
            Step::decl(&cfg),
            Former::decl(&cfg),
            Passphrase::decl(&cfg),
            Message::decl(&cfg),
            Found::decl(&cfg),
            Piece::decl(&cfg),
            Content::decl(&cfg),
            Quote::decl(&cfg),
            Reaction::decl(&cfg),
            State::decl(&cfg),
            Event::decl(&cfg),
            Failure::decl(&cfg),
            why::Subject::decl(&cfg),
            why::Why::decl(&cfg),
            why::Here::decl(&cfg),
            why::Party::decl(&cfg),
            why::Kind::decl(&cfg),
            why::Linked::decl(&cfg),
            why::Ended::decl(&cfg),
            why::Cause::decl(&cfg),
            why::Near::decl(&cfg),
            why::Tried::decl(&cfg),
            why::Scope::decl(&cfg),
            why::Source::decl(&cfg),
            why::Next::decl(&cfg),
            why::Share::decl(&cfg),
        ];
        let types: String = types.iter().map(|decl| format!("\nexport {decl}\n")).collect();
        let fresh = format!("// @generated from core/node/src/api; not to be edited.\n{types}");
        if env::var_os("BLESS").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &fresh).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), fresh);
    }
}
