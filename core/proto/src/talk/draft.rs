//! Drafts: what a person began to write and has not sent.
//!
//! One a conversation, on this device only. Shells read it from the disk; the machine never does.

use super::SayError;
use crate::{
    id::ConversationId,
    store::{Kind, Shelf},
    wire::entry::MAX_TEXT,
};

/// Keeps a draft in the place of the one there was; an empty text is none.
///
/// # Errors
/// [`SayError::TooLong`], as it could not be sent.
pub fn draft(here: ConversationId, text: &str, shelf: &mut dyn Shelf) -> Result<(), SayError> {
    match text.len() {
        0 => shelf.delete(Kind::Draft, &here.0),
        1..=MAX_TEXT => shelf.put(Kind::Draft, &here.0, text.as_bytes()),
        _ => return Err(SayError::TooLong),
    }
    Ok(())
}
