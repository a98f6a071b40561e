// The rows of the bench: what each loads, how often, and which figures come of it.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { conversationBody, countedBody, imageBody, smallBody, streamBody } from './bodies.js'
import { loadCore, runPinned } from './children.js'
import { cpuMs } from './proc.js'
import { loadUnary } from './wrk.js'

const streamLoad = fileURLToPath(new URL('stream-load.js', import.meta.url))

/**
 * `only` names contenders where not all are compared. `figure` names the one that medians and gates are about. Rows with `withDirect` are also run against the upstream itself.
 * `load(contender, seconds, context)` resolves to figures. V8 goes on compiling for some 20,000 requests: the first row warms longest.
 */
export const rows = [
  {
    name: 'unary',
    warmSeconds: 6,
    title: 'small unary bodies, 64 connections',
    figure: 'rps',
    unit: 'requests/s',
    load: unaryLoad(smallBody, 64),
  },
  {
    name: 'latency',
    warmSeconds: 1,
    title: 'small unary bodies, 1 connection',
    figure: 'p50Us',
    unit: 'µs p50',
    withDirect: true,
    load: unaryLoad(smallBody, 1),
  },
  {
    name: 'image',
    warmSeconds: 2,
    title: '1 MB bodies (one image), 8 connections',
    figure: 'rps',
    unit: 'requests/s',
    load: unaryLoad(imageBody, 8),
  },
  {
    name: 'conversation',
    warmSeconds: 2,
    title: '1 MB bodies (1,000 messages of code), 8 connections',
    figure: 'rps',
    unit: 'requests/s',
    load: unaryLoad(conversationBody, 8),
  },
  {
    name: 'equipped',
    warmSeconds: 6,
    title:
      'small unary bodies, each its own, 64 connections: audit trail, cache look-up and three keys against none of them',
    figure: 'cpuUsPerRequest',
    unit: 'µs CPU/request',
    only: ['service', 'equipped'],
    load: unaryLoad(countedBody, 64),
  },
  {
    name: 'streams',
    warmSeconds: 3,
    title: 'concurrent streams, a frame every 30 ms on each',
    figure: 'cpuUsPerFrame',
    unit: 'µs CPU/frame',
    load: loadStreams,
  },
]

function unaryLoad(bodyOf, connections) {
  return async ({ pid, unary }, seconds, { folder }) => {
    const { port, headers, model } = unary
    const before = pid === undefined ? 0 : cpuMs(pid)
    const figures = await loadUnary({ folder, port, headers, body: bodyOf(model), connections, seconds })
    const spentMs = pid === undefined ? 0 : cpuMs(pid) - before
    return { ...figures, cpuUsPerRequest: (spentMs * 1000) / figures.requests, gatewayBusy: spentMs / (seconds * 1000) }
  }
}

/** All start within the time of one frame, so that they do not beat in step. */
const intervalMs = 30
// A role frame, the end of the choice and [DONE] come on top of the tokens.
const framesBesideTokens = 3

async function loadStreams({ pid, streamPid = pid, stream }, seconds, { folder, node, streams }) {
  const tokens = Math.max(10, Math.round((seconds * 1000) / intervalMs) - framesBesideTokens)
  const frames = tokens + framesBesideTokens
  const body = streamBody(`${stream.modelPrefix}bench/tokens=${tokens},size=32,interval=${intervalMs}`)
  const headers = {
    host: 'bench',
    'content-type': 'application/json',
    ...stream.headers,
    'content-length': Buffer.byteLength(body),
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const requestFile = join(folder, 'stream-request.txt')
  writeFileSync(requestFile, `POST /v1/chat/completions HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
  const before = cpuMs(streamPid)
  const startedMs = performance.now()
  const args = [streamLoad, String(stream.port), requestFile, String(streams), String(intervalMs), String(frames)]
  const figures = JSON.parse(await runPinned(loadCore, node, args))
  const spentMs = cpuMs(streamPid) - before
  const tookMs = performance.now() - startedMs
  return { ...figures, cpuUsPerFrame: (spentMs * 1000) / figures.frames, gatewayBusy: spentMs / tookMs, tookMs }
}
