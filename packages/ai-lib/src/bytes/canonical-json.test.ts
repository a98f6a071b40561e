// Two bodies have one canonical form only where nobody could answer them differently.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalObject } from './canonical-json.ts'
import { scanJson } from './json-scan.ts'

const none: ReadonlySet<string> = new Set()

function form(text: string, omitted = none): string | undefined {
  const bytes = Buffer.from(text)
  scanJson(bytes)
  const found = canonicalObject(bytes)?.bytes('', omitted)
  return found && Buffer.from(found).toString('utf8')
}

describe('the same request', () => {
  test.each([
    ['white space', '{"a":[1,2],"b":{"c":null}}', '\n{ "a" :\t[ 1 , 2 ],\r\n"b": { "c" : null } } '],
    ['the order at the top', '{"model":"m","temperature":1}', '{"temperature":1,"model":"m"}'],
    ['escapes', '{"a":"é/\\n\\"😀"}', '{"\\u0061":"\\u00e9\\/\\u000a\\u0022\\ud83d\\ude00"}'],
    ['escapes below the top', '{"a":{"key":"v"}}', '{"a":{"k\\u0065y":"\\u0076"}}'],
    ['escapes far into a string', `{"a":"${'x'.repeat(300)}/"}`, `{"a":"${'x'.repeat(300)}\\/"}`],
  ])('%s', (_, left, right) => {
    expect(form(left)).toBeDefined()
    expect(form(left)).toBe(form(right))
  })
})

describe('another request', () => {
  test.each([
    ['a number of another spelling', '{"a":1}', '{"a":1.0}'],
    ['an exponent', '{"a":100}', '{"a":1e2}'],
    ['zero and its negative', '{"a":0}', '{"a":-0}'],
    ['integers beyond what a double holds', '{"a":9007199254740993}', '{"a":9007199254740992}'],
    ['a number and its text', '{"a":1}', '{"a":"1"}'],
    ['null and absence', '{"a":1,"b":null}', '{"a":1}'],
    ['an empty object and an empty list', '{"a":{}}', '{"a":[]}'],
    ['order in a list', '{"a":[1,2]}', '{"a":[2,1]}'],
    ['order in a schema', '{"a":{"x":1,"y":2}}', '{"a":{"y":2,"x":1}}'],
    ['a split list', '{"a":[[1],2]}', '{"a":[[1,2]]}'],
    ['a member moved up', '{"a":{"b":1},"c":2}', '{"a":{"b":1,"c":2}}'],
    ['a quote inside a string', '{"a":"b\\",\\"c"}', '{"a":"b","c":""}'],
    ['composed and decomposed letters', '{"a":"\\u00e9"}', '{"a":"e\\u0301"}'],
    ['lone surrogates', '{"a":"\\ud800"}', '{"a":"\\ud801"}'],
    ['a lone surrogate and what replaces it', '{"a":"\\ud800"}', '{"a":"\\ufffd"}'],
    ['a control character', '{"a":"\\u0000"}', '{"a":"\\u0001"}'],
    ['case', '{"a":true}', '{"a":"true"}'],
  ])('%s', (_, left, right) => {
    expect(form(left)).not.toBe(form(right))
  })
})

describe('nothing may be concluded from', () => {
  test.each([
    ['a key twice at the top', '{"a":1,"a":1}'],
    ['a key twice under another spelling', '{"a":1,"\\u0061":2}'],
    ['a key twice below', '{"x":[{"a":1,"b":2,"a":3}]}'],
    ['a key twice below, under another spelling', '{"x":{"y":{"é":1,"\\u00e9":2}}}'],
    ['a key twice among many', `{"x":{${Array.from({ length: 60 }, (_, at) => `"k${at}":0`).join()},"k3":1}}`],
    ['no object', '[1]'],
    ['a raw control character that the scan let pass', `{"a":"\\u0041${'x'.repeat(80)}\u0001"}`],
  ])('%s', (_, text) => {
    expect(canonicalObject(Buffer.from(text))).toBeUndefined()
  })

  test('but the same key in two objects is no doubled one', () => {
    expect(form('{"x":[{"a":1},{"a":2}],"y":{"a":{"a":3}},"a":"a"}')).toBeDefined()
  })
})

test('values are found by key, and omitted members leave no trace', () => {
  const text = '{"stream":true,"store": false ,"a":[ 1 ]}'
  expect(canonicalObject(Buffer.from(text))?.value('store')).toBe('false')
  expect(canonicalObject(Buffer.from(text))?.value('absent')).toBeUndefined()
  expect(form(text, new Set(['stream']))).toBe(form('{"a":[1],"store":false}'))
})

test('the prefix cannot run into the members, whatever letters it has', () => {
  const bytes = canonicalObject(Buffer.from('{"a":1}'))?.bytes('é😀', none)
  expect(Buffer.from(bytes ?? []).toString()).toBe('é😀"a":1,')
})

test('any JSON object: equal forms mean equal values, and spelling it anew changes nothing', () => {
  const object = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ stringUnit: 'binary' }))
  fc.assert(
    fc.property(object, object, (left, right) => {
      const [one, other] = [JSON.stringify(left), JSON.stringify(right)]
      expect(form(one) === form(other)).toBe(sortedText(left) === sortedText(right))
      expect(form(spelledAnew(one))).toBe(form(one))
    }),
    { numRuns: 2_000 },
  )
})

function sortedText(object: Record<string, unknown>): string {
  return JSON.stringify(Object.entries(object).toSorted(([left], [right]) => (left < right ? -1 : 1)))
}

/** White space between tokens, and every character of every string as an escape. */
function spelledAnew(json: string): string {
  return json.replaceAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g, (token) => {
    if (!token.startsWith('"')) return ` ${token}\n`
    const text = String(JSON.parse(token))
    const escaped = Array.from({ length: text.length }, (_, at) => text.charCodeAt(at).toString(16).padStart(4, '0'))
    return `"${escaped.map((code) => `\\u${code}`).join('')}"`
  })
}

test('a body of a million escapes takes no more than linear time', () => {
  const text = `{"a":"${'\\n'.repeat(200_000)}${'x'.repeat(200_000)}","b":[${Array.from({ length: 50_000 }, () => '"c"').join()}]}`
  expect(form(text)?.length).toBe(text.length - 1)
})
