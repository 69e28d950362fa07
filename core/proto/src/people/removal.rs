//! Removing a device of one's own: the roster says so for good, and what that device knows is
//! renewed when the batch ends.

use super::{People, account::MAX_REMOVED};
use crate::{id::DeviceId, store::Shelf};

/// Why a device is not removed; each is a sentence for the person who tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RemovalError {
    /// There would be nobody left to say so.
    #[error("this is the device you are using; remove it from another one of yours")]
    ThisOne,
    /// It is none, or not any more.
    #[error("you have no such device")]
    Unknown,
    /// A roster bears no more.
    #[error("64 devices were removed already; recover the account to begin anew")]
    TooMany,
}

impl People {
    /// Removes a device of one's own.
    ///
    /// # Errors
    /// Why it stays.
    pub fn remove_device(
        &mut self,
        device: DeviceId,
        shelf: &mut dyn Shelf,
    ) -> Result<(), RemovalError> {
        if device == self.me.device() {
            return Err(RemovalError::ThisOne);
        }
        let known = self.rosters.get(&self.me.account).ok_or(RemovalError::Unknown)?;
        let mut roster = known.roster().clone();
        if roster.removed.len() >= MAX_REMOVED {
            return Err(RemovalError::TooMany);
        }
        roster.devices.remove(&device).ok_or(RemovalError::Unknown)?;
        roster.removed.insert(device);
        self.sign(roster, shelf);
        Ok(())
    }
}
