// Instances of schemas, by example.
import { expect, it } from 'vitest'
import { instanceOf } from './schema-instance.ts'

it('builds the smallest value of each kind', () => {
  const schema = {
    type: 'object',
    required: ['s', 'n', 'l', 'e', 'c', 'o', 'u', 'r', 'x'],
    properties: {
      s: { type: 'string', minLength: 6 },
      n: { type: ['integer', 'null'], minimum: 3 },
      l: { type: 'array', minItems: 2, items: { type: 'boolean' } },
      e: { enum: ['red', 'blue'] },
      c: { const: 9 },
      o: { type: 'object', properties: { p: { type: 'number', exclusiveMinimum: 1 } } },
      u: { anyOf: [{ type: 'null' }, { type: 'string' }] },
      r: { $ref: '#/$defs/a~1b' },
      x: { allOf: [{ type: 'number', maximum: -2 }] },
      optional: { type: 'string' },
    },
    $defs: { 'a/b': { type: 'string', maxLength: 2 } },
  }
  expect(instanceOf(schema)).toEqual({
    s: 'text..',
    n: 3,
    l: [false, false],
    e: 'red',
    c: 9,
    o: { p: 2 },
    u: null,
    r: 'te',
    x: -2,
  })
})

it('ends where a schema refers to itself', () => {
  const loop = { $ref: '#/$defs/loop', $defs: { loop: { $ref: '#/$defs/loop' } } }
  expect(instanceOf(loop)).toBeNull()
})
