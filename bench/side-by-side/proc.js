// CPU time and memory of processes, read from Linux's /proc.
import { readdirSync, readFileSync } from 'node:fs'

// USER_HZ is 100 on every Linux that Node runs on. The kernel scales these figures to its exact run time, so that a
// process that sleeps often is not missed by the tick.
const tickMs = 10

/** Milliseconds of CPU that a process and its living children have used, user and system. */
export function cpuMs(pid) {
  return withChildren(pid).reduce((sum, each) => sum + ownCpuMs(each), 0)
}

/** Resident bytes of a process and its living children; pages that they share count once for each. */
export function residentBytes(pid) {
  return withChildren(pid).reduce((sum, each) => sum + statusKb(each, 'VmRSS') * 1024, 0)
}

/** CPU time so far of this process and of children that have ended. */
export function ownAndReapedCpuMs() {
  const fields = statFields('self')
  return (fields[11] + fields[12] + fields[13] + fields[14]) * tickMs
}

/** CPU time so far of the whole machine, all cores together; what a hypervisor gave to others included. */
export function machineBusyMs() {
  const [user, nice, system, , , irq, softirq, steal] = readFileSync('/proc/stat', 'utf8')
    .split('\n', 1)[0]
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number)
  return (user + nice + system + irq + softirq + steal) * tickMs
}

function ownCpuMs(pid) {
  try {
    const fields = statFields(pid)
    return (fields[11] + fields[12]) * tickMs
  } catch {
    return 0 // It ended between listing and reading; its time is then with whoever reaped it.
  }
}

// The fields behind the name, which may itself hold blanks and parentheses: [0] is the state, [11] is utime.
function statFields(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
}

function statusKb(pid, name) {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0)
}

function withChildren(pid) {
  return [pid, ...childrenOf(pid).flatMap(withChildren)]
}

function childrenOf(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
    )
  } catch {
    return []
  }
}
