// Puts the code blocks of the English pages into the Chinese ones, so that only prose is translated by hand.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(import.meta.dirname, '..', 'docs', 'zh')

/** Chinese pages, with the English ones that they name in their second line. */
export function translations() {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .map((name) => {
      const text = readFileSync(join(folder, name), 'utf8')
      const header = /^> 英文原文:(.*)$/m.exec(text)?.[1] ?? ''
      const sources = [...header.matchAll(/\]\(([^)]+)\)/g)].map(([, path = '']) => join(folder, path))
      return { name, file: join(folder, name), text, sources }
    })
}

/** Fenced blocks, fences included. */
export function fencedBlocks(text) {
  return text.match(/^```[a-z]*\n[\s\S]*?^```$/gm) ?? []
}

/** The Chinese page with the blocks of its sources, in their order. */
export function withBlocksOf({ text, sources }) {
  const blocks = sources.flatMap((source) => fencedBlocks(readFileSync(source, 'utf8')))
  let at = 0
  return text.replaceAll(/^```[a-z]*\n[\s\S]*?^```$/gm, (own) => blocks[at++] ?? own)
}

if (process.argv[1] === import.meta.filename)
  for (const page of translations()) writeFileSync(page.file, withBlocksOf(page))
