//! A person's devices, as the program shows them.

use crate::person::{Person, Running};

#[test]
fn what_is_read_on_one_device_is_read_on_the_other_and_who_is_gone_was_last_linked_then() {
    let (ana, mut phone, ben) =
        (Person::start("Ana"), Person::start("Phone"), Person::start("Ben"));
    ana.befriend(&ben);
    let [mut here, mut there] = added(&ana, &phone);
    there.until(|event| event["friend"]["name"] == "Ben");
    ben.ask(&["send", "Ana", "hello"]);
    there.until(|event| event["friend"]["unread"] == 1);
    ana.ask(&["read", "Ben"]);
    there.until(|event| event["friend"]["unread"] == 0);

    phone.terminate();
    here.until(|event| event == "devices");
    let list = ana.ask(&["device", "list"]);
    let gone = list["devices"].as_array().unwrap().iter().find(|d| d["this"] == false).unwrap();
    assert!(gone["online"] == false && gone["seen"].is_u64(), "{gone}");
    assert!(ana.see(&["device", "list"]).contains("  last linked "));
}

#[test]
fn a_removed_device_says_so_and_hears_no_more() {
    let (ana, phone, ben) = (Person::start("Ana"), Person::start("Phone"), Person::start("Ben"));
    ana.befriend(&ben);
    let [_, mut watch] = added(&ana, &phone);
    watch.until(|event| event["friend"]["name"] == "Ben");
    let error = "this is the device you are using; remove it from another one of yours";
    let list = phone.ask(&["device", "list"]);
    let own = list["devices"].as_array().unwrap().iter().find(|d| d["this"] == true).unwrap();
    assert_eq!(phone.refused(1, &["device", "remove", own["id"].as_str().unwrap()]), error);
    let error = "you have no such device; `covey device list` lists them";
    assert_eq!(ana.refused(1, &["device", "remove", "toaster", "--yes"]), error);

    ana.ask(&["device", "remove", own["id"].as_str().unwrap(), "--yes"]);
    watch.until(|event| event == "removed");
    assert!(phone.see(&["status"]).contains("was removed from your account"));
    assert_eq!(ana.ask(&["device", "list"])["devices"].as_array().unwrap().len(), 1);
    let sent = ben.ask(&["send", "Ana", "Is it gone?"]);
    ben.ask(&["wait", sent["id"].as_str().unwrap(), "--timeout", "30"]);
    assert_eq!(phone.ask(&["log", "Ben"])["messages"], serde_json::json!([]));
}

/// Adds a device to a person, and both persons say that the digits are the same.
fn added(old: &Person, new: &Person) -> [Running; 2] {
    let mut watches = [old.watch(), new.watch()];
    let code = old.ask(&["device", "add"])["invite"].as_str().unwrap().to_owned();
    new.ask(&["device", "join", &code]);
    for (watch, person) in watches.iter_mut().zip([old, new]) {
        watch.until(|event| event["adding"]["step"] == "compare");
        person.ask(&["device", "confirm"]);
    }
    watches
}
