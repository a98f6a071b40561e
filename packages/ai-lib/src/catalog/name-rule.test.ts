// Each operator of the rules for names, at its edges.
import { expect, test } from 'vitest'
import { fits } from './name-rule.ts'

test.each([
  ['=gpt-4o', ['gpt-4o'], ['gpt-4', 'gpt-4o-mini', 'xgpt-4o']],
  ['^gpt-4', ['gpt-4', 'gpt-4o'], ['gpt-', 'xgpt-4']],
  ['$:free', ['gemma:free'], [':freedom', 'free']],
  ['*claude', ['claude', 'my-claude-3'], ['clau', '']],
  ['#sol-####', ['sol-2026'], ['sol-202', 'sol-20260', 'sol-202x', 'sol-####', 'xsol-2026']],
  ['~flash-#', ['flash-1', 'flash-1x'], ['flash-', 'flash-x', 'flash']],
  ['!tts', ['pro', 'pro-ttsx', 'tts', 'ptts'], ['pro-tts', 'pro-tts-preview']],
  ['?x', [], ['?x', 'x', '']],
])('%s fits what it says', (rule, good, bad) => {
  expect(good.filter((name) => !fits([rule], name))).toEqual([])
  expect(bad.filter((name) => fits([rule], name))).toEqual([])
})

test('one of the entries is enough, but an inner list wants all of its tests', () => {
  const rule = ['=a', ['^pro', '!tts']]
  expect(['a', 'pro', 'pro-1', 'pro-tts', 'b'].map((name) => fits(rule, name))).toEqual([
    true,
    true,
    true,
    false,
    false,
  ])
  expect(fits([], 'a')).toBe(false)
})
