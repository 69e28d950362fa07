#!/usr/bin/env python3
"""read.py FOLDER: opens one of everything on Covey's wire, as written down in core/proto/vectors.

Made from the description of the wire, in another language and on other libraries than Covey: what
both agree on is a specification, not a habit. Each check says anew, from bytes and secrets alone,
all that its file says; it fails on the first thing that is not so.
"""

import base64
import json
import struct
import sys
from ipaddress import ip_address
from pathlib import Path

from blake3 import blake3
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from wire import Noise, Wrong, agree, derive, fields, open_letter, public, read, same, transport
from wire import varint, verify

VERSION, SUITE = 1, 1
KINDS = ["link", "screen", "own"]
VERDICTS = [None, "friend", "used up", "expired"]


def plain(value):
    """As the files have it: bytes in hexadecimal."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return value.hex() if isinstance(value, bytes) else value


def address(data: bytes) -> str:
    how = ["quic", "tcp"][data[0] & 1]
    same(len(data), 19 if data[0] & 2 else 7)
    return f"{how} {ip_address(data[1:-2])} {int.from_bytes(data[-2:], 'big')}"


def device(account: bytes, key: bytes) -> bytes:
    return derive("device", bytes([SUITE]), account, key)[:16]


def signed(said: dict) -> dict:
    return {name: bytes.fromhex(said[name]) for name in ("bytes", "signature")}


def roster(signed: dict) -> dict:
    said = read("roster", signed["bytes"])
    key, recovery = said["key"], said["recovery"]
    account = derive("account", key, recovery)
    for epoch, step in enumerate(said["statements"], 1):
        by, key, after = step["recovery_key"], step["account_key"], step["next_recovery"]
        same(derive("recovery", by), recovery)
        named = account, epoch.to_bytes(4, "little"), key, after
        verify(by, step["signature"], "recovery", *named)
        recovery = after
    same((said["wire"], said["epoch"]), (VERSION, len(said["statements"])))
    verify(key, signed["signature"], "roster", signed["bytes"])
    return {
        "signed": signed,
        "account": account,
        "devices": sorted(device(account, key) for key in said["devices"]),
    } | {name: said[name] for name in ("epoch", "version", "name", "removed")}


def card(signed: dict) -> tuple[dict, bytes]:
    said = read("card", signed["bytes"])
    same(said.pop("wire"), VERSION)
    key = said.pop("key")
    verify(key, signed["signature"], "card", signed["bytes"])
    said["addresses"] = [address(data) for data in said["addresses"]]
    return said | {"signed": signed, "device": device(said["account"], key)}, key


def person(said: dict) -> tuple[bytes, dict, bytes]:
    """Whose roster and card these are: account, card, the device's key."""
    listed, (own, key) = roster(said["roster"]), card(said["card"])
    same(own["account"], listed["account"])
    same(own["device"] in listed["devices"], True)
    return own["account"], own, key


def invite(text: str) -> dict:
    same(text[:6], "COVEY:")
    code = text[6:]
    data = base64.b32decode(code + "=" * (-len(code) % 8))
    same(len(data) <= 225, True)
    data, damage = data[:-4], data[-4:]
    same(blake3(data).digest()[:4], damage)
    same(data[:2], bytes([VERSION, SUITE]))
    end = 88 + data[87]
    tail, addresses = data[end:], []
    while tail:
        same(tail[0], 1)
        addresses.append(address(tail[2 : 2 + tail[1]]))
        tail = tail[2 + tail[1] :]
    return {
        "kind": KINDS[data[2]],
        "key": data[3:35],
        "secret": data[35:67],
        "account": data[67:83],
        "expires": int.from_bytes(data[83:87], "big"),
        "name": data[88:end].decode(),
        "addresses": addresses,
        "seen": derive("invite seen", data[:end]),
        "text": text,
    }


