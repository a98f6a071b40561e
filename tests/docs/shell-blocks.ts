// What becomes of each shell block of the pages: run where tests run, or listed here with the reason why not.
import { callsIn } from './commands-elsewhere.ts'
import { type Block, blocksOf, isTranslation, type Page } from './pages.ts'

/** A page whose shell blocks run one after the other, in a folder with a running service. */
export interface RunPage {
  readonly page: string
  /** Configuration of the service; default the page's first sample of it. */
  readonly config?: string
  /** Commands before the page's own. */
  readonly before?: string
  /** Programs that the blocks call, besides those of any system. */
  readonly programs?: readonly ('curl' | 'openssl' | 'promtool')[]
}

export interface ListedBlock {
  readonly page: string
  /** How the block begins. */
  readonly begins: string
  /** Why it is not run with its page, and what looks at it instead. */
  readonly reason: string
}

const simple = `
providers: { simulator: { kind: simulator } }
backup: { to: "file:./backups", encrypt: env:AI_SERVICE_BACKUP_KEY }
`

export const runPages: readonly RunPage[] = [
  { page: 'docs/how-to/audit.md', config: simple, programs: ['openssl'] },
  { page: 'docs/how-to/metrics.md', config: simple, programs: ['curl', 'promtool'] },
  { page: 'docs/how-to/response-cache.md', programs: ['curl'] },
  {
    page: 'docs/reference/cli.md',
    config: simple,
    before: 'mkdir backups; ai-service audit export --file exported.jsonl',
  },
  { page: 'packages/ai-service/README.md', config: simple },
]

/** Pages whose blocks have a test of their own in tests/walkthroughs. */
const walkedPages: readonly string[] = ['docs/tutorial.md']

export const listedBlocks: readonly ListedBlock[] = [
  { page: 'README.md', begins: 'npm start ', reason: 'scripts/fresh-clone.sh runs it; npm test is what runs this' },
  { page: 'README.md', begins: 'curl http', reason: 'readme.test.ts runs it' },
  { page: 'README.md', begins: 'OPENAI_API_KEY=', reason: 'wants a real key' },
  { page: 'docs/how-to/backup.md', begins: 'openssl rand', reason: 'makes a key; nothing to look at' },
  { page: 'docs/how-to/backup.md', begins: 'cat >bootstrap.yaml', reason: 'tests/backup/recovery.test.ts runs it' },
  { page: 'docs/how-to/backup.md', begins: 'ai-service backup list', reason: 'tests/backup/recovery.test.ts runs it' },
  { page: 'docs/how-to/backup.md', begins: 'ai-service restore', reason: 'tests/backup/recovery.test.ts runs it' },
  { page: 'docs/how-to/backup.md', begins: 'cd /srv/ai-service', reason: 'tests/backup/recovery.test.ts runs it' },
  { page: 'docs/how-to/backup.md', begins: 'ai-service audit verify', reason: 'tests/backup/recovery.test.ts runs it' },
  { page: 'docs/how-to/logging.md', begins: 'journalctl', reason: 'wants systemd and a unit of the reader’s' },
  {
    page: 'docs/how-to/metrics.md',
    begins: 'prometheus --config',
    reason: 'does not end; tests/seed has a Prometheus scrape',
  },
  { page: 'docs/tutorial.md', begins: 'git clone', reason: 'the test lays out what a clone has' },
  { page: 'docs/tutorial.md', begins: 'OPENAI_API_KEY=', reason: 'wants a real key' },
  { page: 'docs/how-to/self-hosting.md', begins: 'npm ci', reason: 'tests/seed/自托管.test.ts packs and installs' },
]

export function shellOf(page: Page): readonly Block[] {
  if (isTranslation(page)) return []
  return blocksOf(page).filter(({ language }) => ['sh', 'bash', 'shell', 'console'].includes(language))
}

export function listedFor(block: Block): readonly ListedBlock[] {
  return listedBlocks.filter(({ page, begins }) => block.at.startsWith(`${page}:`) && block.code.startsWith(begins))
}

/** Whether it wants a cluster or an engine, so that its spelling alone is looked at. */
export function isElsewhere(block: Block): boolean {
  return callsIn(block.code).length > 0
}

/** Whether tests/walkthroughs run it with its page. */
export function runs(block: Block): boolean {
  const isWalked = [...runPages.map(({ page }) => page), ...walkedPages].some((page) => block.at.startsWith(`${page}:`))
  return isWalked && listedFor(block).length === 0 && !isElsewhere(block)
}
