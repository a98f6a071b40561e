// `node scripts/check-arrows.js [folder]`: names every import that goes against scripts/arrows.js, and every import cycle.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cruise } from 'dependency-cruiser'
import { forbiddenImports, messages, unknownRoom } from './arrow-rules.js'

const folder = process.argv[2] ?? join(import.meta.dirname, '..')
const packages = ['ai-lib', 'ai-service', 'simulator'].map((name) => `packages/${name}/src`)

const { output } = await cruise(
  packages.filter((path) => existsSync(join(folder, path))),
  {
    baseDir: folder,
    ruleSet: { forbidden: forbiddenImports() },
    validate: true,
    // TypeScript 7 has no classic compiler API; swc reads the same imports, type-only ones included.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: ['node_modules', '/dist/'] },
  },
  {
    exportsFields: ['exports'],
    conditionNames: ['types', 'import', 'node', 'default'],
    extensions: ['.ts', '.js', '.json'],
  },
)

const strays = output.modules.map((module) => module.source).filter((source) => unknownRoom(source))
const lines = [
  ...strays.map((source) => `${source}\n  known-rooms: ${messages.get('known-rooms')}`),
  ...output.summary.violations.map((violation) => {
    const way = violation.cycle ? violation.cycle.map((step) => step.name ?? step).join(' -> ') : violation.to
    return `${violation.from} -> ${way}\n  ${violation.rule.name}: ${messages.get(violation.rule.name)}`
  }),
]
for (const line of lines) process.stdout.write(`${line}\n`)
process.stdout.write(`${output.summary.totalCruised} files, ${lines.length} imports against the arrows\n`)
process.exitCode = lines.length > 0 ? 1 : 0
