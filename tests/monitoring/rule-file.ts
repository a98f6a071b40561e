// The rule file as data: what the tests of alerts and of the dashboard look into.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { root } from '../docs/pages.ts'

export interface Rule {
  readonly record?: string
  readonly alert?: string
  readonly expr: string
  readonly for?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

export interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[]
}

export const prometheusFolder = join(root, 'deploy', 'prometheus')

export function readRules(): RuleFile {
  // `promtool check rules` holds the file to this form.
  return parse(readFileSync(join(prometheusFolder, 'rules', 'ai-service.yaml'), 'utf8')) as RuleFile
}

export const rules: readonly Rule[] = readRules().groups.flatMap((group) => group.rules)

/** Rules that tell somebody, by their names. */
export const alerts: readonly (Rule & { readonly alert: string })[] = rules.flatMap((rule) =>
  rule.alert === undefined ? [] : [{ ...rule, alert: rule.alert }],
)

/** Names of series that an expression selects: ours, the runtime's and those that rules record. */
export function seriesIn(expression: string): readonly string[] {
  const plain = expression.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')
  const names = plain.match(/\b(?:ai_|process_|nodejs_|job:|job_provider:)[\w:]*/g) ?? []
  return [...new Set(names)].map((name) => name.replace(/_(bucket|sum|count)$/, ''))
}
