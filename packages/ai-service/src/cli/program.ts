// The command line: which commands there are, what they take, and how each way of ending becomes an exit code.
import { inspect } from 'node:util'
import { sanitizeLog } from 'ai-lib/internal/redaction/sanitize-log'
import { Command, CommanderError } from 'commander'
import { didYouMean } from '../config/nearest.ts'
import type { AuditExportOptions } from './audit-export.ts'
import type { AuditTailOptions } from './audit-tail.ts'
import type { AuditVerifyOptions } from './audit-verify.ts'
import type { BackupOptions } from './backup.ts'
import { check, type CheckOptions } from './check.ts'
import { addExamples } from './command-pages.ts'
import { type CliParts, EXIT } from './context.ts'
import type { DoctorOptions } from './doctor.ts'
import { health, type HealthOptions } from './health.ts'
import { keysCreate, type KeysCreateOptions } from './keys-create.ts'
import type { ConfigOptions } from './load-or-report.ts'
import { notYet } from './not-yet.ts'
import type { RestoreCommandOptions } from './restore.ts'
import { schema } from './schema.ts'
import { simulator, type SimulatorCommandOptions } from './simulator.ts'
import { start } from './start.ts'

const JSON_FLAG = ['--json', 'print one line of JSON'] as const

/** Runs one command line to its end: 0 well, 1 not well, 64 wrong usage, 78 wrong configuration. */
export async function runCli(given: CliParts): Promise<number> {
  // Complaints repeat what was typed and what a file says, and somebody may have put a key there.
  const parts: CliParts = { ...given, stderr: { write: (text) => given.stderr.write(sanitizeLog(text)) } }
  let code: number = EXIT.ok
  const program = createProgram(parts, (result) => {
    code = result
  })
  try {
    await program.parseAsync([...parts.argv], { from: 'user' })
    return code
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      // Node would print a fault of ours as it is, with whatever stands in its message.
      parts.stderr.write(`${inspect(error)}\n`)
      return EXIT.notWell
    }
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  }
}

/** @param done told the exit code of the command that ran. */
export function createProgram(parts: CliParts, done: (code: number) => void): Command {
  const program = new Command('ai-service')
    .description('One front door to many AI providers.')
    .version(parts.version, '-V, --version')
    .option(
      '-c, --config <file>',
      'configuration file (default: AI_SERVICE_CONFIG, ./ai-service.yaml, /etc/ai-service/ai-service.yaml)',
    )
    .exitOverride()
    .configureOutput({ writeOut: (text) => parts.stdout.write(text), writeErr: (text) => parts.stderr.write(text) })
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('--help lists what there is; hosts and ports are settings (AI_SERVICE_PORT, server.port).')
  addService(program, parts, done)
  addKeys(program, parts, done)
  addTools(program, parts, done)
  addBackups(program, parts, done)
  addAudit(program, parts, done)
  addExamples(program)
  return program
}

type Add = (program: Command, parts: CliParts, done: (code: number) => void) => void

const addService: Add = (program, parts, done) => {
  program
    .command('start', { isDefault: true })
    .description('start the service (default)')
    .usage('[options]')
    .argument('[word]')
    .action(async (word: string | undefined, _: unknown, command: Command) => {
      // Commander gives a word that is no command to the default command.
      if (word !== undefined) return done(refuseWord(word, program, parts))
      done(await start(parts, command.optsWithGlobals<ConfigOptions>()))
    })
  program
    .command('check')
    .description('validate the configuration and print what would start, without secrets')
    .option(...JSON_FLAG)
    .action(async (_: unknown, command: Command) => done(await check(parts, command.optsWithGlobals<CheckOptions>())))
  program
    .command('doctor')
    .description('look at versions, configuration, keys, file modes, ports, stores and providers')
    .option('--no-network', 'do not contact providers')
    .option(...JSON_FLAG)
    .action(async (_: unknown, command: Command) => {
      const { doctor } = await import('./doctor.ts')
      done(await doctor(parts, command.optsWithGlobals<DoctorOptions>()))
    })
  program
    .command('health')
    .description('exit code 0 where the running service is ready, for container probes')
    .option(...JSON_FLAG)
    .action(async (_: unknown, command: Command) => done(await health(parts, command.optsWithGlobals<HealthOptions>())))
}

const addKeys: Add = (program, parts, done) => {
  const keys = program.command('keys').description('caller keys')
  keys
    .command('create')
    .description('make a caller key; prints it once, and its YAML line')
    .option('--id <id>', '1 to 32 letters and digits (default: random)')
    .option('--user <user>', 'whose key it is')
    .option('--team <team>', 'whose team it counts for')
    .option('--models <names>', 'models it may use, separated by commas (default: all)')
    .option('--expires <date>', '2027-01-01, or a time such as 2027-01-01T12:00:00Z')
    .option(...JSON_FLAG)
    .action(async (_: unknown, command: Command) =>
      done(await keysCreate(parts, command.optsWithGlobals<KeysCreateOptions>())),
    )
  for (const name of ['list', 'revoke', 'rotate']) addOneLater(keys, `keys ${name}`, name, parts, done)
}

