#!/usr/bin/env node
// Starts ai-service in this process where this Node is new enough, else in a newer Node that is installed nearby.
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findNode, HOW_TO_GET_NODE, runToEnd } from './node-24.js'

const self = fileURLToPath(import.meta.url)
const main = new URL('../dist/main.js', import.meta.url)
const node = findNode(dirname(self))

if (!existsSync(main)) {
  const folder = join(dirname(self), '..')
  fail(
    `ai-service is not built: ${fileURLToPath(main)} is missing. Run \`npm run build\` in the checkout of ${folder}.`,
  )
} else if (node === undefined) {
  fail(HOW_TO_GET_NODE)
} else if (node === process.execPath) {
  // As process 1 of a container, a signal that nobody listens to is dropped: until the program listens itself, it ends us.
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => process.exit(128 + constants.signals[signal]))
  await import(main.href)
} else {
  process.exitCode = await runToEnd(node, [self, ...process.argv.slice(2)])
}

function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exitCode = 1
}