def check_invites(written: list):
    for one in written:
        seed, said = bytes.fromhex(one["seed"]), invite(one["text"])
        same(said.pop("key"), public(derive("invite key", seed)))
        secret = said.pop("secret")
        same(secret, derive("invite secret", seed))
        said.pop("seen")
        found = {"seed": seed, "tag": derive("invite tag", secret)[:16]}
        same(plain(said | found), one)
    same([one["kind"] for one in written], KINDS)


def letters(asked: dict, reply: bytes):
    """What opens the letters that an invite leads to, and what letters to it begin with."""
    kind = bytes([KINDS.index(asked["kind"])])
    psk, tag = (derive("invite " + what, asked["secret"]) for what in ("psk", "tag"))

    def opened(secret, letter, context, aad, newcomer, *answered):
        info = fields(b"covey 1 " + context.encode(), bytes([VERSION, SUITE]), kind)
        said = read("hello", open_letter(secret, letter, psk, info, aad))
        account, _, key = person(said)
        parts = (derive("hello part", *said[part].values()) for part in ("roster", "card"))
        verdict = [said["verdict"].to_bytes(4, "little"), *answered] if answered else []
        named = asked["seen"], asked["account"], newcomer or account, *parts, said["half"]
        more = [said["secret"]] if said["secret"] else []
        verify(key, said["signature"], context, *named, public(reply), kind, *verdict, *more)
        return account, said

    return opened, bytes([VERSION, SUITE]) + kind + tag[:16]


def check_hello(written: dict):
    seed, first = bytes.fromhex(written["seed"]), bytes.fromhex(written["letter"])
    reply = bytes.fromhex(written["reply_secret"])
    asked = invite(written["invite"])
    opened, begin = letters(asked, reply)
    same(first[:19], begin)
    newcomer, hello = opened(derive("invite key", seed), first[19:], "hello 1", begin[3:], None)
    same((newcomer.hex(), hello["reply_key"]), (written["newcomer"], public(reply)))
    letter = derive("hello letter", first)
    for answer in written["answers"]:
        sealed = bytes.fromhex(answer["letter"])
        inviter, said = opened(reply, sealed, "hello 2", letter, newcomer, letter)
        same((inviter.hex(), inviter[:16]), (written["inviter"], asked["account"]))
        friends = VERDICTS[said["verdict"]] == "friend"
        half = derive("invite half", seed, letter) if friends else b""
        same(said["half"], half)
        secret = derive("friendship", letter, half, hello["half"], inviter, newcomer)
        found = {"verdict": VERDICTS[said["verdict"]], "letter": sealed}
        same(plain(found | {"friendship": secret if friends else None}), answer)
    same([answer["verdict"] for answer in written["answers"]], VERDICTS[1:])


def check_adding(written: dict):
    seed, reply = bytes.fromhex(written["seed"]), bytes.fromhex(written["reply_secret"])
    first, second, third, fourth = map(bytes.fromhex, written["letters"])
    asked, key = invite(written["invite"]), derive("invite key", seed)
    opened, begin = letters(asked, reply)
    same((first[:19], third[:19]), (begin, begin))
    newcomer, hello = opened(key, first[19:], "hello 1", begin[3:], None)
    letter = derive("hello letter", first)
    old, answer = opened(reply, second, "hello 2", letter, newcomer, letter)
    _, shown = opened(key, third[19:], "adding 3", letter, newcomer, letter)
    same(hello["half"], derive("commitment", shown["half"]))
    both = derive("friendship", letter, answer["half"], shown["half"], old, newcomer)
    number = int.from_bytes(derive("digits", both)[:8], "little") % 1_000_000
    _, said = opened(reply, fourth, "adding 4", letter, newcomer, letter)
    found = {"old": old, "new": newcomer, "digits": f"{number:06}", "account_key": said["half"]}
    same(written | plain(found | {"secret": said["secret"]}), written)


def check_rosters(written: dict):
    found = {name: roster(signed(one["signed"])) for name, one in written.items()}
    same(plain(found), written)
    one, other, merged = (found[name] for name in ("one", "other", "merged"))
    removed = set(one["removed"] + other["removed"])
    same(sorted(removed), merged["removed"])
    same(sorted(set(one["devices"] + other["devices"]) - removed), merged["devices"])
    same(len({one["account"] for one in found.values()}), 1)


