// The redactor's rules are those of the file as published: all of them, current, and each finds what the published one finds.
import { readFileSync } from 'node:fs'
import { RE2JS } from 're2js'
import { describe, expect, test } from 'vitest'
import { createRedactor } from '../packages/ai-service/src/redaction/redactor.ts'
import { entropyOf } from '../packages/ai-service/src/redaction/entropy.ts'
import type { RedactionRule } from '../packages/ai-service/src/redaction/rules.ts'
import { compileRules, renderRules, renderRulesReference, withoutLead } from './build-redaction-rules.js'
import { readToml } from './read-toml.js'
import { leastRun, longestMatch, parseRegex, sampleOf } from './regex-shape.js'

const folder = new URL('../packages/ai-service/data/gitleaks/', import.meta.url)
const toml = readFileSync(new URL('gitleaks.toml', folder), 'utf8')
const rules: readonly RedactionRule[] = compileRules(toml)
interface Published {
  readonly id: string
  readonly regex?: string
  readonly entropy?: number
  readonly secretGroup?: number
}
const published = readToml(toml).rules as readonly Published[]

describe('the data', () => {
  test('rules.json and the reference page are what `node scripts/build-redaction-rules.js` writes', () => {
    expect(readFileSync(new URL('rules.json', folder), 'utf8')).toBe(renderRules(rules))
    const page = readFileSync(new URL('../docs/reference/redaction-rules.md', import.meta.url), 'utf8')
    expect(page).toBe(renderRulesReference(rules))
  })

  test('every rule that has a pattern is there', () => {
    expect(rules.map(({ id }) => id)).toEqual(published.filter(({ regex }) => regex).map(({ id }) => id))
    expect(rules).toHaveLength(221)
  })

  test('most rules are tried near their keywords alone', () => {
    expect(rules.filter(({ reach }) => reach !== undefined).length).toBeGreaterThan(190)
  })
})

/** The same draws on every run. */
function drawing(): (below: number) => number {
  let state = 7
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % below
  }
}

/** What the published pattern takes for the secret. */
function secretIn(text: string, pattern: RE2JS, { secretGroup, entropy }: Published): string | undefined {
  const matcher = pattern.matcher(text)
  if (!matcher.find()) return undefined
  const groups = Array.from({ length: matcher.groupCount() }, (_, index) => matcher.group(index + 1) ?? '')
  const secret = secretGroup === undefined ? (groups.find(Boolean) ?? matcher.group() ?? '') : groups[secretGroup - 1]
  return entropy !== undefined && entropyOf(secret ?? '') <= entropy ? undefined : secret
}

describe('T17 each rule takes the whole secret that the published one finds', () => {
  const { redact } = createRedactor()
  const filler = 'the quick brown fox jumps over a lazy dog, and no one else. '
  // What it finds is weighed against exceptions, which random letters may meet: it has a test of its own.
  const weighed = new Set(['generic-api-key'])
  test.each(published.filter(({ id, regex }) => regex && !weighed.has(id)))('$id', (rule) => {
    const { id, regex = '' } = rule
    const keywords = rules.find((own) => own.id === id)?.keywords ?? []
    const pattern = RE2JS.compile(regex)
    const tree = parseRegex(regex)
    const draw = drawing()
    let seen = 0
    for (let round = 0; round < 60; round++) {
      const sample = sampleOf(tree, draw)
      // Some rules want their keyword beside the secret.
      const hint = keywords.some((keyword) => sample.toLowerCase().includes(keyword)) ? '' : `${keywords[0]} `
      const text = `${filler.repeat(draw(12))}${hint}${sample} ${filler.repeat(draw(12))}`
      const secret = secretIn(text, pattern, rule)
      if (secret === undefined || secret.length < 4) continue
      seen++
      expect(redact(text)).not.toContain(secret)
      expect(redact(text)).toMatch(/\[redacted:[a-z0-9-]+:[0-9a-f]{8}\]/)
    }
    expect(seen).toBeGreaterThan(0)
  })
})

describe('the reader of patterns', () => {
  test.each([
    ['ab?c', 3],
    ['(?i)[a-z0-9]{32}', 32],
    ['(?:ab|cde)\\b', 3],
    ['x{2,5}?y', 6],
    ['a{3,}', Infinity],
    ['[^\\s:]{1,4}\\x60', 5],
  ])('%s is at most %d long', (source, length) => {
    expect(longestMatch(parseRegex(source))).toBe(length)
  })

  test.each([
    [String.raw`s\.[a-z0-9]{24}`, 26],
    [String.raw`(?:ab|c)[ \w]{0,9}x{3,5}y`, 4],
    [String.raw`(?:a{9}|b{4} b{4})`, 4],
    [String.raw`(?:ab){3}(?:c d){2}`, 7],
    [String.raw`[\s\S]{20}`, 0],
    ['ab?c', 2],
  ])('a match of %s has a run of %d letters', (source, run) => {
    expect(leastRun(parseRegex(source))).toBe(run)
  })

  test('the word before a name goes where a group holds the secret, and stays where none does', () => {
    expect(withoutLead(String.raw`(?i)[\w.-]{0,50}?(?:key)=([a-z]+)`)).toBe('(?i)(?:key)=([a-z]+)')
    expect(withoutLead(String.raw`(?i)[\w.-]{0,50}?(?:key)=(?:[a-z]+)`)).toContain('{0,50}?')
  })

  test('stops at what it does not know', () => {
    expect(() => parseRegex(String.raw`\p{L}`)).toThrow('not read here')
    expect(() => parseRegex('(a')).toThrow('without an end')
    expect(() => readToml('a = 2026-01-01')).toThrow('line 1')
    expect(() => readToml('a = 1\na = 2')).toThrow('line 2: a stands there twice')
    expect(() => readToml('a = [ "b"')).toThrow('without an end')
    expect(readToml("[[x]]\na = ['b', \"c\\n\"] # d\n[[x.y]]\nz = '''\\d'''\n[[x]]\n")).toEqual({
      x: [{ a: ['b', 'c\n'], y: [{ z: '\\d' }] }, {}],
    })
  })
})
