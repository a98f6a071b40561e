// Unary load: wrk on the load core, its request from files, its figures back as numbers.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadCore, runPinned } from './children.js'

const script = fileURLToPath(new URL('post.lua', import.meta.url))

/** @returns {Promise<{ rps: number, requests: number, p50Us: number, p99Us: number, failed: number }>} */
export async function loadUnary({ folder, port, headers, body, connections, seconds }) {
  const bodyFile = join(folder, 'body.json')
  const headerFile = join(folder, 'headers.txt')
  writeFileSync(bodyFile, body)
  const lines = Object.entries({ 'content-type': 'application/json', ...headers }).map(
    ([name, value]) => `${name}: ${value}\n`,
  )
  writeFileSync(headerFile, lines.join(''))
  const url = `http://127.0.0.1:${port}/v1/chat/completions`
  const args = ['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '-s', script, url, bodyFile, headerFile]
  const text = await runPinned(loadCore, 'wrk', args)
  const { requests, durationUs, p50Us, p99Us, failed } = JSON.parse(/^RESULT (.*)$/m.exec(text)[1])
  return { rps: (requests / durationUs) * 1e6, requests, p50Us, p99Us, failed }
}
