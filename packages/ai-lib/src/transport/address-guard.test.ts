// T6: no address that is not public is dialled, however it is written and whenever a name changes its mind.
import type { LookupAddress } from 'node:dns'
import { createServer } from 'node:http'
import { describe, expect, test } from 'vitest'
import { createGuardedLookup, isDeniedAddress } from './address-guard.ts'
import type { LookupAll } from './bounded-lookup.ts'
import { createHttpTransport } from './http-transport.ts'
import { fetchWith, get, listen, onCleanup, record } from './upstream.test.kit.ts'

const words = (text: string): string[] => text.trim().split(/\s+/)

const denied = words(`
  0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1 127.255.255.254
  168.63.129.16 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.192 192.168.0.1 198.18.0.1 224.0.0.1
  239.255.255.250 240.0.0.1 255.255.255.255 :: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:7f00:1
  ::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b:1::1 2001::1 2001:db8::1 2002:7f00:1:: fc00::1 fd00:ec2::254
  fe80::1 fe80::1%eth0 febf::1 fec0::1 ff02::1 100::1 not-an-address
`)
const allowed = words(`
  1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 169.253.255.255
  169.255.0.0 172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0 223.255.255.255 2606:4700:4700::1111
  2a00:1450:4001:82a::200e
`)

// Every host here is a way to write 127.0.0.1, ::1 or the address of cloud metadata that some URL parser accepts.
const encodings = words(`
  127.0.0.1 127.1 127.0.1 0177.0.0.1 0177.1 0x7f.1 0x7f.0.0.1 0x7f000001 0X7F000001 2130706433 017700000001
  0x7f.0x0.0x0.0x1 0177.0x0.0.1 127.0.0.1. 127.000.000.001 %31%32%37.0.0.1 ①②⑦.⓪.⓪.① １２７.0.0.1 127。0。0。1 0
  0.0.0.0 127.127.127.127 [::1] [0:0:0:0:0:0:0:1] [::] [::ffff:127.0.0.1] [::ffff:7f00:1]
  [0:0:0:0:0:ffff:7f00:0001] [::127.0.0.1] [64:ff9b::127.0.0.1] [2002:7f00:1::] 169.254.169.254 169.254.43518
  169.16689662 2852039166 0xa9fea9fe 0xa9.0xfe.0xa9.0xfe 0251.0376.0251.0376 025177524776 169.254.169.254.
  [::ffff:169.254.169.254] [::ffff:a9fe:a9fe] [64:ff9b::a9fe:a9fe] [2002:a9fe:a9fe::] [fd00:ec2::254]
  [fe80::a9fe:a9fe] ①⑥⑨.②⑤④.①⑥⑨.②⑤④
`)

function resolvesTo(...answers: readonly (readonly string[] | Error)[]): { lookup: LookupAll; asked: () => number } {
  let asked = 0
  const lookup: LookupAll = (_hostname, _options, callback) => {
    const answer = answers[Math.min(asked, answers.length - 1)] ?? []
    asked += 1
    setImmediate(() => {
      if (answer instanceof Error) callback(answer, [])
      else
        callback(
          null,
          answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
        )
    })
  }
  return { lookup, asked: () => asked }
}

const lookUp = (lookup: ReturnType<typeof createGuardedLookup>): Promise<string> =>
  new Promise((resolve) => {
    lookup('a.test', { all: true }, (error, addresses) => {
      if (error !== null) resolve('kind' in error ? String(error.kind) : 'error')
      else resolve(Array.isArray(addresses) ? addresses.map((entry: LookupAddress) => entry.address).join() : addresses)
    })
  })

describe('addresses', () => {
  test.each(denied)('%s is denied', (address) => expect(isDeniedAddress(address)).toBe(true))
  test.each(allowed)('%s is allowed', (address) => expect(isDeniedAddress(address)).toBe(false))
})

