// The load of the stream rows: raw sockets, one stream each; every stream is checked to its last byte. Prints JSON.
//
// Arguments: port, file of the request, number of streams, milliseconds over which they start, frames that each must have.
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { StreamCheck } from './stream-check.js'

const [port, requestFile, streams, rampMs, frames] = process.argv.slice(2)
const request = readFileSync(requestFile)
let flowing = 0
let peak = 0
const outcomes = await Promise.all(Array.from({ length: Number(streams) }, (_, index) => start(index)))
const short = outcomes.filter((outcome) => outcome.fault !== undefined)
const report = {
  streams: outcomes.length,
  short: short.length,
  // Streams that had begun and were not over: what a gateway queues does not count.
  peak,
  frames: outcomes.reduce((sum, outcome) => sum + outcome.frames, 0),
  firstMs: median(outcomes.map((outcome) => outcome.firstMs)),
  faults: [...new Set(short.map((outcome) => outcome.fault))].slice(0, 5),
}
process.stdout.write(JSON.stringify(report))

function start(index) {
  const delayMs = (index / Number(streams)) * Number(rampMs)
  return new Promise((resolve) => setTimeout(() => resolve(readStream()), delayMs))
}

function readStream() {
  return new Promise((resolve) => {
    const check = new StreamCheck()
    const startedMs = performance.now()
    let firstMs = Number.NaN
    let isEnded = false
    const end = (fault) => {
      if (isEnded) return
      isEnded = true
      if (!Number.isNaN(firstMs)) flowing -= 1
      clearTimeout(timer)
      socket.destroy()
      resolve({ frames: check.frames, firstMs, fault: fault ?? check.fault(Number(frames)) })
    }
    const socket = connect({ port: Number(port), host: '127.0.0.1', noDelay: true }, () => socket.write(request))
    const timer = setTimeout(() => end('not over after 60 s'), 60_000)
    socket.on('data', (bytes) => {
      if (Number.isNaN(firstMs)) {
        firstMs = performance.now() - startedMs
        flowing += 1
        peak = Math.max(peak, flowing)
      }
      check.push(bytes)
      if (check.isOver) end()
    })
    socket.on('error', (error) => end(error.code ?? 'error'))
    socket.on('close', () => end())
  })
}

function median(values) {
  const sorted = values.filter((value) => !Number.isNaN(value)).toSorted((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)] ?? null
}