const addTools: Add = (program, parts, done) => {
  program
    .command('simulator')
    .description('run the built-in simulator on its own')
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port to listen on; 0 picks a free one', '8089')
    .action(async (options: SimulatorCommandOptions) => done(await simulator(parts, options)))
  program
    .command('schema')
    .description('print the JSON Schema of the configuration')
    .option(...JSON_FLAG)
    .action(() => done(schema(parts)))
}

// Loaded where they are asked for: nobody else needs their code.
const addBackups: Add = (program, parts, done) => {
  const backup = program.command('backup').description('backups of configuration, database and audit keys')
  backup
    .command('now')
    .description('take a backup')
    .option(...JSON_FLAG)
    .action(async (_: unknown, command: Command) => {
      const { backupNow } = await import('./backup.ts')
      done(await backupNow(parts, command.optsWithGlobals<BackupOptions>()))
    })
  backup
    .command('list')
    .description('list the backups in the store')
    .option(...JSON_FLAG)
    .action(async (_: unknown, command: Command) => {
      const { backupList } = await import('./backup.ts')
      done(await backupList(parts, command.optsWithGlobals<BackupOptions>()))
    })
  backup
    .command('verify')
    .description('read, open and compare one backup, or all')
    .argument('[generation]', 'its number (default: all)')
    .option(...JSON_FLAG)
    .action(async (generation: string | undefined, _: unknown, command: Command) => {
      const { backupVerify } = await import('./backup.ts')
      done(await backupVerify(parts, generation, command.optsWithGlobals<BackupOptions>()))
    })
  program
    .command('restore')
    .description('write a backup into a folder')
    .argument('[generation]', 'its number (default: the newest)')
    .option('--to <folder>', 'an empty folder, or one that does not exist yet')
    .option('--dry-run', 'read, open and compare everything, write nothing')
    .option('--force', 'replace files of the same names')
    .option(...JSON_FLAG)
    .action(async (generation: string | undefined, _: unknown, command: Command) => {
      const { restore } = await import('./restore.ts')
      done(await restore(parts, generation, command.optsWithGlobals<RestoreCommandOptions>()))
    })
}

const addAudit: Add = (program, parts, done) => {
  const audit = program.command('audit').description('the audit trail; needs no running service')
  audit
    .command('tail')
    .description('print the newest records')
    .option('-n, --lines <count>', 'how many', '20')
    .option('-f, --follow', 'go on with those to come')
    .option('--json', 'print records as they are, one line of JSON each')
    .action(async (_: unknown, command: Command) => {
      const { auditTail } = await import('./audit-tail.ts')
      done(await auditTail(parts, command.optsWithGlobals<AuditTailOptions>()))
    })
  audit
    .command('verify')
    .description('walk every chain and name the first record that was altered, swapped or lost; exit code 1 if any')
    .option('--file <export>', 'an export in place of the store')
    .option('--key <files...>', 'further keys (PEM) that heads may be signed by')
    .option('--heads <logs...>', 'logs of the service, whose signed heads the chains must reach')
    .option(...JSON_FLAG)
    .action(async (_: unknown, command: Command) => {
      const { auditVerify } = await import('./audit-verify.ts')
      done(await auditVerify(parts, command.optsWithGlobals<AuditVerifyOptions>()))
    })
  audit
    .command('export')
    .description('print the whole trail as JSON Lines that end with the signed heads')
    .option('--file <path>', 'write a new file in place of standard output')
    .option('--json', 'as it is always')
    .action(async (_: unknown, command: Command) => {
      const { auditExport } = await import('./audit-export.ts')
      done(await auditExport(parts, command.optsWithGlobals<AuditExportOptions>()))
    })
}

function addOneLater(group: Command, title: string, name: string, parts: CliParts, done: (code: number) => void): void {
  group
    .command(name)
    .description('not available in this version')
    .argument('[words...]')
    .allowUnknownOption()
    .action(() => done(notYet(parts, title)))
}

function refuseWord(word: string, program: Command, { stderr }: CliParts): number {
  const names = program.commands.map((command) => command.name())
  const shown = /^[\w-]{1,40}$/.test(word) ? ` ${word}` : ''
  const hint = didYouMean(word, names) || `; the commands are ${names.join(', ')}`
  stderr.write(`error: unknown command${shown}${hint}\n`)
  return EXIT.usage
}
