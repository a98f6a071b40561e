// Every header that is read or written here is told of, and none that is not.
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { understoodHeaders } from './client-headers.ts'
import { requestHeaders, responseHeaders } from './header-descriptions.ts'

/** How bodies and connections are framed, which the page tells in sentences; and what a browser asks before a request. */
const framing = [
  'host',
  'content-type',
  'content-length',
  'transfer-encoding',
  'content-encoding',
  'upgrade',
  'access-control-request-method',
  'access-control-request-headers',
]

const namesOf = (headers: typeof requestHeaders): readonly string[] => headers.flatMap(({ names }) => names)

/** Texts in the code that can only be names of headers in an answer. */
function writtenHeaders(): ReadonlySet<string> {
  const files = ['.', '../policies'].flatMap((room) => {
    const folder = new URL(`${room}/`, import.meta.url)
    return readdirSync(folder)
      .filter((name) => name.endsWith('.ts') && !name.includes('.test.') && !name.endsWith('-descriptions.ts'))
      .map((name) => readFileSync(new URL(name, folder), 'utf8'))
  })
  const texts = files
    .join('\n')
    .matchAll(
      /'((?:x-|retry-after|access-control-(?!request)|server-timing|request-id|allow|vary|cache-control)[a-z-]*)'/g,
    )
  return new Set([...texts].map(([, name = '']) => name))
}

describe('the tables of headers', () => {
  it('requests: all that is understood', () => {
    const understood = [...understoodHeaders, 'expect'].filter((name) => !framing.includes(name))
    expect(namesOf(requestHeaders).toSorted()).toEqual(understood.toSorted())
  })

  it('answers: all that is written', () => {
    const told = new Set(namesOf(responseHeaders))
    const written = [...writtenHeaders()].filter((name) => !understoodHeaders.includes(name) && !name.endsWith('-'))
    expect(written.length).toBeGreaterThan(12)
    expect(written.filter((name) => !told.has(name))).toEqual([])
  })

  it('answers: nothing else', () => {
    const written = writtenHeaders()
    const fixed = namesOf(responseHeaders).filter((name) => !name.includes('*'))
    expect(fixed.filter((name) => !written.has(name))).toEqual([])
  })
})
