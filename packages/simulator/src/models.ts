// The models the simulator lists, in OpenAI's and in Anthropic's shape.
import type { JsonObject } from './json.ts'

export const MODEL_IDS: readonly string[] = [
  'echo',
  'echo-reasoning',
  'script',
  'embed',
  'bench/tokens=200,size=32,interval=0',
]

export function listModels(shape: 'openai' | 'anthropic', created: number): JsonObject {
  const data = MODEL_IDS.map((id) => writeModel(shape, id, created))
  if (shape === 'openai') return { object: 'list', data }
  return { data, has_more: false, first_id: MODEL_IDS[0], last_id: MODEL_IDS.at(-1) }
}

/** Any name is a model here, as it is when it answers. */
export function writeModel(shape: 'openai' | 'anthropic', id: string, created: number): JsonObject {
  if (shape === 'openai') return { id, object: 'model', created, owned_by: 'simulator' }
  return { type: 'model', id, display_name: id, created_at: new Date(created * 1000).toISOString() }
}
