//! The machine's dice: all its randomness comes from one seed, so a run can be replayed.
//!
//! The key is replaced by the dice's own output after every input, and 32 fresh bytes are taken
//! in now and then: what is seized from memory today opens nothing recorded yesterday.

use alloc::boxed::Box;

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};
use snow::{
    params::{CipherChoice, DHChoice, HashChoice},
    resolvers::{CryptoResolver, DefaultResolver},
    types::{Cipher, Dh, Hash, Random},
};

use crate::seal::{self, Context};

/// A cryptographic random generator with a seed.
pub struct Dice(ChaCha20Rng);

impl Dice {
    /// Dice that begin with this seed.
    pub fn new(seed: [u8; 32]) -> Self {
        Self(ChaCha20Rng::from_seed(seed))
    }

    /// The next bytes.
    pub fn roll<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// A number below `bound`, or 0 if that is 0. Not for secrets: slightly uneven.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0.next_u64().checked_rem(bound).unwrap_or(0)
    }

    /// Forgets how it came here.
    pub fn forget(&mut self) {
        *self = Self::new(self.roll());
    }

    /// Takes in fresh bytes from the system; what it knew stays in the mix.
    pub fn stir(&mut self, fresh: &[u8; 32]) {
        let own: [u8; 32] = self.roll();
        *self = Self::new(seal::derive(Context::Stir, &[&own, fresh]));
    }

    /// The generator, for libraries that want one.
    pub fn rng(&mut self) -> &mut ChaCha20Rng {
        &mut self.0
    }
}

impl core::fmt::Debug for Dice {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Dice")
    }
}

/// Noise with these dice and otherwise the library's own arithmetic.
pub(crate) struct Resolver(pub(crate) [u8; 32]);

impl CryptoResolver for Resolver {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        Some(Box::new(Noise(ChaCha20Rng::from_seed(self.0))))
    }
    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
        DefaultResolver.resolve_dh(choice)
    }
    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        DefaultResolver.resolve_hash(choice)
    }
    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        DefaultResolver.resolve_cipher(choice)
    }
}

struct Noise(ChaCha20Rng);

impl Random for Noise {
    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), snow::Error> {
        self.0.fill_bytes(dest);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_rolls_the_same() {
        assert_eq!(Dice::new([7; 32]).roll::<40>(), Dice::new([7; 32]).roll::<40>());
    }

    #[test]
    fn forgetting_and_stirring_change_what_comes() {
        let (mut plain, mut forgot, mut stirred) =
            (Dice::new([7; 32]), Dice::new([7; 32]), Dice::new([7; 32]));
        forgot.forget();
        stirred.stir(&[1; 32]);
        let all = [plain.roll::<16>(), forgot.roll(), stirred.roll()];
        assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2]);
    }
}
