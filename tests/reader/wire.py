"""Covey's wire, version 1, read without Covey: protobuf, hashes, signatures, letters, Noise."""

import hashlib
import hmac
import re

from blake3 import blake3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

# Names in the order of their numbers, `_` for one that is free. `*` repeats, `?` may be missing,
# the rest has a default.
MESSAGES = {
    "signed": "bytes signature",
    "roster": "wire:int key recovery epoch:int version:int devices* removed* name:text"
    " statements:statement*",
    "statement": "recovery_key account_key next_recovery signature",
    "card": "wire:int account key version:int noise class:int addresses* capabilities:int",
    "hello": "roster:signed card:signed half reply_key verdict:int signature secret",
    "greeting": "roster:signed card:signed clock:int versions:ints secret",
    "head": "version:int kind:int flags:int conversation device seq:int prev seen* acts* target"
    " at:int keep_for:int body_hash",
    "entry": "head body",
    "run": "entries:entry* signature account key suite:int",
    "frame": "have:have? want:want? run? roster:signed? card:signed? secrets:list? map_digest?"
    " map:map? renewal:renewal? introduction:introduction?",
    "renewal": "account roster:signed key counter:int secret signature",
    "introduction": "id step:int whom text:text letter",
    "have": "digests:digest* logs:log* whole*",
    "digest": "conversation digest:eight",
    "log": "conversation device from:int upto:int id:eight beyond:ints read:int wants:ints"
    " tips* cut:cut?",
    "cut": "account seq:int id key signature",
    "want": "ranges:range*",
    "range": "conversation device first:int last:int",
    "list": "items*",
    "map": "records:record*",
    "record": "topic:int key counter:int device value?",
}


class Wrong(Exception):
    """Something is not as it was written down."""


def same(found, written):
    if found != written:
        raise Wrong(f"{found!r} is not {written!r}")


def read(message: str, data: bytes) -> dict:
    """Protobuf. What the table does not know is wrong here, though a node skips it."""
    rows = [re.fullmatch(r"(\w+):?(\w*)([*?]?)", row) for row in MESSAGES[message].split()]
    table = {at: row.groups() for at, row in enumerate(rows, 1) if row[0] != "_"}
    empty = {"int": 0, "text": "", "eight": bytes(8), "": b""}
    said = {name: [] if many == "*" or kind == "ints" else None if many else empty.get(kind)
            for name, kind, many in table.values()}
    while data:
        tag, data = varint(data)
        name, kind, many = table[tag >> 3]
        same(tag & 7, {"int": 0, "eight": 1}.get(kind, 2))
        if kind == "int":
            value, data = varint(data)
        else:
            length, data = (8, data) if kind == "eight" else varint(data)
            value, data = data[:length], data[length:]
            same(len(value), length)
        if kind == "text":
            value = value.decode()
        elif kind in MESSAGES:
            value = read(kind, value)
        while kind == "ints" and value:
            number, value = varint(value)
            said[name].append(number)
        if many == "*":
            said[name].append(value)
        elif kind != "ints":
            said[name] = value
    return said


def varint(data: bytes) -> tuple[int, bytes]:
    end = next(at for at, byte in enumerate(data) if byte < 128) + 1
    return sum((byte & 127) << 7 * at for at, byte in enumerate(data[:end])), data[end:]


def fields(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "little") + part for part in parts)


def derive(context: str, *parts: bytes) -> bytes:
    return blake3(fields(*parts), derive_key_context="covey 1 " + context).digest()


def verify(key: bytes, signature: bytes, context: str, *parts: bytes):
    signed = fields(("covey 1 " + context).encode(), *parts)
    Ed25519PublicKey.from_public_bytes(key).verify(signature, signed)


def public(secret: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def agree(secret: bytes, key: bytes) -> bytes:
    theirs = X25519PublicKey.from_public_bytes(key)
    return X25519PrivateKey.from_private_bytes(secret).exchange(theirs)


def mac(key: bytes, data: bytes, digest) -> bytes:
    return hmac.new(key, data, digest).digest()


def open_letter(secret: bytes, letter: bytes, psk: bytes, info: bytes, aad: bytes) -> bytes:
    """RFC 9180, PSK mode, X25519 with HKDF-SHA256, HKDF-SHA256, ChaCha20Poly1305."""
    kem, hpke = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x03"

    def extract(suite, salt, label, key):
        return mac(salt, b"HPKE-v1" + suite + label + key, hashlib.sha256)

    def expand(suite, key, label, context, length):
        # one block of HKDF is enough for all that is asked
        start = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label
        return mac(key, start + context + b"\x01", hashlib.sha256)[:length]

    encapsulated, sealed = letter[:32], letter[32:]
    shared = extract(kem, b"", b"eae_prk", agree(secret, encapsulated))
    shared = expand(kem, shared, b"shared_secret", encapsulated + public(secret), 32)
    context = b"\x01" + extract(hpke, b"", b"psk_id_hash", b"invite")
    context += extract(hpke, b"", b"info_hash", info)
    final = extract(hpke, shared, b"secret", psk)
    nonce = expand(hpke, final, b"base_nonce", context, 12)
    key = expand(hpke, final, b"key", context, 32)
    return ChaCha20Poly1305(key).decrypt(nonce, sealed, aad)


class Noise:
    """Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s, with all of the responder's secrets."""

    def __init__(self, prologue: bytes, responder: bytes):
        self.chain = self.hash = hashlib.blake2s(b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s").digest()
        self.mix(prologue)
        self.mix(responder)

    def mix(self, data: bytes):
        self.hash = hashlib.blake2s(self.hash + data).digest()

    def keys(self, data: bytes, count: int) -> list[bytes]:
        key, out = mac(self.chain, data, hashlib.blake2s), [b""]
        for number in range(1, count + 1):
            out.append(mac(key, out[-1] + bytes([number]), hashlib.blake2s))
        return out[1:]

    def mix_key(self, data: bytes):
        self.chain, self.key = self.keys(data, 2)
        self.nonce = 0

    def mix_psk(self, psk: bytes):
        self.chain, mixed, self.key = self.keys(psk, 3)
        self.mix(mixed)
        self.nonce = 0

    def ephemeral(self, key: bytes):
        self.mix(key)
        self.mix_key(key)

    def open(self, sealed: bytes) -> bytes:
        plain = transport(self.key, self.nonce, sealed, self.hash)
        self.nonce += 1
        self.mix(sealed)
        return plain


def transport(key: bytes, nonce: int, sealed: bytes, aad: bytes = b"") -> bytes:
    return ChaCha20Poly1305(key).decrypt(bytes(4) + nonce.to_bytes(8, "little"), sealed, aad)
