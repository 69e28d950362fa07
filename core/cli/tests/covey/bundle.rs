//! The support bundle: useful, and telling nobody who anybody is.

use std::fs;

use data_encoding::{BASE32_NOPAD, BASE32HEX_NOPAD, BASE64, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};

use crate::person::Person;

#[test]
fn nothing_that_tells_who_somebody_is_gets_into_a_bundle() {
    let (ana, mut ben) = (Person::start("Xanthippe Q"), Person::start("Zebedee V"));
    ana.befriend(&ben);
    let mut secrets: Vec<Vec<u8>> = Vec::new();
    let invite = ana.ask(&["invite"])["invite"].as_str().unwrap().to_owned();
    let code = BASE32_NOPAD.decode(invite.strip_prefix("COVEY:").unwrap().as_bytes()).unwrap();
    // its key, secret and account
    secrets.extend(code[3..83].chunks(8).map(<[u8]>::to_vec));
    for text in ["the plan is plum pudding", "at the old windmill", "árvíztűrő tükörfúrógép"]
    {
        let id = ana.ask(&["send", "Zebedee V", text])["id"].as_str().unwrap().to_owned();
        ana.ask(&["wait", &id, "--timeout", "30"]);
        secrets.extend(HEXLOWER.decode(id.as_bytes()).unwrap().chunks(8).map(<[u8]>::to_vec));
        secrets.push(text.into());
    }
    ben.ask(&["send", "Xanthippe Q", "understood"]);
    ben.terminate();
    let status = ana.ask(&["status"]);
    let friend = &status["friends"][0];
    let talk = HEXLOWER.decode(friend["id"].as_str().unwrap().as_bytes()).unwrap();
    secrets.extend(talk.chunks(8).map(<[u8]>::to_vec));
    let names = ["Xanthippe", "Zebedee", "understood", ana.home.path().to_str().unwrap()];
    let numbers = friend["safety"].as_str().unwrap_or_default().split(' ').take(2);
    let listens = status["addresses"][0].as_str().unwrap().split('/').nth(4).unwrap();
    let plain = names.into_iter().chain(numbers).chain(["127.0.0.1", listens]);
    secrets.extend(plain.filter(|text| !text.is_empty()).map(Into::into));

    let bundle = ana.see(&["bundle"]);
    for secret in &secrets {
        let as_it_is = String::from_utf8_lossy(secret).into_owned();
        let encodings =
            [BASE32_NOPAD, BASE32HEX_NOPAD, BASE64, BASE64URL_NOPAD, HEXLOWER, HEXUPPER];
        let encoded = encodings.map(|encoding| encoding.encode(secret));
        for form in encoded.iter().map(|form| form.trim_end_matches('=')).chain([&*as_it_is]) {
            // the last character of a code also depends on what comes behind it
            let form = form.get(..form.len() - 1).filter(|form| form.len() > 8).unwrap_or(form);
            for form in [form.to_owned(), form.to_lowercase()] {
                assert!(!bundle.contains(&form), "{form} is in it:\n{bundle}");
            }
        }
    }
    for useful in
        ["covey 0.1.0", "SQLite 3.", "quinn 0.11", "friend 1", "\"near\"", "address 1 (IPv4"]
    {
        assert!(bundle.contains(useful), "{useful} is not in it:\n{bundle}");
    }
    assert!(bundle.contains("link over"), "the log is not in it:\n{bundle}");
}

#[test]
fn a_bundle_is_written_once_and_not_unseen() {
    let ana = Person::start("Ana");
    let file = ana.home.path().join("bundle.txt");
    let path = file.to_str().unwrap();
    assert!(ana.refused(1, &["bundle", path]).contains("--yes writes it unseen"));
    assert!(!file.exists());
    ana.ask(&["bundle", path, "--yes"]);
    assert!(fs::read_to_string(&file).unwrap().starts_with("covey "));
    assert!(ana.refused(1, &["bundle", path, "--yes"]).contains("choose another file"));
}
