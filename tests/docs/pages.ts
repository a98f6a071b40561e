// The project's Markdown pages, and the code blocks in them with the places they stand at.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Page {
  /** From the project's root: `docs/README.md`. */
  readonly name: string
  readonly folder: string
  readonly text: string
}

export interface Block {
  /** `README.md:42` */
  readonly at: string
  readonly language: string
  readonly code: string
  /** What the comment above it says it is, `<!-- sample: helm-values -->`; absent for the service's own configuration. */
  readonly sample?: string
}

const folders = ['', 'docs', 'deploy', 'packages/ai-lib', 'packages/ai-service', 'packages/simulator', 'bench']

/** All pages that readers are sent to; those of `docs/` and `deploy/` with all folders below them. */
export const pages: readonly Page[] = folders.flatMap((folder) =>
  pagesIn(join(root, folder), folder === 'docs' || folder === 'deploy'),
)

function pagesIn(folder: string, deep: boolean): readonly Page[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true, recursive: deep })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => {
      const path = join(entry.parentPath, entry.name)
      return { name: relative(root, path), folder: dirname(path), text: readFileSync(path, 'utf8') }
    })
}

export function blocksOf({ name, text }: Page): readonly Block[] {
  const blocks: Block[] = []
  let open: { language: string; line: number; code: string[] } | undefined
  let sample: string | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^```([a-z]*)$/.exec(line)
    if (open === undefined) {
      const mark = /^<!-- sample: ([a-z-]+) -->$/.exec(line)?.[1]
      if (fence) open = { language: fence[1] ?? '', line: index + 1, code: [] }
      else if (mark !== undefined || line !== '') sample = mark
    } else if (fence === null) open.code.push(line)
    else {
      const at = `${name}:${open.line}`
      blocks.push({
        at,
        language: open.language,
        code: open.code.join('\n'),
        ...(sample === undefined ? {} : { sample }),
      })
      open = sample = undefined
    }
  }
  return blocks
}

/** Chinese pages have the blocks of the English ones (translations.test.ts): those are looked at once. */
export function isTranslation({ name }: Page): boolean {
  return name.startsWith('docs/zh/')
}

/** The blocks of all pages in one of the languages. */
export function blocksIn(...languages: readonly string[]): readonly Block[] {
  return pages
    .filter((page) => !isTranslation(page))
    .flatMap(blocksOf)
    .filter(({ language }) => languages.includes(language))
}

/** Pages without what stands in their code blocks. */
export function prose({ text }: Page): string {
  return text.replace(/^```[a-z]*\n[\s\S]*?^```$/gm, '')
}
