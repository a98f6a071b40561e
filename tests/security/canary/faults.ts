// What an upstream may answer, bad and worse; whatever it says, it says with the credential that it was sent.
import type { Behaviour, RecordedRequest } from 'ai-simulator'
import { writtenForms } from './secrets.ts'

export type Fault = (request: RecordedRequest) => Behaviour | undefined

/** The credential that an upstream was sent, in every form, in text and headers. */
function echoing(request: RecordedRequest): { readonly text: string; readonly headers: Record<string, string> } {
  const sent = (request.headers['authorization'] ?? request.headers['x-api-key'] ?? '').replace(/^Bearer /, '')
  const text = `Incorrect API key provided: ${sent}. ${writtenForms(sent).join(' ')} Basic ${Buffer.from(`user:${sent}`).toString('base64')} ${Buffer.from(`x${sent}`).toString('base64')} ${request.headers['x-gateway-token'] ?? ''}`
  const headers = {
    'x-request-id': sent,
    'x-ratelimit-note': writtenForms(sent).join(' ').slice(0, 400),
    'set-cookie': `key=${sent}`,
    'www-authenticate': `Bearer ${sent}`,
    location: `http://127.0.0.1:1/?key=${sent}`,
    'x-debug': sent,
  }
  return { text, headers }
}

const errorBodies = (text: string): readonly (string | object)[] => [
  { error: { message: text, type: 'invalid_request_error', param: text, code: text } },
  { type: 'error', error: { type: 'invalid_request_error', message: text } },
  { message: text },
  { detail: [{ loc: [text], msg: text }] },
  text,
  `<html><head><title>${text}</title></head><body>${text}</body></html>`,
]

const echoed =
  (make: (told: ReturnType<typeof echoing>) => Behaviour): Fault =>
  (request) =>
    make(echoing(request))

/** In the order in which they are to be tried. */
export const faults: readonly Fault[] = [
  () => undefined,
  echoed(({ headers }) => ({ kind: 'answer', headers })),
  ...[400, 404, 422, 500, 503].flatMap((status) =>
    errorBodies('').map((_, at) =>
      echoed(({ text, headers }) => ({ kind: 'status', status, headers, body: errorBodies(text)[at] ?? '' })),
    ),
  ),
  echoed(({ text }) => ({ kind: 'error-in-stream', afterEvents: 0, error: { message: text, type: text } })),
  echoed(({ text }) => ({
    kind: 'error-in-stream',
    afterEvents: 4,
    error: { message: text, type: 'invalid_request_error' },
  })),
  echoed(({ text }) => ({ kind: 'garbage', what: 'html', bytes: `<title>${text}</title>` })),
  echoed(({ text }) => ({ kind: 'garbage', what: 'truncated-json', bytes: `{"error": "${text}` })),
  echoed(({ headers }) => ({ kind: 'redirect', status: 302, location: String(headers['location']) })),
  () => ({ kind: 'reset', at: 'head' }),
  () => ({ kind: 'cut', afterEvents: 4, midEvent: true }),
  () => ({ kind: 'half-open', afterEvents: 4 }),
  () => ({ kind: 'delay', ms: 10_000 }),
  () => ({ kind: 'garbage', what: 'not-http' }),
  () => ({ kind: 'gzip-bomb', encoding: 'gzip', inflatedBytes: 200_000_000 }),
  // Last: these take the keys out.
  ...[429, 401, 403].map((status) =>
    echoed(({ text, headers }) => ({
      kind: 'status',
      status,
      headers: { ...headers, 'retry-after-ms': '1' },
      body: errorBodies(text)[0] ?? '',
    })),
  ),
]
