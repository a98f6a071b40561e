// What clients of the bench ask.

const small = {
  messages: [
    { role: 'system', content: 'You are a helpful assistant. Answer in one sentence.' },
    { role: 'user', content: 'What is the capital of France, and on which river does it lie?' },
  ],
  temperature: 0.2,
  max_tokens: 64,
}

/** About 300 bytes. */
export function smallBody(model) {
  return JSON.stringify({ model, ...small })
}

/** A number of ten digits that the load counts up: no two requests are the same. */
export const countedSeed = 1_000_000_000

/** As the small body, each request its own. */
export function countedBody(model) {
  return JSON.stringify({ model, ...small, seed: countedSeed })
}

/** Without `stream_options`: a gateway that wants usage has to ask for it and to take it out again. */
export function streamBody(model) {
  return JSON.stringify({ model, ...small, stream: true })
}

/** 1 MB that is one image. */
export function imageBody(model) {
  const url = `data:image/png;base64,${'iVBORw0KGgoAAAANSUhEUgAA'.repeat(42_000)}`
  const content = [
    { type: 'text', text: 'What is on this picture?' },
    { type: 'image_url', image_url: { url } },
  ]
  return JSON.stringify({ model, messages: [{ role: 'user', content }] })
}

/** 1 MB that is a long conversation about code: many short strings, with line breaks and quotes to escape. */
export function conversationBody(model) {
  const line = 'if (answer.status === "open") { return list.map((entry) => entry.name) }\n\t// naïve, but it works\n'
  const messages = Array.from({ length: 1_000 }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: `${index}: ${line.repeat(9)}`,
  }))
  return JSON.stringify({ model, messages })
}
