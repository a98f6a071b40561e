// Citations between this dialect's five location types and the canonical one; the original rides along sealed.
import { type JsonObject, stringAt } from '../../bytes/json-value.ts'
import type { Citation } from '../../chat/parts.ts'
import { sealed } from './seal.ts'

export function readCitation(citation: JsonObject, span?: { readonly start: number; readonly end: number }): Citation {
  const url = stringAt(citation, 'url') ?? webAddress(stringAt(citation, 'source'))
  const title = stringAt(citation, 'title') ?? stringAt(citation, 'document_title')
  const citedText = stringAt(citation, 'cited_text')
  return {
    ...(url === undefined ? {} : { url }),
    ...(title === undefined ? {} : { title }),
    ...(citedText === undefined ? {} : { citedText }),
    ...span,
    seal: sealed(citation),
  }
}

// The source of a search result is whatever its author named it.
function webAddress(source: string | undefined): string | undefined {
  return source !== undefined && /^https?:\/\//.test(source) ? source : undefined
}
