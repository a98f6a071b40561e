// The alert rules at a pace that a test can wait for: minutes become seconds, and figures that no test reaches are lower.
import type { Rule, RuleFile } from './rule-file.ts'

export interface Pace {
  /** By how much durations are shorter. */
  readonly factor: number
  /** Seconds that a range has at least: a rate needs several samples. */
  readonly leastRange: number
  /** In the expression of a rule: what is replaced by what. A text that is not there is an error. */
  readonly instead: Readonly<Record<string, readonly (readonly [string, string])[]>>
}

const seconds = { s: 1, m: 60, h: 3_600 } as const

export function faster({ groups }: RuleFile, pace: Pace): RuleFile {
  return { groups: groups.map(({ name, rules }) => ({ name, rules: rules.map((rule) => fasterRule(rule, pace)) })) }
}

function fasterRule(rule: Rule, { factor, leastRange, instead }: Pace): Rule {
  const expr = (instead[rule.alert ?? rule.record ?? ''] ?? []).reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`${rule.alert} has no ${from}`)
    return text.replace(from, to)
  }, rule.expr)
  return {
    ...rule,
    expr: expr.replaceAll(/\[(\d+[smh])\]/g, (_whole, text: string) => `[${shorter(text, factor, leastRange)}]`),
    ...(rule.for === undefined ? {} : { for: shorter(rule.for, factor, 1) }),
  }
}

function shorter(duration: string, factor: number, least: number): string {
  const [, figure = '', unit = ''] = /^(\d+)([smh])$/.exec(duration) ?? []
  if (unit !== 's' && unit !== 'm' && unit !== 'h') throw new Error(`${duration} is no duration`)
  return `${Math.max(least, Math.round((Number(figure) * seconds[unit]) / factor))}s`
}
