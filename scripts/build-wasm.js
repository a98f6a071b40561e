// Builds packages/ai-lib/src/bytes/json-string-wasm.ts out of json-string.wat; json-string-wasm.test.ts says when it is due.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import createWabt from 'wabt'

const room = new URL('../packages/ai-lib/src/bytes/', import.meta.url)

/** The TypeScript file for the present `json-string.wat`. */
export async function wasmModule() {
  const wabt = await createWabt()
  const parsed = wabt.parseWat('json-string.wat', readFileSync(new URL('json-string.wat', room), 'utf8'), {
    simd: true,
  })
  const { buffer } = parsed.toBinary({})
  parsed.destroy()
  const lines =
    Buffer.from(buffer)
      .toString('base64')
      .match(/.{1,110}/g) ?? []
  return `// Built by scripts/build-wasm.js out of json-string.wat: change that, and build anew.

export const jsonStringWasm =
${lines.map((line) => `  '${line}'`).join(' +\n')}
`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL('json-string-wasm.ts', room), await wasmModule())
}
