// Commands that a later version has: they exist, say so, and do nothing.
import { NOT_YET } from '../config/field.ts'
import { type CliParts, EXIT } from './context.ts'

export function notYet({ stderr }: CliParts, command: string): number {
  stderr.write(`${NOT_YET}: ${command}\n`)
  return EXIT.notWell
}
