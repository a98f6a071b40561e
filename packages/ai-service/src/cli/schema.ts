// `ai-service schema`: the JSON Schema of the configuration file.
import { configJsonSchema } from '../config/schema.ts'
import { type CliParts, EXIT } from './context.ts'

export function schema({ stdout }: CliParts): number {
  stdout.write(`${JSON.stringify(configJsonSchema(), undefined, 2)}\n`)
  return EXIT.ok
}
