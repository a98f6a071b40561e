// A DNS server over UDP that answers what a test says, and can lie, refuse, fall silent or change its mind.
import { createSocket, type RemoteInfo } from 'node:dgram'

/** What is said of a name. */
export type DnsAnswer =
  | { readonly kind: 'addresses'; readonly v4?: readonly string[]; readonly v6?: readonly string[] }
  | { readonly kind: 'nxdomain' }
  | { readonly kind: 'servfail' }
  /** NOERROR without any record. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'silent' }

export interface DnsServer {
  /** `127.0.0.1:PORT` */
  readonly address: string
  /** Names asked for, one for each question, with their type: `A upstream.test`. */
  readonly asked: readonly string[]
  /** From now on. Names that nobody has set are NXDOMAIN. */
  set(name: string, answer: DnsAnswer | ((question: number) => DnsAnswer)): void
  close(): Promise<void>
}

const types: Readonly<Record<number, string>> = { 1: 'A', 28: 'AAAA' }
const rcodes = { nxdomain: 3, servfail: 2, empty: 0, addresses: 0 } as const

export async function startDnsServer(): Promise<DnsServer> {
  const socket = createSocket('udp4')
  const answers = new Map<string, DnsAnswer | ((question: number) => DnsAnswer)>()
  const asked: string[] = []
  const counts = new Map<string, number>()
  socket.on('message', (query: Buffer, from: RemoteInfo) => {
    const question = readQuestion(query)
    const key = `${types[question.type] ?? question.type} ${question.name}`
    asked.push(key)
    const count = counts.get(key) ?? 0
    counts.set(key, count + 1)
    const set = answers.get(question.name) ?? { kind: 'nxdomain' }
    const answer = typeof set === 'function' ? set(count) : set
    if (answer.kind !== 'silent') socket.send(reply(query, question, answer), from.port, from.address)
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(0, '127.0.0.1', resolve)
  })
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    set: (name, answer) => void answers.set(name, answer),
    close: () => new Promise((resolve) => void socket.close(() => resolve())),
  }
}

interface Question {
  readonly name: string
  readonly type: number
  /** Where the question ends in the query. */
  readonly end: number
}

// RFC 1035 §4.1.2: labels with their lengths, a zero, type and class.
function readQuestion(query: Buffer): Question {
  const labels: string[] = []
  let at = 12
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 }
}

function reply(query: Buffer, { type, end }: Question, answer: Exclude<DnsAnswer, { kind: 'silent' }>): Buffer {
  const addresses = answer.kind === 'addresses' ? ((type === 28 ? answer.v6 : type === 1 ? answer.v4 : []) ?? []) : []
  const head = Buffer.alloc(12)
  query.copy(head, 0, 0, 2)
  // An answer, recursion wanted and there.
  head.writeUInt16BE(0x8180 | rcodes[answer.kind], 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(addresses.length, 6)
  return Buffer.concat([head, query.subarray(12, end), ...addresses.map((address) => record(type, bytesOf(address)))])
}

// The name is a pointer to the question's; a time to live of zero, so that nobody remembers.
function record(type: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(12)
  fixed.writeUInt16BE(0xc00c, 0)
  fixed.writeUInt16BE(type, 2)
  fixed.writeUInt16BE(1, 4)
  fixed.writeUInt16BE(data.length, 10)
  return Buffer.concat([fixed, data])
}

function bytesOf(address: string): Buffer {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number))
  const [left = '', right = ''] = address.split('::')
  const groups = (text: string): string[] => text.split(':').filter((group) => group !== '')
  const middle = Array.from({ length: 8 - groups(left).length - groups(right).length }, () => '0')
  return Buffer.from(
    [...groups(left), ...middle, ...groups(right)].map((group) => group.padStart(4, '0')).join(''),
    'hex',
  )
}
