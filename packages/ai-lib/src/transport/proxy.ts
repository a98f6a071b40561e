// Speaks CONNECT to an HTTP or HTTPS proxy, for plain-HTTP targets too: absolute-form requests would show it keys and prompts.
import type { Socket } from 'node:net'
import { AiError } from '../errors/ai-error.ts'
import { DialError } from './dial-error.ts'
import type { ProxySettings } from './transport.ts'

/** Bytes that a proxy's answer to CONNECT may have. */
const maxAnswerBytes = 16 * 1024
const headEnd = Buffer.from('\r\n\r\n')

export interface ProxyTarget {
  readonly secure: boolean
  readonly host: string
  readonly port: number
  /** The `Proxy-Authorization` value, where the URL has credentials. Never logged. */
  readonly authorization: string | undefined
}

/** Reads a proxy's URL. Throws `config_invalid` for a scheme other than http and https, without repeating the URL. */
export function readProxy(settings: ProxySettings): ProxyTarget {
  const url = URL.parse(settings.url)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.hostname === '') {
    throw new AiError('config_invalid', { message: 'A proxy must be an http:// or https:// URL.' })
  }
  const secure = url.protocol === 'https:'
  return {
    secure,
    host: url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname,
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    authorization: basicCredentials(url),
  }
}

function basicCredentials(url: URL): string | undefined {
  if (url.username === '' && url.password === '') return undefined
  const pair = `${percentDecoded(url.username)}:${percentDecoded(url.password)}`
  return `Basic ${Buffer.from(pair).toString('base64')}`
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // A stray percent sign is part of the password, not an encoding.
    return text
  }
}

/** Asks the proxy behind `socket` for a tunnel to `authority` (`host:port`) and calls back once. */
export function openTunnel(
  socket: Socket,
  authority: string,
  authorization: string | undefined,
  done: (error: DialError | undefined) => void,
): void {
  let received: Buffer = Buffer.alloc(0)
  const settle = (message?: string): void => {
    socket.off('readable', onReadable).off('end', onEnd)
    done(message === undefined ? undefined : new DialError('proxy', message))
  }
  const onEnd = (): void => settle('The proxy closed the connection before it answered CONNECT')
  const onReadable = (): void => {
    const chunk: unknown = socket.read()
    if (!Buffer.isBuffer(chunk)) return
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
    const end = received.indexOf(headEnd)
    if (end === -1) {
      if (received.length > maxAnswerBytes) settle('The answer of the proxy to CONNECT is too large')
      return
    }
    const status = /^HTTP\/1\.[01] (\d{3})(?: |\r|$)/.exec(received.toString('latin1', 0, end))?.[1]
    if (status === undefined) settle('The proxy does not speak HTTP')
    else if (!status.startsWith('2')) settle(refusal(status))
    // Neither TLS nor HTTP lets the target speak first: these bytes are the proxy's own, and would become an answer.
    else if (received.length > end + headEnd.length) settle('The proxy sent bytes after its answer to CONNECT')
    else settle()
  }
  socket.on('readable', onReadable).on('end', onEnd)
  const credentials = authorization === undefined ? '' : `Proxy-Authorization: ${authorization}\r\n`
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${credentials}\r\n`)
}

function refusal(status: string): string {
  const words = `The proxy refused CONNECT with status ${status}`
  if (status === '407') return `${words}: it wants credentials, or others than it was given`
  if (status === '403') return `${words}: it does not allow this target`
  return words
}
