// `ai-service check`: validates the configuration and prints what would start, without secrets.
import { stringify } from 'yaml'
import { describePlan } from '../config/plan.ts'
import { type CliParts, EXIT } from './context.ts'
import { type ConfigOptions, load, reportProblems, toJsonLine } from './load-or-report.ts'

export interface CheckOptions extends ConfigOptions {
  readonly json?: boolean
}

export async function check(parts: CliParts, options: CheckOptions): Promise<number> {
  const result = await load(parts, options)
  if (result.kind === 'invalid') {
    if (options.json === true) {
      parts.stdout.write(toJsonLine({ ok: false, problems: result.problems, warnings: result.warnings }))
    } else reportProblems(parts, result)
    return EXIT.config
  }
  const { loaded } = result
  const plan = describePlan(loaded)
  if (options.json === true) {
    parts.stdout.write(toJsonLine({ ok: true, plan, warnings: loaded.warnings, notes: loaded.notes }))
    return EXIT.ok
  }
  parts.stdout.write(`# The configuration is valid. This is what would start:\n${stringify(plan)}`)
  for (const warning of loaded.warnings) parts.stderr.write(`warning: ${warning}\n`)
  for (const note of loaded.notes) parts.stderr.write(`note: ${note}\n`)
  return EXIT.ok
}
