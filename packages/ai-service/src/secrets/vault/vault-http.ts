// One request to Vault and its whole answer as JSON, within five seconds and one mebibyte.
import type { Channel } from 'ai-lib/internal/transport/transport'

export interface VaultRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

export type VaultReply =
  /** `body` is undefined where it is no JSON. */
  | { readonly kind: 'answered'; readonly status: number; readonly body: unknown }
  | { readonly kind: 'unreached'; readonly why: string }

const timeoutMs = 5_000
const maxAnswerBytes = 1024 * 1024

const meanings: ReadonlyMap<string, string> = new Map([
  ['dns', 'its name is not resolved'],
  ['refused', 'nothing listens there'],
  ['tls', 'TLS fails; a company’s own certificate goes into secrets.vault.ca'],
  ['reset', 'the connection broke'],
  ['proxy', 'the proxy does not let it through'],
])

export function ask(channel: Channel, { method, path, headers, body }: VaultRequest): Promise<VaultReply> {
  return new Promise((resolve) => {
    let status = 0
    const chunks: Buffer[] = []
    const settle = (reply: VaultReply): void => {
      clearTimeout(timer)
      resolve(reply)
    }
    const json = body === undefined ? {} : { body: Buffer.from(JSON.stringify(body)) }
    const flight = channel.send(
      {
        method,
        path,
        headers: {
          accept: 'application/json',
          'content-type': 'application/json',
          'x-vault-request': 'true',
          ...headers,
        },
        ...json,
        stream: false,
        maxAnswerBytes,
      },
      {
        head: (given) => {
          status = given
        },
        data: (chunk) => void chunks.push(chunk),
        end: () => settle({ kind: 'answered', status, body: parsed(Buffer.concat(chunks)) }),
        fail: ({ kind }) => settle({ kind: 'unreached', why: meanings.get(kind) ?? kind }),
      },
    )
    const timer = setTimeout(() => {
      flight.destroy()
      settle({ kind: 'unreached', why: `no answer within ${timeoutMs / 1_000} s` })
    }, timeoutMs)
    timer.unref()
  })
}

function parsed(bytes: Buffer): unknown {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return value
  } catch {
    return undefined // Whoever asked tells what is missing in it.
  }
}
