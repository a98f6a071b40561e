// `npm start`: installs what is missing, builds what is stale, then becomes the service.
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { PrepareError, prepare, root } from './prepare.js'

try {
  await prepare()
  const bin = join(root, 'packages', 'ai-service', 'bin', 'ai-service.js')
  process.argv.splice(1, 1, bin, 'start')
  await import(pathToFileURL(bin).href)
} catch (error) {
  if (!(error instanceof PrepareError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
