//! Recovery: the one key above the account's, written down as 24 words, and what it does.
//!
//! With it a new epoch of the account is opened: a new account key, of which a thief knows nothing,
//! and a new recovery key. Only the device where the words were typed stays; friends take the new
//! epoch whole and refuse whatever the old account key signs.

use alloc::string::String;

use bip39::{Error, Language, Mnemonic};
use zeroize::Zeroizing;

use super::{
    People,
    account::{MAX_REMOVED, recovery_hash},
};
use crate::{
    dice::Dice,
    seal::{Secret, SigningKey},
    store::Shelf,
};

/// Why words recover nothing; each is a sentence for the person who typed them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecoveryError {
    /// Not as many as there are.
    #[error("recovery takes 24 words, and these are {0}")]
    Count(usize),
    /// One that is not in the list, by its place.
    #[error("word {0} is none that Covey uses; look how it is spelt")]
    Unknown(usize),
    /// All are in the list, and do not belong together.
    #[error("these words do not belong together: one is wrong, or two changed places")]
    Mistyped,
    /// They recover something else.
    #[error("these words recover another account, not this one")]
    Foreign,
    /// They did what they could.
    #[error("these words were used before; each time new ones replace them")]
    Used,
    /// A roster bears no more.
    #[error("this account was recovered four times already, which is all that it bears")]
    Exhausted,
    /// It is erased.
    #[error("the recovery key is no longer on this device; the words you wrote down are the key")]
    Forgotten,
}

/// The words of a recovery key.
pub fn words(key: &Secret) -> Zeroizing<String> {
    let words =
        Mnemonic::from_entropy_in(Language::English, &key.0).expect("32 bytes are 24 words");
    let mut text = Zeroizing::new(String::new());
    for word in words.words() {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

/// Reads words however they were typed: in either case, on several lines.
///
/// # Errors
/// Those that need no account.
pub fn parse(text: &str) -> Result<Secret, RecoveryError> {
    let text = Zeroizing::new(text.to_lowercase());
    let count = text.split_whitespace().take(MAX_WORDS).count();
    if count != WORDS {
        return Err(RecoveryError::Count(count));
    }
    let words =
        Mnemonic::parse_in_normalized(Language::English, &text).map_err(|error| match error {
            Error::UnknownWord(place) => RecoveryError::Unknown(place + 1),
            Error::BadWordCount(count) => RecoveryError::Count(count),
            Error::InvalidChecksum
            | Error::BadEntropyBitCount(_)
            | Error::AmbiguousLanguages(_) => RecoveryError::Mistyped,
        })?;
    let (bytes, _) = words.to_entropy_array();
    let bytes = Zeroizing::new(bytes);
    Ok(Secret(*bytes.first_chunk().expect("33 bytes")))
}

const WORDS: usize = 24;
/// So many are counted.
const MAX_WORDS: usize = 1000;

impl People {
    /// The recovery key, as long as it is on this device.
    ///
    /// # Errors
    /// [`RecoveryError::Forgotten`].
    pub fn recovery(&self) -> Result<Secret, RecoveryError> {
        self.me.recovery().cloned().ok_or(RecoveryError::Forgotten)
    }

    /// Erases the recovery key from this device: whoever steals it cannot become this person for
    /// ever, and only who has the words can go on as him.
    pub fn forget_recovery(&mut self, shelf: &mut dyn Shelf) {
        self.me.forget_recovery();
        self.changed = true;
        self.keep_me(shelf);
    }

    /// Opens a new epoch of the account, with this device alone.
    ///
    /// # Errors
    /// Why the key does not.
    pub fn recover(
        &mut self,
        key: &Secret,
        dice: &mut Dice,
        shelf: &mut dyn Shelf,
    ) -> Result<(), RecoveryError> {
        let Some(rosters) = self.rosters.get(&self.me.account) else {
            return Err(RecoveryError::Foreign);
        };
        let (now, key) = (rosters.roster(), SigningKey::new(key));
        let (account, next) = (Secret(dice.roll()), Secret(dice.roll()));
        let next_hash = recovery_hash(&SigningKey::new(&next).public());
        let mut new = now.recover(&key, SigningKey::new(&account).public(), next_hash)?;
        let (device, me) = (self.me.device(), self.me.key());
        let gone = now.devices.keys().chain(&now.removed).filter(|other| **other != device);
        new.removed = gone.take(MAX_REMOVED).copied().collect();
        new.devices = [(device, me)].into();
        self.me.recovered(account, next);
        self.keep_me(shelf);
        self.take_roster(self.me.account, &new.sign(&self.me.account_key), shelf);
        Ok(())
    }

    fn keep_me(&self, shelf: &mut dyn Shelf) {
        let row = self.me.record();
        shelf.put(row.kind, &row.key, &row.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Secret = Secret([0x5a; 32]);

    #[test]
    fn words_are_24_and_read_as_the_key_however_they_are_typed() {
        let words = words(&KEY);
        assert_eq!(words.split(' ').count(), 24);
        let typed = std::format!("\n  {} \t\r\n", words.replace(' ', " \n").to_uppercase());
        assert_eq!(parse(&typed), Ok(KEY));
    }

    #[test]
    fn words_too_few_too_many_or_none_at_all_are_counted() {
        let words = words(&KEY);
        let (few, many) = (&words[..words.rfind(' ').unwrap()], words.repeat(100));
        for (text, count) in [("", 0), (few, 23), (&many, 24 * 100 - 99)] {
            assert_eq!(parse(text), Err(RecoveryError::Count(count.min(MAX_WORDS))));
        }
    }

    #[test]
    fn a_word_that_is_not_in_the_list_is_named_by_its_place() {
        let words = words(&KEY);
        let typed: std::vec::Vec<_> = words.split(' ').collect();
        for place in 0..24 {
            let mut typed = typed.clone();
            typed[place] = "covey";
            assert_eq!(parse(&typed.join(" ")), Err(RecoveryError::Unknown(place + 1)));
        }
    }

    #[test]
    fn words_of_which_two_changed_places_do_not_belong_together() {
        let words = words(&Secret([7; 32]));
        let mut typed: std::vec::Vec<_> = words.split(' ').collect();
        let other = typed.iter().position(|word| *word != typed[0]).unwrap();
        typed.swap(0, other);
        assert_eq!(parse(&typed.join(" ")), Err(RecoveryError::Mistyped));
    }
}
