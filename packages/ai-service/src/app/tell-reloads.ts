// What becomes of a reload in log, metrics and audit trail; no value of a configuration is in any of them.
import { changedSections } from '../config/changed-sections.ts'
import type { Log } from '../telemetry/log.ts'
import type { Redactor } from '../redaction/redactor.ts'
import type { ReloadSeries } from '../telemetry/service-series.ts'
import type { OpenAudit } from './open-audit.ts'
import type { ReloaderParts, ReloadOutcome, ReloadTrigger } from './reloader.ts'

export interface ReloadListeners {
  readonly log: Pick<Log, 'debug' | 'info' | 'warn' | 'error'>
  readonly metrics: ReloadSeries
  readonly audit: Pick<OpenAudit, 'recordAdmin'>
  readonly redactor: Pick<Redactor, 'excerpt'>
}

/** Characters of one problem in the audit trail. */
const maxProblem = 1_000

export function tellReloads({ log, metrics, audit, redactor }: ReloadListeners): ReloaderParts['tell'] {
  let wasRefused = false
  return (outcome, trigger) => {
    const { kind } = outcome
    metrics.recordReload(kind)
    // Whoever mends a file by putting the old one back waits for a word about it, too.
    if (kind === 'unchanged' && wasRefused)
      log.info('the configuration is valid again; the one that serves stays', told(outcome, trigger))
    else tellLog(log, outcome, trigger)
    wasRefused = kind === 'rejected'
    if (kind === 'applied') {
      audit.recordAdmin('config.reload', { outcome: kind, trigger, ...whatChanged(outcome) })
    } else if (kind === 'rejected') {
      const { running } = outcome
      // Somebody may have put a key where a name belongs.
      const problems = outcome.problems.map((problem) => redactor.excerpt(problem, maxProblem))
      audit.recordAdmin('config.reload', { outcome: kind, trigger, config_version: running.version, problems })
    }
  }
}

function whatChanged({ from, to }: ReloadOutcome & { readonly kind: 'applied' }) {
  const changed = changedSections(from.config, to.config)
  return { config_version: to.version, previous_version: from.version, changed }
}

function told({ running }: ReloadOutcome & { readonly kind: 'unchanged' }, trigger: ReloadTrigger) {
  return { config_version: running.version, trigger }
}

function tellLog(log: ReloadListeners['log'], outcome: ReloadOutcome, trigger: ReloadTrigger): void {
  switch (outcome.kind) {
    case 'applied': {
      const { from, to } = outcome
      for (const warning of to.warnings) if (!from.warnings.includes(warning)) log.warn(warning)
      return log.info('another configuration was taken over', { trigger, ...whatChanged(outcome) })
    }
    case 'unchanged': {
      const fields = told(outcome, trigger)
      return trigger === 'signal'
        ? log.info('the configuration is what it was', fields)
        : log.debug('the configuration is what it was', fields)
    }
    case 'rejected': {
      const { running, problems } = outcome
      const fields = { config_version: running.version, trigger, problems }
      return log.error('a configuration is not taken over; the one before goes on serving', fields)
    }
  }
}
