// Generated from core/node/src/api; not to be edited.

export type Command = { "set_name": { 
/**
 * The name.
 */
name: string, } } | { "invite": { 
/**
 * How it is handed over.
 */
kind: InviteKind, 
/**
 * For how many seconds it is good; without, as long as its kind should be.
 */
ttl: number | null, } } | { "accept": { 
/**
 * Its text.
 */
text: string, } } | { "send": { 
/**
 * To whom.
 */
friend: string, 
/**
 * What.
 */
text: string, } } | { "draft": { 
/**
 * To whom.
 */
friend: string, 
/**
 * What; empty for nothing.
 */
text: string, } } | { "rename": { 
/**
 * Whom.
 */
friend: string, 
/**
 * The name, no other friend's.
 */
name: string, } } | { "block": { 
/**
 * Whom.
 */
friend: string, 
/**
 * Whether to.
 */
blocked: boolean, } } | { "remove": { 
/**
 * With whom.
 */
friend: string, } } | { "verify": { 
/**
 * Whose.
 */
friend: string, } } | { "introduce": { 
/**
 * One.
 */
friend: string, 
/**
 * The other.
 */
to: string, } } | { "meet": { 
/**
 * Which [`super::Offer`].
 */
offer: string, 
/**
 * Whether to.
 */
yes: boolean, } };

export type InviteKind = "link" | "screen";

export type Reply = "done" | { "invite": string } | { "friend": Friend } | { "sent": string };

export type Query = "status" | { "log": { 
/**
 * With whom.
 */
friend: string, 
/**
 * Which.
 */
page: Page, 
/**
 * How many at most, 1 to 1,000.
 */
limit: number, } } | { "message": { 
/**
 * Its id, or how it begins, 8 digits at least.
 */
id: string, } } | { "search": { 
/**
 * What was typed.
 */
text: string, 
/**
 * With whom; without, with everybody.
 */
friend: string | null, 
/**
 * How many at most, 1 to 1,000.
 */
limit: number, } } | { "draft": { 
/**
 * To whom.
 */
friend: string, } };

export type Page = "newest" | "oldest" | { "before": string } | { "after": string } | { "around": string };

export type Answer = { "status": Status } | { "log": Array<Message> } | { "message": Message } | { "found": Array<Found> } | { "draft": string };

export type Status = { 
/**
 * What this person is called.
 */
name: string, 
/**
 * Where the secrets are kept: `keyring`, `passphrase` or `file`.
 */
vault: string, 
/**
 * The program's version.
 */
version: string, 
/**
 * Where this device may be dialled, as multiaddresses.
 */
addresses: Array<string>, 
/**
 * How often strangers came to nothing here since the start: handshakes, streams, letters.
 */
turned_away: number, 
/**
 * Everybody, by name.
 */
friends: Array<Friend>, 
/**
 * Whom friends would have us meet.
 */
offers: Array<Offer>, };

export type Friend = { 
/**
 * The id of the conversation with him.
 */
id: string, 
/**
 * What we call him; no other friend is called so.
 */
name: string, 
/**
 * How it stands.
 */
standing: Standing, 
/**
 * Whether his code was scanned from his screen, or his safety number compared.
 */
verified: boolean, 
/**
 * The name of the friend who introduced us.
 */
introduced_by: string | null, 
/**
 * Twelve groups of five digits, the same at both, once we are friends.
 */
safety: string | null, 
/**
 * Whether we hear nothing from him.
 */
blocked: boolean, 
/**
 * Whether a device of his is linked now.
 */
online: boolean, };

export type Standing = "waiting" | "friend" | "used_up" | "expired";

export type Offer = { 
/**
 * Its id.
 */
id: string, 
/**
 * The name of the friend who introduces.
 */
by: string, 
/**
 * What that friend calls the one to meet.
 */
name: string, 
/**
 * Whether we said yes, and wait for the other one.
 */
accepted: boolean, };

export type Message = { 
/**
 * Its id.
 */
id: string, 
/**
 * In which conversation.
 */
friend: string, 
/**
 * Whether we wrote it.
 */
mine: boolean, 
/**
 * Who wrote it, by name.
 */
from: string, 
/**
 * What it says; nothing if it is newer than this app.
 */
text: string | null, 
/**
 * What became of it.
 */
state: State, 
/**
 * When it was written, by its author's clock.
 */
at: number, };

export type Found = { 
/**
 * The message.
 */
message: Message, 
/**
 * What of its text is around the first match, piece by piece.
 */
excerpt: Array<Piece>, };

export type Piece = { 
/**
 * What it says.
 */
text: string, 
/**
 * Whether it matches.
 */
matches: boolean, };

export type State = "failed" | "waiting" | "sending" | "delivered";

export type Event = { "snapshot": Status } | { "message": Message } | { "delivered": { 
/**
 * The conversation.
 */
friend: string, } } | { "friend": Friend } | { "friend_gone": { 
/**
 * Which.
 */
friend: string, } } | { "rekeyed": Friend } | { "offer": Offer } | "invite_used_again" | { "forked": { 
/**
 * The conversation.
 */
friend: string, } };

export type Failure = { 
/**
 * JSON-RPC's code: -32600 to -32700 for what is no request, 1 for all else.
 */
code: number, 
/**
 * The sentence.
 */
message: string, };
