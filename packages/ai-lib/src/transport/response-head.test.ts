// Answer heads: what is kept alive, how the body ends, and what could be read in two ways.
import { expect, test } from 'vitest'
import { readResponseHead } from './response-head.ts'

const of = (lines: string, status = 'HTTP/1.1 200 OK') => readResponseHead(`${status}\r\n${lines}`)

test('headers come by lower-case names, repeated ones in order, and none is a prototype', () => {
  const head = of('X-A: 1\r\nx-a: 2\r\nX-A: 3\r\n__proto__: p\r\nconstructor: c\r\ncontent-length: 2\r\n')
  expect({ ...head?.headers }).toMatchObject({ 'x-a': ['1', '2', '3'], constructor: 'c', 'content-length': '2' })
  expect(head?.headers['__proto__']).toBe('p')
  expect(Object.getPrototypeOf(head?.headers)).toBeNull()
})

test.each([
  ['a length', 'content-length: 5\r\n', { kind: 'length', bytes: 5 }, true],
  ['no length', '', { kind: 'close' }, false],
  ['a length of nothing', 'content-length: 0\r\n', { kind: 'none' }, true],
  ['chunks', 'Transfer-Encoding: Chunked\r\n', { kind: 'chunked' }, true],
  ['a length and a wish to close', 'content-length: 5\r\nConnection: Close\r\n', { kind: 'length', bytes: 5 }, false],
])('%s tells how the body ends, and whether the connection lives on', (_title, lines, framing, isKept) => {
  expect(of(lines)).toMatchObject({ status: 200, framing, isKept })
})

test.each(['HTTP/1.1 204 No Content', 'HTTP/1.1 304 Not Modified', 'HTTP/1.1 103 Early Hints'])(
  '%s has no body',
  (line) => {
    expect(of('', line)?.framing).toEqual({ kind: 'none' })
    expect(of('content-length: 5\r\n', line)?.framing).toEqual({ kind: 'none' })
  },
)

test('an old upstream keeps its connection only where it says so, and has no chunks', () => {
  expect(of('content-length: 1\r\n', 'HTTP/1.0 200 OK')?.isKept).toBe(false)
  expect(of('content-length: 1\r\nconnection: keep-alive\r\n', 'HTTP/1.0 200 OK')?.isKept).toBe(true)
  expect(of('transfer-encoding: chunked\r\n', 'HTTP/1.0 200 OK')).toBeUndefined()
})

test('the time that an upstream announces is heard', () => {
  expect(of('keep-alive: timeout=5, max=100\r\n')?.keepAliveMs).toBe(5_000)
  expect(of('keep-alive: soon\r\n')?.keepAliveMs).toBeUndefined()
  expect(of('')?.keepAliveMs).toBeUndefined()
})

test.each([
  ['two lengths', 'content-length: 1\r\ncontent-length: 1\r\n'],
  ['a signed length', 'content-length: +1\r\n'],
  ['a length that is none', 'content-length: 1a\r\n'],
  ['a length no answer has', `content-length: ${'9'.repeat(16)}\r\n`],
  ['a length beside chunks', 'content-length: 1\r\ntransfer-encoding: chunked\r\n'],
  ['another coding', 'transfer-encoding: gzip, chunked\r\n'],
  ['chunked twice', 'transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n'],
  ['a folded header', 'a: b\r\n c\r\n'],
])('%s is no answer', (_title, lines) => {
  expect(of(lines)).toBeUndefined()
})

test.each([
  'HTTP/2 200',
  'HTTP/1.1 20 OK',
  'HTTP/1.1 0200 OK',
  'HTTP/1.1 600 X',
  ' HTTP/1.1 200 OK',
  'HTTP/1.2 200 OK',
  'ICY 200 OK',
])('%j is no status line', (line) => {
  expect(of('', line)).toBeUndefined()
})
