//! How two persons become friends.

use covey_proto::wire::letter::InviteKind;
use world::World;

#[test]
fn two_people_befriend_by_a_link_and_talk() {
    let mut world = World::new(1);
    let (alice, bob) = (world.person("Alice"), world.person("Bob"));
    let text = world.invite(alice, InviteKind::Link);
    world.accept(bob, &text).unwrap();
    world.say(bob, alice, "hello");
    world.until("she reads it", |w| w.texts(alice, bob) == ["hello"]);
    world.until("he knows", |w| w.delivered(bob, bob, alice).0 == 1);
    let seen = [world.friend(alice, bob), world.friend(bob, alice)];
    assert!(seen.into_iter().all(|friend| !friend.unwrap().verified));
}
