//! Rows that cannot be read any more, and the repair of what is left.
//!
//! Damage is noticed by the page, so a row is there as it was or not at all. A lost run takes what
//! was shown of it along: whoever shows more than he holds shows it for ever, and says so. Not lost
//! here is what nobody else could give back: the account's own rows, who its friends are, and where
//! they were met; friends do not know the device that it is afterwards, and cannot call it.

use covey_proto::{
    dice::Dice,
    people::own::Me,
    store::{Kind, Shelf as _},
    talk::Talk,
    wire::Run,
};

use crate::shelf::Disk;

impl Disk {
    /// Some rows are lost, and of the rest a new database is made as
    /// `core/node/src/store/repair.rs` makes one. It is another device's from then on.
    pub(crate) fn rot(&mut self, rows: usize, me: &Me, dice: &mut Dice) {
        for _ in 0..rows {
            match dice.below(3) {
                0 => self.lose_run(dice),
                1 => self.lose_message(dice),
                _ => self.lose_word(dice),
            }
        }
        self.state.retain(|(kind, _), _| *kind != Kind::Head);
        self.readers.clear();
        self.acts.clear();
        let runs = std::mem::take(&mut self.runs);
        let mut talk = Talk::new(me.account, me.device());
        for (_, bytes) in runs.into_values().flatten() {
            talk.restore(&Run::open(bytes).expect("it was taken in"), self);
        }
        let me = me.anew(dice.roll()).record();
        self.put(me.kind, &me.key, &me.bytes);
        self.commit();
        self.sync();
    }

    fn lose_run(&mut self, dice: &mut Dice) {
        let Some(place) = one_of(self.runs.keys().copied(), dice) else { return };
        for (_, bytes) in self.runs.remove(&place).into_iter().flatten() {
            let run = Run::stored(bytes).expect("it was taken in");
            for entry in run.entries() {
                self.set_message(entry.id, None);
            }
        }
    }

    fn lose_message(&mut self, dice: &mut Dice) {
        let shown = one_of(self.messages.keys().copied(), dice);
        shown.into_iter().for_each(|id| self.set_message(id, None));
    }

    /// A row of what others told, or of where they were reached.
    fn lose_word(&mut self, dice: &mut Dice) {
        let words = self.state.keys().filter(|(k, _)| matches!(k, Kind::Have | Kind::Reached));
        one_of(words.cloned(), dice).map(|row| self.state.remove(&row));
    }
}

fn one_of<T>(all: impl Iterator<Item = T>, dice: &mut Dice) -> Option<T> {
    let all: Vec<T> = all.collect();
    let at = usize::try_from(dice.below(all.len() as u64)).ok()?;
    all.into_iter().nth(at)
}
