// What `--help` and docs/reference/cli.md say of a command beyond its options: examples, and what is worth knowing.
import type { Command } from 'commander'
import { EXIT } from './context.ts'

export interface Example {
  readonly run: string
  readonly says: string
}

export interface CommandPage {
  /** Markdown for the page; `--help` leaves it out. */
  readonly more?: string
  readonly examples: readonly Example[]
}

/** Ways to end, by exit code. */
export const exitMeanings: readonly { readonly code: number; readonly meaning: string }[] = [
  { code: EXIT.ok, meaning: 'well' },
  { code: EXIT.notWell, meaning: 'what was asked about is not well, or the command is not available in this version' },
  { code: EXIT.usage, meaning: 'wrong usage; the nearest command or option is named' },
  {
    code: EXIT.config,
    meaning:
      'the configuration is wrong: file, line, column, path, what was found, what is expected. Nothing was started',
  },
]

/** By the command's words; `start` is what runs without any. */
export const commandPages: Readonly<Record<string, CommandPage>> = {
  start: {
    more: 'Without a key and without a file it starts in demo mode: the built-in simulator answers. SIGTERM drains, a second one ends the drain. SIGHUP reads the [configuration](../how-to/live-configuration.md) and all [provider keys](../how-to/key-rotation.md) anew.',
    examples: [
      { run: 'ai-service', says: 'what the environment and ./ai-service.yaml configure' },
      { run: 'ai-service start --config /etc/ai-service/ai-service.yaml', says: 'a file of your own' },
      { run: 'AI_SERVICE_PORT=8090 AI_SERVICE_METRICS_PORT=0 ai-service', says: 'another port, no metrics listener' },
    ],
  },
  check: {
    more: 'Warnings go to stderr and do not change the exit code.',
    examples: [
      { run: 'ai-service check', says: 'what would start' },
      { run: 'ai-service check --json --config ai-service.yaml', says: 'the same for a program' },
    ],
  },
  doctor: {
    more: 'What is not well is told with what it is, where, and behind `->` what to do; `fail` makes the exit code 1, `warn` does not. It names the variables that would count where no key is set; tells a provider that is unknown to DNS, refuses, drops, fails TLS or is only slow apart, and a proxy that is away, refuses CONNECT or wants credentials; compares the clock with what servers say (more than 60 s apart is wrong); says which program has a port; looks whether data, database and backup folders can be written, and whether others may read or write files of secrets. It tells the newest backup’s age, and asks each provider, the shared store, the store of backups and the receiver of traces for 3 s each. No provider’s key is sent.',
    examples: [
      { run: 'ai-service doctor', says: 'everything' },
      { run: 'ai-service doctor --no-network', says: 'without contacting anybody' },
      { run: 'ai-service doctor --json', says: 'ok, and findings with what, state, detail and todo' },
    ],
  },
  health: {
    more: 'Asks the configured data listener for `/health/ready`; it reads no key of a provider. Where the file is not valid now, it asks the address that the file names all the same: a service that runs well with the file before it is well.',
    examples: [{ run: 'ai-service health', says: '0 where it is ready, 1 where it is not, or is not there' }],
  },
  'keys create': {
    more: 'It hashes with `auth.pepper` of the configuration that it finds, so run it with the service’s own. The key is shown once; only its HMAC is kept, in the line that it prints for `auth.keys`.',
    examples: [
      { run: 'ai-service keys create --id alice --user alice --team search', says: 'a key for one person' },
      { run: 'ai-service keys create --models production --expires 2030-01-01', says: 'one model, for a time' },
    ],
  },
  simulator: {
    more: 'It plays providers for tests and trials: `echo` repeats, `script` does as a directive in the prompt says. It ends when it is interrupted.',
    examples: [{ run: 'ai-service simulator --port 8089', says: 'an upstream to try things with' }],
  },
  schema: {
    examples: [{ run: 'ai-service schema > ai-service.schema.json', says: 'for editors and for charts' }],
  },
  'backup now': {
    more: 'Configuration, database, audit keys, and the names and states of provider keys: [backups](../how-to/backup.md).',
    examples: [{ run: 'ai-service backup now', says: 'one more generation' }],
  },
  'backup list': {
    examples: [{ run: 'ai-service backup list --json', says: 'generations by their manifests, for a program' }],
  },
  'backup verify': {
    more: 'Exit code 1 where one is altered, cut off, or of another key, or where there is none.',
    examples: [
      { run: 'ai-service backup verify', says: 'every generation' },
      { run: 'ai-service backup verify 1', says: 'one of them' },
    ],
  },
  restore: {
    more: 'Nothing is written before everything was read and compared.',
    examples: [
      { run: 'ai-service restore --to restored --dry-run', says: 'would the newest do?' },
      { run: 'ai-service restore 1 --to restored', says: 'an older one, into a new folder' },
    ],
  },
  'audit tail': {
    examples: [
      { run: 'ai-service audit tail --lines 50', says: 'the newest 50' },
      { run: 'ai-service audit tail --follow --json', says: 'and those to come, as they are' },
    ],
  },
  'audit verify': {
    more: 'Chains, heads and what they prove: [audit records](audit.md).',
    examples: [
      { run: 'ai-service audit verify', says: 'the store that the configuration names' },
      { run: 'ai-service audit verify --file exported.jsonl', says: 'an export' },
    ],
  },
  'audit export': {
    examples: [{ run: 'ai-service audit export --file trail.jsonl', says: 'the whole trail, into a new file' }],
  },
}

/** Puts the examples behind the help of each command. */
export function addExamples(program: Command): void {
  for (const { words, command } of leavesOf(program)) {
    const examples = commandPages[words]?.examples ?? []
    if (examples.length === 0) continue
    const lines = examples.map(({ run, says }) => `  ${run}\n      ${says}`)
    command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`)
  }
}

export interface Leaf {
  /** `audit tail` */
  readonly words: string
  readonly command: Command
}

/** Every command that does something. */
export function leavesOf(command: Command, before = ''): readonly Leaf[] {
  return command.commands.flatMap((child) => {
    const words = `${before}${child.name()}`
    return child.commands.length === 0 ? [{ words, command: child }] : leavesOf(child, `${words} `)
  })
}