def check_card(written: dict):
    same(plain(card(signed(written["signed"]))[0]), written)


def run(data: bytes) -> dict:
    said, entries, before = read("run", data), [], bytes(32)
    log, author = None, said["account"]
    for seq, entry in enumerate(said["entries"], 1):
        head, body = read("head", entry["head"]), entry["body"]
        same((head["version"], head["flags"]), (VERSION, 0))
        same((head["seq"], head["prev"]), (seq, before))
        same(not body or head["body_hash"] == derive("body", body[:16], body[16:]), True)
        log = log or (head["conversation"], head["device"])
        same((head["conversation"], head["device"]), log)
        before = derive("entry", entry["head"])
        kept = {name: head[name] for name in ("seq", "kind", "seen", "target", "at", "keep_for")}
        entries.append(kept | {"id": before, "content": body[16:] if body else None})
    same((said["suite"], log[1]), (SUITE, device(author, said["key"])))
    verify(said["key"], said["signature"], "run", before)
    return {"author": author, "conversation": log[0], "device": log[1], "entries": entries}


def check_run(written: dict):
    data, friend = (bytes.fromhex(written[name]) for name in ("bytes", "friend"))
    said = run(data) | {"bytes": data, "friend": friend}
    pair = sorted([said["author"][:16], friend])
    same(said.pop("conversation"), derive("pair", *pair))
    same(plain(said), written)


def frame(data: bytes) -> dict:
    said = {name: part for name, part in read("frame", data).items() if part is not None}
    for kind, check in {"run": run, "roster": roster, "card": card}.items():
        if kind in said:
            check(said[kind])
    return said


def check_frames(written: list):
    frames = [bytes.fromhex(one["bytes"]) for one in written]
    found = [{"bytes": data, "says": frame(data)} for data in frames]
    same(plain(found), written)
    kinds = [name for one in found for name in one["says"]]
    same(kinds, list(read("frame", b"")))


def check_renewals(written: dict):
    for one in written["renewals"]:
        said, other = frame(bytes.fromhex(one["frame"]))["renewal"], bytes.fromhex(one["other"])
        listed, by = roster(said["roster"]), device(said["account"], said["key"])
        same((listed["account"], by in listed["devices"]), (said["account"], True))
        stated = [said["account"], other, said["counter"].to_bytes(8, "little")]
        stated += [derive("hello part", *said["roster"].values()), said["secret"]]
        verify(said["key"], said["signature"], "renewal", *stated)
        found = {"by": by, "id": derive("secret id", said["secret"])[:8]}
        same(plain(one | found), one)
    one = written["cut"]
    (log,) = frame(bytes.fromhex(one["frame"]))["have"]["logs"]
    cut = log["cut"]
    stated = [cut["account"], log["conversation"], log["device"]]
    verify(cut["key"], cut["signature"], "cut", *stated, cut["seq"].to_bytes(8, "little"), cut["id"])
    same((cut["seq"], cut["id"][:8]), (log["upto"], log["id"]))
    found = {name: log[name] for name in ("conversation", "device")}
    same(plain(one | found | {"by": device(cut["account"], cut["key"])}), one)


