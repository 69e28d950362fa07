// @generated from core/node/src/api; not to be edited.

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
text: string, } } | { "reply": { 
/**
 * Its id.
 */
message: string, 
/**
 * What to say.
 */
text: string, } } | { "edit": { 
/**
 * Its id.
 */
message: string, 
/**
 * What it says from now on.
 */
text: string, } } | { "retract": { 
/**
 * Its id.
 */
message: string, } } | { "react": { 
/**
 * Its id.
 */
message: string, 
/**
 * One emoji or letter; nothing to feel nothing any more.
 */
reaction: string, } } | { "expire": { 
/**
 * With whom.
 */
friend: string, 
/**
 * So many seconds from when each is first shown; 0 is for ever.
 */
seconds: number, } } | { "read": { 
/**
 * Its id.
 */
message: string, } } | { "tell_read": { 
/**
 * Whether to.
 */
tell: boolean, } } | { "draft": { 
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
blocked: boolean, } } | { "keep_device": { 
/**
 * Its id.
 */
device: string, } } | { "remove": { 
/**
 * With whom.
 */
friend: string, } } | { "remove_device": { 
/**
 * Its id.
 */
device: string, } } | "recovery_words" | "forget_recovery" | { "recover": { 
/**
 * The words of the recovery key.
 */
words: string, } } | { "verify": { 
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
to: string, } } | { "join": { 
/**
 * Its text.
 */
text: string, 
/**
 * What the device is to be called; without a name, by its class.
 */
name: string, } } | { "confirm": { 
/**
 * Whether they do.
 */
same: boolean, } } | { "name_device": { 
/**
 * The name, no other own device's.
 */
name: string, } } | { "meet": { 
/**
 * Which [`super::Offer`].
 */
offer: string, 
/**
 * Whether to.
 */
yes: boolean, } };

export type InviteKind = "link" | "screen" | "own";

export type Reply = "done" | { "invite": string } | { "friend": Friend } | { "sent": string } | { "words": string };

export type Query = "status" | "devices" | { "log": { 
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
friend: string, } } | { "why": Subject } | "bundle" | { "backup": { 
/**
 * Where, from the root.
 */
file: string, 
/**
 * What opens it.
 */
passphrase: Passphrase, } };

export type Page = "newest" | "oldest" | { "before": string } | { "after": string } | { "around": string };

export type Answer = { "status": Status } | { "devices": Devices } | { "log": Array<Message> } | { "message": Message } | { "found": Array<Found> } | { "draft": string } | { "why": Why } | { "bundle": string } | "saved";

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
 * Whether the recovery key is on this device: then a thief of it can become this person.
 */
recovery: boolean, 
/**
 * Whether friends are told what was read.
 */
tells_read: boolean, 
/**
 * Whether this device was removed from the account: it can only be read.
 */
removed: boolean, 
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
 * How many edits, retractions and reactions counted for nothing since the start: their authors
 * had no right to them, or there was nothing to show.
 */
ignored: number, 
/**
 * How much later than ours the clocks of all who are linked are, in ms: the nearest of them, if
 * there are two at least and none agrees with ours.
 */
clock: number | null, 
/**
 * What is wrong with the disk, in a sentence, while it is.
 */
trouble: string | null, 
/**
 * Everybody, by name.
 */
friends: Array<Friend>, 
/**
 * Whom friends would have us meet.
 */
offers: Array<Offer>, 
/**
 * Devices that this one was before; of each a person is to say whether it is gone.
 */
former: Array<Former>, };

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
online: boolean, 
/**
 * How many of his messages are not read yet, 1,000 at most of each of his devices.
 */
unread: number, 
/**
 * For how many ms what is said from now on is kept; 0 is for ever.
 */
keep_for: number, };

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

export type Devices = { 
/**
 * All of them, this one first.
 */
devices: Array<Device>, 
/**
 * How many messages there are, as far as any of them told.
 */
messages: number, 
/**
 * One more that is being added, or that this one is being added to.
 */
adding: Adding | null, };

export type Device = { 
/**
 * Its id.
 */
id: string, 
/**
 * What it is called.
 */
name: string, 
/**
 * What it is: `phone`, `computer` or `server`; nothing before it was linked once.
 */
class: string | null, 
/**
 * Whether it is this one.
 */
this: boolean, 
/**
 * Whether it is linked now.
 */
online: boolean, 
/**
 * The last moment of which it is known that it was linked, if it ever was.
 */
seen: number | null, 
/**
 * How many of the messages it holds, as far as we know.
 */
holds: number, };

export type Adding = { 
/**
 * How far.
 */
step: Step, 
/**
 * The six digits that both devices show.
 */
digits: string | null, };

export type Step = "waiting" | "compare" | "agreed" | "added" | "refused" | "disturbed" | "expired" | "taken";

export type Former = { 
/**
 * Its id.
 */
device: string, 
/**
 * Whether this one was made from a backup; if not, its disk was copied or set back.
 */
restored: boolean, };

export type Passphrase = string;

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
 * What there is to see of it.
 */
