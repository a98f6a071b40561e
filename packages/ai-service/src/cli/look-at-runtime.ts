// Whether Node and what comes with it are new enough.
import type { CliParts } from './context.ts'
import { type Finding, unwell, well } from './finding.ts'

const needed = { node: '24.15.0', sqlite: '3.51.3' } as const
const todo = 'Install Node 24 LTS (https://nodejs.org) and put it first on PATH; in a checkout `npm ci` brings one.'

export function lookAtRuntime({ version, versions }: CliParts): readonly Finding[] {
  const atLeast = (what: 'node' | 'sqlite'): Finding => {
    const have = versions[what]
    const isEnough = have !== undefined && isAtLeast(have, needed[what])
    const detail = `${have ?? 'absent'}; needs ${needed[what]} or newer`
    return isEnough ? well(what, detail) : unwell(what, detail, todo)
  }
  return [
    well('ai-service', version),
    atLeast('node'),
    well('openssl', versions['openssl'] ?? 'unknown'),
    atLeast('sqlite'),
  ]
}

function isAtLeast(have: string, wanted: string): boolean {
  const [left, right] = [have, wanted].map((version) => version.split('.').map(Number))
  for (const [index, least] of (right ?? []).entries()) {
    const part = left?.[index] ?? 0
    if (part !== least) return part > least
  }
  return true
}
