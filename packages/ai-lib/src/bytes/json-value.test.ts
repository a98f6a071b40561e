// Parsed JSON carries no prototype, stays within its bounds, and gives nothing of a type that was not asked for.
import { describe, expect, test } from 'vitest'
import { AiError } from '../errors/ai-error.ts'
import {
  arrayAt,
  booleanAt,
  isArray,
  isObject,
  numberAt,
  objectAt,
  parseBounds,
  parseJsonObject,
  stringAt,
  tokensAt,
  tryParseJson,
} from './json-value.ts'

const parse = (text: string) => parseJsonObject(Buffer.from(text))

function refusal(text: string): string {
  try {
    parse(text)
  } catch (thrown) {
    if (thrown instanceof AiError) return thrown.code
    throw thrown
  }
  return 'accepted'
}

describe('__proto__', () => {
  const spellings = [
    '__proto__',
    '\\u005f_proto__',
    '__pro\\u0074o__',
    '\\u005F\\u005f\\u0070\\u0072\\u006F\\u0074\\u006f\\u005f_',
  ]

  test.each(spellings)('as %s is dropped at every depth, and copying pollutes nothing', (key) => {
    const text = `{"${key}":{"polluted":1},"a":[{"${key}":{"polluted":1},"b":2}]}`
    for (const value of [parse(text), tryParseJson(text)]) {
      expect(JSON.stringify(value)).toBe('{"a":[{"b":2}]}')
      const copy: Record<string, unknown> = {}
      for (const [name, inner] of Object.entries(value as object)) copy[name] = inner
      expect(copy.polluted).toBeUndefined()
    }
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
  })

  test('as text, and constructor as a key, stay', () => {
    const text = '{"a":"__proto__","constructor":{"prototype":{"x":1}},"b":"\\\\u005f_proto__"}'
    expect(JSON.stringify(parse(text))).toBe(text)
  })
})

describe('bounds', () => {
  const nested = (levels: number) => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`

  test('64 levels are parsed, 65 are not', () => {
    expect(refusal(nested(parseBounds.depth))).toBe('accepted')
    expect(refusal(nested(parseBounds.depth + 1))).toBe('caller_invalid_json')
  })

  test('200,000 values are parsed, one more is not', () => {
    const values = (count: number) => `{"a":[${Array.from({ length: count - 2 }, () => 0).join()}]}`
    expect(refusal(values(parseBounds.nodes))).toBe('accepted')
    expect(refusal(values(parseBounds.nodes + 1))).toBe('caller_invalid_json')
  })

  test.each(['', '[]', '"a"', 'null', '7', '{', '{"a":}', '\ufeff{}'])('%j is refused', (text) => {
    expect(refusal(text)).toBe('caller_invalid_json')
  })

  test('a control character that the scan skips is refused like the rest', () => {
    expect(refusal(`{"a":"${'x'.repeat(100)}\u0001"}`)).toBe('caller_invalid_json')
  })

  test('bytes that are no UTF-8 are refused, and the code is the one asked for', () => {
    const bytes = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])
    expect(() => parseJsonObject(bytes, 'provider_invalid_response')).toThrow(
      new AiError('provider_invalid_response', { message: 'It is not UTF-8.' }),
    )
  })
})

describe('tryParseJson', () => {
  test('gives undefined for what is no JSON, however deep', () => {
    for (const text of ['', '{', 'undefined', '['.repeat(1_000_000)]) expect(tryParseJson(text)).toBeUndefined()
    expect(tryParseJson(' [1, null] ')).toEqual([1, null])
  })
})

describe('typed access', () => {
  const object = parse('{"s":"","n":0,"b":false,"o":{},"a":[],"z":null}')

  test('gives values of the asked type only', () => {
    expect([stringAt(object, 's'), numberAt(object, 'n'), booleanAt(object, 'b')]).toEqual(['', 0, false])
    expect([objectAt(object, 'o'), arrayAt(object, 'a')]).toEqual([{}, []])
    for (const key of ['s', 'n', 'b', 'o', 'a', 'z', 'missing']) {
      const found = [stringAt, numberAt, booleanAt, objectAt, arrayAt].filter((at) => at(object, key) !== undefined)
      expect(found.length).toBe(key === 'z' || key === 'missing' ? 0 : 1)
    }
  })

  test('tells objects from arrays and null', () => {
    expect([{}, [], null, 'x', undefined].map((value) => isObject(value))).toEqual([true, false, false, false, false])
    expect([{}, [], null].map((value) => isArray(value))).toEqual([false, true, false])
  })

  test.each([
    ['3', 3],
    ['2.9', 2],
    ['-1', 0],
    ['0', 0],
    ['1e999', 1_000_000_000],
    ['"7"', 0],
    ['null', 0],
  ])('a token figure of %s counts as %i', (text, tokens) => {
    expect(tokensAt(parse(`{"t":${text}}`), 't')).toBe(tokens)
  })
})
