// What can be said of a key: the states it may be in, and what happens to it. No event holds a secret.

/** Whether a key may be used now, and if not, why. */
export type KeyState =
  | { readonly kind: 'ready' }
  /** A new value that has not answered yet: it gets one request at a time while another key can serve. */
  | { readonly kind: 'probation' }
  | { readonly kind: 'cooling'; readonly untilMs: number }
  /** The provider refused it (401, 403): out until it is replaced. */
  | { readonly kind: 'quarantined' }
  /** Its quota is used up: out until it is refreshed. */
  | { readonly kind: 'exhausted' }
  /** Its source could not be read for longer than the value may be old. */
  | { readonly kind: 'expired' }

/** Why a key is out of use until it is replaced or refreshed. */
export type OutState = 'quarantined' | 'exhausted' | 'expired'

interface About {
  /** Name of the key in its ring or configuration; it stays through rotations. */
  readonly key: string
  /** Eight hex digits that name the value; absent for upstreams without keys. */
  readonly fingerprint: string | undefined
}

/** What happens to a key of a pool, told by its name and fingerprint; nothing in it holds a secret. */
export type KeyEvent =
  /** A new value is on probation. */
  | (About & { readonly type: 'key-joined' })
  /** A new value has answered and serves from now on; `previous` gets no further request. */
  | (About & { readonly type: 'key-rotated'; readonly previous: string | undefined })
  /** The last request with an old value is over: it may be revoked. */
  | (About & { readonly type: 'key-drained' })
  | (About & { readonly type: 'key-cooled'; readonly untilMs: number })
  /** `stage`: whether the value in use is out, or one that was to replace it. */
  | (About & { readonly type: 'key-out'; readonly reason: OutState; readonly stage: 'current' | 'incoming' })
  /** In use again: cooled down, or replaced by a value that answered. */
  | (About & { readonly type: 'key-recovered'; readonly after: OutState | 'cooling' })
  /** Its source was not read; the last good value stays until it is too old. */
  | (About & { readonly type: 'refresh-failed'; readonly why: string; readonly inARow: number })
