// The upstream of the rows without streams: reads a request to its last byte and gives one fixed answer, on bare sockets.
//
// The simulator costs its core about 50 µs per request on node:http; sharing that core with wrk it would be what is
// measured behind nginx. This one costs about 10 µs. It understands what proxies send: content-length bodies, one request
// at a time on each connection, and chunked bodies by their last chunk only.
import { createServer } from 'node:net'

const answerBody = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 1_700_000_000,
  model: 'fixed',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'The capital of France is Paris. It lies on the Seine.', refusal: null },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: { prompt_tokens: 23, completion_tokens: 12, total_tokens: 35 },
  system_fingerprint: 'fp_bench',
})
const answer = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: req_bench\r\ncontent-length: ${answerBody.length}\r\n\r\n${answerBody}`,
)
const lengthHeader = /^content-length: *(\d+)\r$/im
const chunkedHeader = /^transfer-encoding: *chunked\r$/im

const server = createServer({ noDelay: true }, (socket) => {
  const reader = createReader(() => socket.write(answer))
  socket.on('data', reader)
  socket.on('error', () => socket.destroy())
})
server.listen({ host: '127.0.0.1', port: Number(process.argv[2]), backlog: 4096 })

function createReader(onRequest) {
  let head = ''
  let state = { kind: 'head' }
  return (chunk) => {
    if (state.kind === 'length') state = { kind: 'length', left: state.left - chunk.length }
    else if (state.kind === 'chunked') state = { kind: 'chunked', tail: tailOf(state.tail + chunk.toString('latin1')) }
    else {
      head += chunk.toString('latin1')
      const end = head.indexOf('\r\n\r\n')
      if (end === -1) return
      state = bodyOf(head.slice(0, end + 2), head.slice(end + 4))
    }
    const isWhole = state.kind === 'length' ? state.left <= 0 : state.kind === 'chunked' && state.tail === '0\r\n\r\n'
    if (!isWhole) return
    head = ''
    state = { kind: 'head' }
    onRequest()
  }
}

function bodyOf(head, body) {
  if (chunkedHeader.test(head)) return { kind: 'chunked', tail: tailOf(body) }
  return { kind: 'length', left: Number(lengthHeader.exec(head)?.[1] ?? 0) - body.length }
}

function tailOf(text) {
  return text.slice(-5)
}