describe('T6 dialling', () => {
  test.each(encodings)('http://%s is not dialled', async (host) => {
    const { failure, calls } = await fetchWith(`http://${host}:9`, get, { allowPrivate: false })
    expect(failure).toMatchObject({ kind: 'address-denied', afterHead: false })
    expect(calls).toEqual(['fail'])
  })

  test('names that resolve to private addresses are not dialled, a real server behind them sees nothing', async () => {
    let hits = 0
    const port = await listen(createServer((_request, response) => response.end(String((hits += 1)))))
    for (const answer of [['127.0.0.1'], ['::1'], ['10.0.0.1', '127.0.0.1'], ['::ffff:127.0.0.1']]) {
      const channel = createHttpTransport(resolvesTo(answer)).open({
        origin: `http://rebind.test:${port}`,
        allowPrivate: false,
      })
      onCleanup(() => channel.close())
      const { failure } = await record((sink) => channel.send(get, sink)).done
      expect(failure).toMatchObject({ kind: 'address-denied' })
    }
    expect(hits).toBe(0)
  })

  test('a name that rebinds after the check gains nothing: the checked addresses are the dialled ones', async () => {
    const port = await listen(createServer((_request, response) => response.end('ok')))
    const rebinding = resolvesTo(['127.0.0.1'], ['127.0.0.2'])
    const channel = createHttpTransport(rebinding).open({ origin: `http://rebind.test:${port}`, allowPrivate: true })
    onCleanup(() => channel.close())
    // Only 127.0.0.1 is listened on: a second lookup between check and connect would be refused.
    expect(await record((sink) => channel.send(get, sink)).done).toMatchObject({ text: 'ok' })
    expect(rebinding.asked()).toBe(1)
  })

  test('a name that was public and turns private is denied, and its last good addresses do not stand in', async () => {
    const { lookup } = resolvesTo(['1.1.1.1'], ['127.0.0.1'])
    const guarded = createGuardedLookup({ allowPrivate: false, lookup, nowMs: () => 0 })
    expect(await lookUp(guarded)).toBe('1.1.1.1')
    expect(await lookUp(guarded)).toBe('address-denied')
  })

  test('private addresses are dialled where they are allowed', async () => {
    const port = await listen(createServer((_request, response) => response.end('ok')))
    const channel = createHttpTransport(resolvesTo(['127.0.0.1'])).open({
      origin: `http://vllm.test:${port}`,
      allowPrivate: true,
    })
    onCleanup(() => channel.close())
    expect(await record((sink) => channel.send(get, sink)).done).toMatchObject({ text: 'ok' })
  })
})

describe('F15 lookups', () => {
  test('last good addresses stand in for 60 seconds when DNS fails or answers empty, then it is an error', async () => {
    let nowMs = 0
    const { lookup } = resolvesTo(['1.1.1.1'], new Error('SERVFAIL'), [], new Error('SERVFAIL'), ['1.0.0.1'])
    const guarded = createGuardedLookup({ allowPrivate: false, lookup, nowMs: () => nowMs })
    expect(await lookUp(guarded)).toBe('1.1.1.1')
    nowMs = 30_000
    expect(await lookUp(guarded)).toBe('1.1.1.1')
    nowMs = 60_000
    expect(await lookUp(guarded)).toBe('1.1.1.1')
    nowMs = 60_001
    expect(await lookUp(guarded)).toBe('dns')
    expect(await lookUp(guarded)).toBe('1.0.0.1')
  })

  test('only public addresses of a mixed answer are handed out', async () => {
    const { lookup } = resolvesTo(['10.0.0.1', '1.1.1.1', '64:ff9b::101:101'])
    expect(await lookUp(createGuardedLookup({ allowPrivate: false, lookup, nowMs: () => 0 }))).toBe('1.1.1.1')
  })

  test('lookups at the same time are one, and a caller that wants one address gets one', async () => {
    const { lookup, asked } = resolvesTo(['1.1.1.1', '1.0.0.1'])
    const guarded = createGuardedLookup({ allowPrivate: false, lookup, nowMs: () => 0 })
    const single = new Promise((resolve) =>
      guarded('a.test', {}, (_error, address, family) => resolve([address, family])),
    )
    expect(await Promise.all([lookUp(guarded), lookUp(guarded), single])).toEqual([
      '1.1.1.1,1.0.0.1',
      '1.1.1.1,1.0.0.1',
      ['1.1.1.1', 4],
    ])
    expect(asked()).toBe(1)
  })

  test('a name that does not exist fails as dns', async () => {
    const channel = createHttpTransport(resolvesTo(new Error('ENOTFOUND'))).open({
      origin: 'http://missing.test',
      allowPrivate: false,
    })
    onCleanup(() => channel.close())
    const { failure } = await record((sink) => channel.send(get, sink)).done
    expect(failure).toMatchObject({ kind: 'dns', afterHead: false })
  })
})
