// `auth:` and `limits:` — who may call, and how much.
import * as z from 'zod'
import { date, list, notYet, oneOf, rate, reference, section, text, whole } from './field.ts'

const identity = (what: string) => text(`${what}: up to 128 printable characters without blanks`, /^[\x21-\x7e]+$/, 128)

const callerKey = section({
  id: text('the id that `keys create` printed: up to 32 letters and digits', /^[A-Za-z0-9]{1,32}$/).meta({
    description: 'As `keys create` printed it.',
  }),
  hash: text('hmac-sha256: and 64 hex digits, as `keys create` prints it', /^hmac-sha256:[0-9a-f]{64}$/)
    .optional()
    .meta({ description: 'As `keys create` printed it. This or `secret`.' }),
  secret: reference().optional().meta({
    description:
      'The key itself, by reference: one that `keys create` printed, or any 32 to 256 random printable characters. It is hashed as it is read.',
  }),
  user: identity('a user').optional().meta({ description: 'Whose key it is, for limits per user.' }),
  team: identity('a team').optional().meta({ description: 'Whose team it counts for.' }),
  models: list(text('a model name', /^[\x21-\x7e]+$/, 256), 'model names', 0, 1000)
    .optional()
    .meta({ description: 'Names as clients write them. Default: all.' }),
  expires: date().optional().meta({ description: 'From then on the key is refused. A date is midnight UTC.' }),
}).check(
  z.refine(({ hash, secret }) => (hash === undefined) !== (secret === undefined), {
    error: 'this key needs either hash, as `keys create` printed it, or secret, a reference to the key itself',
  }),
)

export const authSection = section({
  mode: oneOf(['keys', 'none'], ['jwt']).optional().meta({
    description: 'Default none on a loopback data address, keys otherwise; none elsewhere must be written out.',
  }),
  pepper: reference().optional().meta({
    description: 'What hashes of keys are made with; changing it locks every key out. Default a fixed domain string.',
  }),
  keys: list(callerKey, 'keys', 0, 100_000).optional(),
}).meta({ description: 'Caller authentication.' })

export const limitSection = section({
  for: oneOf(['key', 'user', 'team', 'global']).meta({ description: 'Whose requests are counted together.' }),
  requests: rate().optional().meta({ description: 'Requests per window, such as 600/1m.' }),
  concurrent: whole(1, 1_000_000).optional().meta({ description: 'Requests under way at one time.' }),
  tokens: notYet('token limits.'),
  whenStoreAway: notYet('limits in a shared store.'),
}).check(
  z.refine(({ requests, concurrent }) => requests !== undefined || concurrent !== undefined, {
    error: 'this limit limits nothing: give it requests, concurrent or both',
  }),
)
