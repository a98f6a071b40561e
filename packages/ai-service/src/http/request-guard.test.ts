// Requests whose head is well formed and that another hop might still read differently, over real sockets.
import { AiError } from 'ai-lib/internal/errors/ai-error'
import { describe, expect, it } from 'vitest'
import { readClientHeaders } from './client-headers.ts'
import { guardedPath } from './request-guard.ts'
import { serve } from './sockets.test.kit.ts'

/** The path that the guard reads, the code of its refusal, or `parser` where it was no request at all. */
async function read(head: string): Promise<string> {
  const came = Promise.withResolvers<string>()
  const { dial } = await serve((request, response) => {
    try {
      came.resolve(guardedPath(request, readClientHeaders(request.rawHeaders, 'us')))
    } catch (thrown) {
      came.resolve(thrown instanceof AiError ? thrown.code : String(thrown))
    }
    response.sendWhole(200, [], '')
  })
  const wire = await dial()
  wire.socket.write(`${head}\r\n\r\n`)
  // The answer comes last, so that what the guard said is known by then.
  void wire.until((text) => text.startsWith('HTTP/1.1 400')).then(() => came.resolve('parser'))
  return came.promise
}

describe('guardedPath', () => {
  it.each([
    ['GET /v1/models HTTP/1.1\r\nhost: a', '/v1/models'],
    ['GET /v1/models?x=1?y HTTP/1.1\r\nhost: a.b-c_d:8080', '/v1/models'],
    ['GET / HTTP/1.0', '/'],
    ['GET / HTTP/1.1\r\nhost: 127.0.0.1', '/'],
    ['GET / HTTP/1.1\r\nhost: [::1]:80', '/'],
    ['GET http://a/x HTTP/1.1\r\nhost: a', '/x'],
    ['GET http://a HTTP/1.1\r\nhost: a', '/'],
    ['GET //evil/x HTTP/1.1\r\nhost: a', '//evil/x'],
    ['POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 0', '/x'],
    ['GET /x HTTP/1.1\r\nhost: a\r\ncontent-length: 0', '/x'],
  ])('reads %j as %s', async (head, path) => {
    expect(await read(head)).toBe(path)
  })

  it.each([
    ['no host', 'GET / HTTP/1.1', 'caller_bad_host'],
    ['an empty host', 'GET / HTTP/1.1\r\nhost: ', 'caller_bad_host'],
    ['two hosts', 'GET / HTTP/1.1\r\nhost: a\r\nhost: b', 'caller_bad_host'],
    ['a host with a path', 'GET / HTTP/1.1\r\nhost: a/b', 'caller_bad_host'],
    ['a host with credentials', 'GET / HTTP/1.1\r\nhost: u@a', 'caller_bad_host'],
    ['two hosts in one', 'GET / HTTP/1.1\r\nhost: a, b', 'caller_bad_host'],
    ['a port that is none', 'GET / HTTP/1.1\r\nhost: a:123456', 'caller_bad_host'],
    ['a target of another host', 'GET http://b/x HTTP/1.1\r\nhost: a', 'caller_malformed_request'],
    ['a target of another scheme', 'GET ftp://a/x HTTP/1.1\r\nhost: a', 'caller_malformed_request'],
    ['an asterisk', 'OPTIONS * HTTP/1.1\r\nhost: a', 'caller_malformed_request'],
    ['a fragment', 'GET /a#b HTTP/1.1\r\nhost: a', 'caller_malformed_request'],
    ['a backslash', 'GET /a\\b HTTP/1.1\r\nhost: a', 'caller_malformed_request'],
    ['a body of GET', 'GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 1', 'caller_malformed_request'],
    ['chunks of GET', 'GET / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked', 'caller_malformed_request'],
    ['a body of HEAD', 'HEAD / HTTP/1.1\r\nhost: a\r\ncontent-length: 1', 'caller_malformed_request'],
    ['an upgrade', 'GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: h2c', 'caller_malformed_request'],
    ['a length and chunks', 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked', 'parser'],
    ['two lengths', 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2', 'parser'],
    ['a negative length', 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -1', 'parser'],
    ['a blank before a colon', 'POST / HTTP/1.1\r\nhost : a', 'parser'],
    ['HTTP/2 in words', 'GET / HTTP/2.0\r\nhost: a', 'parser'],
  ])('refuses %s', async (_title, head, code) => {
    expect(await read(head)).toBe(code)
  })
})
