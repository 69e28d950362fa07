//! How a command fails: a sentence for a person, an exit code for a program.

use covey_node::api::Failure;

/// A failure with an exit code of its own.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// What was typed makes no sense.
    #[error("{0}")]
    Usage(String),
    /// It took too long.
    #[error("{0}")]
    TimedOut(String),
}

/// What the API calls no request was typed wrongly.
pub(crate) fn of(failure: Failure) -> anyhow::Error {
    match failure.code {
        ..=NO_REQUEST => Fault::Usage(failure.message).into(),
        _ => failure.into(),
    }
}

const NO_REQUEST: i32 = -32_600;

/// The exit code.
pub(crate) fn code(error: &anyhow::Error) -> u8 {
    match error.downcast_ref() {
        None => 1,
        Some(Fault::Usage(_)) => 2,
        Some(Fault::TimedOut(_)) => 3,
    }
}
