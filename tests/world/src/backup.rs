//! Backups: the home that is made of one.

use covey_proto::{
    Input, Node, Time,
    dice::Dice,
    people::{former::Since, own::Me},
    store::{Kind, Record},
    wire::Run,
};

use crate::shelf::Disk;

impl Disk {
    /// The disk of a home that is made from a backup of this one, as `core/node/src/backup` makes it:
    /// another device, with rows of state, and with messages made of the runs.
    pub(crate) fn restored(&self, dice: &mut Dice, now: Time) -> Self {
        let old = self.rows(Kind::Me).next().and_then(|(_, bytes)| Me::parse(bytes));
        let old = old.expect("a disk says whose it is");
        let me = Me::inherit(&old.heirloom(), dice.roll()).expect("its length is the same");
        let left = |row: &Record| !matches!(row.kind, Kind::Head | Kind::Adding | Kind::Me);
        let mut rows: Vec<Record> = self.records().filter(left).collect();
        rows.extend([me.record(), Since::Restored.record(old.device())]);
        let mut disk = Self::new(rows.clone());
        let mut node = Node::new(me, dice.roll(), rows, now);
        for bytes in self.runs.values().flatten().map(|(_, bytes)| bytes.clone()) {
            let run = Run::stored(bytes).expect("it was taken in");
            node.handle(Input::Restored(run), now, &mut disk);
        }
        node.settle(now, &mut disk);
        disk.commit();
        disk.sync();
        disk
    }
}
