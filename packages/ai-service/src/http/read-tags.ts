// Reads `x-ai-tags`: a JSON object of strings, or k=v,k=v.
import { AiError } from 'ai-lib/internal/errors/ai-error'

const maxTags = 32
const namePattern = /^[A-Za-z0-9_.:-]{1,64}$/
const maxValue = 256

/** @throws AiError `caller_invalid_request`. */
export function readTags(header: string): Readonly<Record<string, string>> {
  const entries = header.trimStart().startsWith('{') ? jsonTags(header) : pairs(header)
  if (entries.length > maxTags) throw refused(`It takes up to ${maxTags} tags.`)
  for (const [name, value] of entries) {
    if (!namePattern.test(name)) throw refused('A name has up to 64 letters, digits, "_", ".", ":" or "-".')
    if (value.length > maxValue) throw refused(`A value has up to ${maxValue} characters.`)
  }
  return Object.fromEntries(entries)
}

function jsonTags(header: string): [string, string][] {
  let value: unknown
  try {
    value = JSON.parse(header)
  } catch {
    throw refused('It is no JSON.')
  }
  return Object.entries(value ?? {}).map(([name, text]) => {
    if (typeof text !== 'string') throw refused(`The tag ${name.slice(0, 64)} is no string.`)
    return [name, text]
  })
}

function pairs(header: string): [string, string][] {
  const parts = header.split(',').filter((part) => part.trim() !== '')
  return parts.map((part) => {
    const equals = part.indexOf('=')
    if (equals < 0) throw refused('Write k=v,k=v or a JSON object of strings.')
    return [part.slice(0, equals).trim(), part.slice(equals + 1).trim()]
  })
}

function refused(message: string): AiError {
  return new AiError('caller_invalid_request', { message: `x-ai-tags cannot be read. ${message}`, param: 'x-ai-tags' })
}
