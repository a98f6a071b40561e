// `npm run bench`: prepares the checkout, then runs the side-by-side bench, or with --micro the small ones, with --start the cold start.
import { join } from 'node:path'
import { runToEnd } from '../packages/ai-service/bin/node-24.js'
import { environment, PrepareError, prepare, root } from './prepare.js'

const args = process.argv.slice(2)
const folder = ['micro', 'start'].find((name) => args.includes(`--${name}`)) ?? 'side-by-side'
const program = join(root, 'bench', folder, 'main.js')

try {
  const node = await prepare()
  const rest = args.filter((arg) => arg !== `--${folder}`)
  process.exitCode = await runToEnd(node, [program, ...rest], { cwd: root, env: environment(node) })
} catch (error) {
  if (!(error instanceof PrepareError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
