// An address where connections are never completed: a listener that does not accept, its backlog full, so that the kernel drops what comes.
import { connect, type Socket } from 'node:net'
import { Worker } from 'node:worker_threads'

export interface Blackhole {
  readonly port: number
  close(): Promise<void>
}

// Blocked, the thread's event loop never accepts; the kernel completes handshakes until the backlog is full.
const script = `
const { parentPort } = require('node:worker_threads')
const server = require('node:net').createServer()
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  parentPort.postMessage(server.address().port)
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
})`

/** Absent where the kernel goes on to complete connections: then there is no such address on this machine. */
export async function openBlackhole(): Promise<Blackhole | undefined> {
  const worker = new Worker(script, { eval: true })
  const port = await new Promise<number>((resolve) => worker.once('message', resolve))
  const fillers: Socket[] = []
  const close = async (): Promise<void> => {
    for (const filler of fillers) filler.destroy()
    await worker.terminate()
  }
  while (fillers.length < 16) {
    const filler = connect(port, '127.0.0.1').on('error', () => undefined)
    fillers.push(filler)
    if (!(await connects(filler))) return { port, close }
  }
  await close()
  return undefined
}

function connects(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), 300)
    socket.once('connect', () => {
      clearTimeout(timer)
      resolve(true)
    })
  })
}