def check_link(written: dict):
    secret, static, ephemeral, bearer = (
        bytes.fromhex(written[name])
        for name in ("friendship", "responder_static", "responder_ephemeral", "bearer")
    )
    first, second, third = (framed(message) for message in written["messages"])
    key = derive("link mac", public(static))
    same(blake3(bearer + first[16:], key=key).digest()[:16], first[:16])
    noise = Noise(b"/covey/link/1" + bytes([VERSION, SUITE]) + bearer, public(static))

    noise.ephemeral(asking := first[16:48])
    noise.mix_key(agree(static, asking))
    initiator = noise.open(first[48:96])
    noise.mix_key(agree(static, initiator))
    offer = read("greeting", unpad(noise.open(first[96:])))
    same(offer.pop("secret"), derive("secret id", secret)[:8])

    same(second[:32], public(ephemeral))
    noise.ephemeral(second[:32])
    noise.mix_key(agree(ephemeral, asking))
    noise.mix_key(agree(ephemeral, initiator))
    noise.mix_psk(derive("link psk", secret))
    answer = read("greeting", unpad(noise.open(second[32:])))
    same(answer.pop("secret"), b"")

    found = dict(written)
    for side, said, key in [("initiator", offer, initiator), ("responder", answer, public(static))]:
        account, own, _ = person(said)
        same(own["noise"], key)
        found[side] = {"account": account, "clock": said["clock"], "versions": said["versions"]}
    forth, back = noise.keys(b"", 2)
    same(unpad(transport(forth, 0, third)), b"")
    for way, key, start in [("frames_forth", forth, 1), ("frames_back", back, 0)]:
        sealed = enumerate(map(framed, written[way]), start)
        opened = [unpad(transport(key, number, message)) for number, message in sealed]
        same(plain(opened), written["frames"][: len(opened)])
    for data in written["frames"]:
        frame(bytes.fromhex(data))
    same(plain(found), written)


def check_backup(written: dict):
    data = bytes.fromhex(written["bytes"])
    header, proof, check, chunks = data[:50], data[50:66], data[66:98], data[98:]
    same(header[:15], b"covey backup 1\n")
    same(blake3(data[:66]).digest(), check)
    memory, passes, lanes = struct.unpack("<3I", header[15:27])
    kdf = Argon2id(salt=header[27:43], length=32, iterations=passes, lanes=lanes,
                   memory_cost=memory)
    cipher = ChaCha20Poly1305(kdf.derive(written["passphrase"].encode()))
    same(cipher.decrypt(b"\xff" * 12, proof, header), b"")
    plain, size = b"", 65536 + 16
    for at in range(0, len(chunks), size):
        last = at + size >= len(chunks)
        nonce = header[43:50] + struct.pack(">I?", at // size, last)
        plain += cipher.decrypt(nonce, chunks[at : at + size], header)
    found = []
    while plain:
        length, kind, key = struct.unpack("<IBH", plain[:7])
        one, plain = plain[7 : 4 + length], plain[4 + length :]
        found.append({"kind": kind, "key": one[:key], "bytes": one[key:]})
    same(plain, b"")
    for one in found:
        if one["kind"] == 0:
            read("run", one["bytes"])
    same(found[0]["kind"], 12)
    same([one | {"key": one["key"].hex(), "bytes": one["bytes"].hex()} for one in found],
         written["records"])


def framed(written: str) -> bytes:
    data = bytes.fromhex(written)
    same(int.from_bytes(data[:2], "big"), len(data) - 2)
    return data[2:]


def unpad(data: bytes) -> bytes:
    length, rest = varint(data)
    zeros = rest[length:]
    same((len(data) % 128, zeros), (0, bytes(len(zeros))))
    same(len(zeros) < 128, True)
    return rest[:length]


def spoiled(value):
    """The value with one thing in it changed: once for each thing in it."""
    if isinstance(value, (dict, list)):
        for at in list(value if isinstance(value, dict) else range(len(value))):
            whole = value[at]
            for value[at] in spoiled(whole):
                yield value
            value[at] = whole
    elif value and isinstance(value, str):
        middle = len(value) // 2
        yield value[:middle] + ("1" if value[middle] == "0" else "0") + value[middle + 1 :]
    else:
        yield value + 1 if isinstance(value, int) else "00"


def main(folder: Path):
    checks = {name[6:]: check for name, check in globals().items() if name.startswith("check_")}
    same(sorted(path.stem for path in folder.iterdir()), sorted(checks))
    doubted = 0
    for name, check in checks.items():
        written = json.loads((folder / f"{name}.json").read_text())
        check(written)
        for wrong in spoiled(written):
            doubted += 1
            try:
                check(wrong)
            except Exception:
                continue
            raise Wrong(f"{name}: this was believed: {wrong}")
    print(f"{len(checks)} files say what they should; {doubted} spoiled ones were refused")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
