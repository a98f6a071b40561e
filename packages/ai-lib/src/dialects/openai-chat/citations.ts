// URL citations: OpenAI's annotations and Perplexity's lists to and from canonical citations.
import { isArray, isObject, numberAt, stringAt, type JsonObject, type JsonValue } from '../../bytes/json-value.ts'
import type { Citation } from '../../chat/parts.ts'

/** An annotation as a citation; other annotations than `url_citation` only keep their seal. */
export function readCitation(annotation: JsonValue): Citation | undefined {
  if (!isObject(annotation)) return undefined
  const seal = { dialect: 'openai-chat', json: JSON.stringify(annotation) } as const
  const target = annotation['url_citation']
  if (!isObject(target)) return { seal }
  const url = stringAt(target, 'url')
  const title = stringAt(target, 'title')
  const start = numberAt(target, 'start_index')
  const end = numberAt(target, 'end_index')
  return {
    ...(url === undefined ? {} : { url }),
    ...(title === undefined ? {} : { title }),
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
    seal,
  }
}

/** Perplexity repeats `citations` and `search_results` in every frame; they belong to the answer as a whole. */
export function readSources(answer: JsonObject): readonly Citation[] {
  const results = answer['search_results']
  if (isArray(results) && results.length > 0) return results.flatMap((result) => readSource(result) ?? [])
  const citations = answer['citations']
  return isArray(citations) ? citations.flatMap((one) => readSource(one) ?? []) : []
}

function readSource(source: JsonValue): Citation | undefined {
  if (typeof source === 'string') return source === '' ? undefined : { url: source }
  if (!isObject(source)) return undefined
  const url = stringAt(source, 'url')
  const title = stringAt(source, 'title')
  return url === undefined ? undefined : { url, ...(title === undefined ? {} : { title }) }
}

/** A citation as an annotation; `span` is where the cited text lies if the citation does not tell. */
export function writeCitation(citation: Citation, span: { start: number; end: number }): JsonObject | undefined {
  if (citation.url === undefined) return undefined
  return {
    type: 'url_citation',
    url_citation: {
      start_index: citation.start ?? span.start,
      end_index: citation.end ?? span.end,
      url: citation.url,
      title: citation.title ?? '',
    },
  }
}
