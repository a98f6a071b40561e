// The code that reads strings is what its readable form says.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { wasmModule } from './build-wasm.js'

test('json-string-wasm.ts is what `node scripts/build-wasm.js` writes out of json-string.wat', async () => {
  const built = readFileSync(new URL('../packages/ai-lib/src/bytes/json-string-wasm.ts', import.meta.url), 'utf8')
  expect(built).toBe(await wasmModule())
})
