// What a configuration may say about pools, queues, keep-alive, DNS and proxies, and how it is told where it may not.
import { describe, expect, test } from 'vitest'
import { mustLoad, problemsOf } from './load.test.kit.ts'

describe('pools and queues', () => {
  test('defaults', async () => {
    const { config } = await mustLoad('providers: { openai: {} }', { env: { OPENAI_API_KEY: 'k' } })
    expect(config.providers.get('openai')).toMatchObject({
      poolSize: 1_024,
      idleTimeoutMs: 60_000,
      keepAlive: true,
      queue: { max: 1_000, timeoutMs: 30_000, callerShare: 1 },
    })
    expect(config.server.dns).toBeUndefined()
  })

  test('what is written', async () => {
    const yaml = `
server: { dns: { servers: [ 10.0.0.2, "127.0.0.1:5353", "[fd00::2]:53" ], timeout: 500ms } }
providers:
  openai: { poolSize: 8, idleTimeout: 5s, keepAlive: false, queue: { max: 20, timeout: 2s, callerShare: 0.25 } }
`
    const { config } = await mustLoad(yaml, { env: { OPENAI_API_KEY: 'k' } })
    expect(config.providers.get('openai')).toMatchObject({
      poolSize: 8,
      idleTimeoutMs: 5_000,
      keepAlive: false,
      queue: { max: 20, timeoutMs: 2_000, callerShare: 0.25 },
    })
    expect(config.server.dns).toEqual({ servers: ['10.0.0.2', '127.0.0.1:5353', '[fd00::2]:53'], timeoutMs: 500 })
  })

  test.each([
    ['poolSize: 0', 'poolSize: found 0, expected a whole number from 1 to 10000'],
    ['poolSize: -1', 'poolSize: found -1, expected a whole number from 1 to 10000'],
    ['idleTimeout: 0s', 'idleTimeout: found "0s", expected a duration'],
    ['keepAlive: "no"', 'keepAlive: found a text of 2 characters, expected true or false'],
    ['queue: { max: 0 }', 'queue.max: found 0, expected a whole number from 1 to 1000000'],
    ['queue: { timeout: 0s }', 'queue.timeout: found "0s", expected a duration'],
    ['queue: { callerShare: 0 }', 'queue.callerShare: found 0, expected a number above 0, up to 1'],
    ['queue: { callerShare: 1.5 }', 'queue.callerShare: found 1.5, expected a number above 0, up to 1'],
    ['queue: { size: 3 }', 'queue.size: found an unknown key size; known here: max, timeout, callerShare'],
    ['proxy: "socks5://user:hunter2@proxy:1080"', 'proxy: found no http:// or https:// URL'],
    ['proxy: "proxy:8080"', 'proxy: found no http:// or https:// URL, expected one such as http://proxy:8080'],
    ['{ proxy: "http://proxy:1", disableProxy: true }', 'disableProxy: found disableProxy and proxy'],
  ])('`%s` is refused', async (written, said) => {
    const entry = written.startsWith('{') ? written : `{ ${written} }`
    const told = await problemsOf(`providers: { openai: ${entry} }`, { env: { OPENAI_API_KEY: 'k' } })
    expect(told.join('\n')).toContain(`providers.openai.${said}`)
    expect(told.join('\n')).not.toContain('hunter2')
  })

  test.each([
    '{ servers: [] }',
    '{ servers: [ dns.example.com ] }',
    '{ servers: [ 300.1.1.1 ] }',
    '{ servers: [ "10.0.0.2:99999" ] }',
    '{ servers: [ 10.0.0.2 ], timeout: 0s }',
    '{}',
  ])('`dns: %s` is refused', async (written) => {
    const told = await problemsOf(`server: { dns: ${written} }\nproviders: { openai: {} }`, {
      env: { OPENAI_API_KEY: 'k' },
    })
    expect(told.join('\n')).toContain('server.dns')
  })

  test.each(['AI_PROXY_URL', 'HTTP_PROXY', 'HTTPS_PROXY'])(
    '%s that is no proxy is refused without being shown',
    async (name) => {
      const told = await problemsOf('providers: { openai: {} }', {
        env: { OPENAI_API_KEY: 'k', [name]: 'ftp://user:hunter2@proxy' },
      })
      expect(told.join('\n')).toContain(name)
      expect(told.join('\n')).not.toContain('hunter2')
    },
  )
})
