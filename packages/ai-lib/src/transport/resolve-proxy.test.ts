// Which proxy an origin gets from configuration and environment.
import { describe, expect, test } from 'vitest'
import { resolveProxy } from './resolve-proxy.ts'

const proxy = 'http://proxy.corp:8080'

describe('B22 the proxy for an origin', () => {
  test.each([
    ['nothing set', 'https://api.example.com', {}, undefined],
    ['upper case', 'https://api.example.com', { HTTPS_PROXY: proxy }, proxy],
    ['lower case', 'https://api.example.com', { https_proxy: proxy }, proxy],
    ['lower case before upper case', 'http://a.example', { http_proxy: proxy, HTTP_PROXY: 'http://other' }, proxy],
    ['an empty lower case falls back', 'http://a.example', { http_proxy: '', HTTP_PROXY: proxy }, proxy],
    ['HTTP_PROXY is not for https', 'https://api.example.com', { HTTP_PROXY: proxy }, undefined],
    ['HTTPS_PROXY is not for http', 'http://api.example.com', { HTTPS_PROXY: proxy }, undefined],
    ['no scheme means http', 'https://api.example.com', { HTTPS_PROXY: 'proxy.corp:8080' }, proxy],
    ['loopback is not exempt by itself', 'http://127.0.0.1:9', { HTTP_PROXY: proxy }, proxy],
  ])('%s', (_title, origin, environment, expected) => {
    expect(resolveProxy({ origin, environment })?.url).toBe(expected)
  })

  test('a configured proxy wins over the environment and NO_PROXY, disableProxy over everything', () => {
    const environment = { HTTPS_PROXY: 'http://other', NO_PROXY: '*' }
    const origin = 'https://api.example.com'
    expect(resolveProxy({ origin, proxy, environment })?.url).toBe(proxy)
    expect(resolveProxy({ origin, proxy, disableProxy: true, environment })).toBeUndefined()
  })
})

describe('NO_PROXY', () => {
  test.each([
    ['*', 'https://api.example.com', true],
    ['api.example.com', 'https://api.example.com', true],
    ['API.Example.COM', 'https://api.example.com', true],
    ['example.com', 'https://api.example.com', true],
    ['.example.com', 'https://api.example.com', true],
    ['.example.com', 'https://example.com', true],
    ['*.example.com', 'https://api.example.com', true],
    ['example.com.', 'https://api.example.com', true],
    ['ample.com', 'https://example.com', false],
    ['example.com', 'https://example.com.evil.test', false],
    ['a.test, example.com', 'https://example.com', true],
    ['a.test example.com', 'https://example.com', true],
    [' , ,', 'https://example.com', false],
    ['.', 'https://example.com', false],
    ['example.com:443', 'https://example.com', true],
    ['example.com:80', 'http://example.com', true],
    ['example.com:8443', 'https://example.com', false],
    ['example.com:8443', 'https://example.com:8443', true],
    ['127.0.0.1', 'http://127.0.0.1:3000', true],
    ['127.0.0.1', 'http://2130706433:3000', true],
    ['127.0.0.1:3001', 'http://127.0.0.1:3000', false],
    ['10.0.0.0/8', 'http://10.1.2.3', true],
    ['10.0.0.0/8', 'http://11.1.2.3', false],
    ['10.0.0.0/8', 'http://10.example.com', false],
    ['10.0.0.0/33', 'http://10.1.2.3', false],
    ['10.0.0.0/', 'http://10.1.2.3', false],
    ['0.0.1', 'http://127.0.0.1', false],
    ['::1', 'http://[::1]:3000', true],
    ['[::1]', 'http://[::1]:3000', true],
    ['[::1]:3000', 'http://[::1]:3000', true],
    ['[::1]:3001', 'http://[::1]:3000', false],
    ['0:0:0:0:0:0:0:1', 'http://[::1]', true],
    ['fd00::/8', 'http://[fd12::1]', true],
    ['fd00::/8', 'http://[fe12::1]', false],
    ['localhost', 'http://localhost:11434', true],
  ])('%j exempts %s: %s', (list, origin, exempt) => {
    const environment = { HTTP_PROXY: proxy, HTTPS_PROXY: proxy, NO_PROXY: list }
    expect(resolveProxy({ origin, environment })).toEqual(exempt ? undefined : { url: proxy })
  })
})