content: Content, 
/**
 * What it says, if it is a text.
 */
text: string | null, 
/**
 * Whether its author wrote it anew.
 */
edited: boolean, 
/**
 * What it answers.
 */
reply_to: Quote | null, 
/**
 * Who feels what about it.
 */
reactions: Array<Reaction>, 
/**
 * How long it is kept from when it is first shown, in ms, or of a setting what it sets; 0 is for
 * ever.
 */
keep_for: number, 
/**
 * What became of it.
 */
state: State, 
/**
 * When it was written, by its author's clock.
 */
at: number, 
/**
 * Whether that clock was ahead: it came before it was written.
 */
clock_ahead: boolean, };

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

export type Content = "text" | "newer" | "expiry" | "taken_back" | "expired" | "lacking" | "act";

export type Quote = { 
/**
 * Its id.
 */
id: string, 
/**
 * Who wrote it, by name; nobody if it is not here.
 */
from: string, 
/**
 * What it says now, if it is here, and a text.
 */
text: string | null, };

export type Reaction = { 
/**
 * Who, by name.
 */
from: string, 
/**
 * Whether it is us.
 */
mine: boolean, 
/**
 * What.
 */
text: string, };

export type State = "failed" | "waiting" | "sending" | "delivered" | "read";

export type Event = { "snapshot": Status } | { "message": Message } | { "delivered": { 
/**
 * The conversation.
 */
friend: string, } } | { "backup": { 
/**
 * Rows done.
 */
done: number, 
/**
 * Of so many.
 */
all: number, } } | { "friend": Friend } | { "friend_gone": { 
/**
 * Which.
 */
friend: string, } } | { "rekeyed": Friend } | { "offer": Offer } | "devices" | { "adding": Adding } | "invite_used_again" | "removed" | { "forked": { 
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

export type Subject = { "friend": string } | { "message": string };

export type Why = { 
/**
 * The friend in question.
 */
friend: Friend, 
/**
 * The message in question.
 */
message: Message | null, 
/**
 * Whether the device that wrote it says different things at one place.
 */
forked: boolean, 
/**
 * What the node does and sees.
 */
here: Here, 
/**
 * What of the friend's is looked for.
 */
parties: Array<Party>, };

export type Here = { 
/**
 * What its clock says.
 */
now: number, 
/**
 * When it started; what is told to have never happened did not since then.
 */
started: number, 
/**
 * Why nothing at all is done: the disk takes no writes.
 */
stopped: string | null, 
/**
 * Whether this device has any address to be dialled at.
 */
network: boolean, 
/**
 * Whether it looks for friends on the local network.
 */
lan: boolean, };

export type Party = { 
/**
 * What it is.
 */
kind: Kind, 
/**
 * Since when there has been a link with it.
 */
linked: Linked | null, 
/**
 * How much later than ours its clock was when it was linked, in ms, if that is worth a word.
 */
ahead: number | null, 
/**
 * The last moment of which it is known that there was one.
 */
seen: number | null, 
/**
 * How the last one ended since the start.
 */
ended: Ended | null, 
/**
 * Whether it is heard on the local network.
 */
near: Near, 
/**
 * Where it is looked for.
 */
tried: Array<Tried>, 
/**
 * What comes next.
 */
next: Next, 
/**
 * How many messages of ours it lacks.
 */
lacks: number, 
/**
 * How it stands with the message there, if that is ours.
 */
share: Share | null, };

export type Kind = "phone" | "pc" | "always_on" | { "inviter": { 
/**
 * When the invite expires.
 */
expires: number, } };

export type Linked = { 
/**
 * Since when.
 */
since: number, 
/**
 * Whether it runs over TCP; else over QUIC.
 */
tcp: boolean, };

export type Ended = { 
/**
 * When.
 */
at: number, 
/**
 * Why; nothing if we closed it.
 */
why: Cause | null, };

export type Cause = "silent" | "closed" | "unreachable" | "broken" | "hung_up" | "stranger" | "nonsense" | "unwelcome" | "renewed" | "crowded";

export type Near = "never" | { "silent": { 
/**
 * Since then.
 */
since: number, } } | "heard";

export type Tried = { 
/**
 * As a multiaddress.
 */
address: string, 
/**
 * How far it reaches.
 */
scope: Scope, 
/**
 * Who says that somebody is there.
 */
source: Source, 
/**
 * How often in a row it failed.
 */
failures: number, 
/**
 * How it failed last.
 */
last: Ended | null, 
/**
 * Since when it is being dialled.
 */
dialling: number | null, };

export type Scope = "loopback" | "link_local" | "private" | "public";

export type Source = "reached" | "lan" | "told";

export type Next = "linked" | "unsought" | "no_address" | "dialling" | "queued" | { "dial": { 
/**
 * When.
 */
at: number, } };

export type Share = { "held": { 
/**
 * Since then at the latest, or since before the start.
 */
since: number | null, } } | { "sent": { 
/**
 * When.
 */
at: number, } } | { "behind": { 
/**
 * When.
 */
at: number, } } | "unready" | "unlinked";
