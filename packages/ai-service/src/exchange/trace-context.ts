// W3C Trace Context: reads what a caller sent, strictly, and takes what is malformed for nothing at all.

export interface TraceParent {
  /** 32 hex digits, not all zero. */
  readonly traceId: string
  /** 16 hex digits: the caller's own span. */
  readonly spanId: string
  /** Of the flags those that are defined: 1 sampled, 2 a random trace id. */
  readonly flags: number
}

export const sampledFlag = 1
export const randomFlag = 2
const definedFlags = sampledFlag | randomFlag

const traceparentForm = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/
const zeros = /^0+$/

/** Undefined for whatever the specification says to ignore: then the caller has no trace. */
export function readTraceparent(header: string): TraceParent | undefined {
  const [, version, traceId = '', spanId = '', flags = '', more] = traceparentForm.exec(header) ?? []
  if (version === undefined || version === 'ff' || zeros.test(traceId) || zeros.test(spanId)) return undefined
  // Version 00 ends here; what a later one adds is not ours to judge.
  if (version === '00' && more !== undefined) return undefined
  return { traceId, spanId, flags: Number.parseInt(flags, 16) & definedFlags }
}

export function writeTraceparent(traceId: string, spanId: string, flags: number): string {
  return `00-${traceId}-${spanId}-0${flags}`
}

const memberForm =
  /^(?:[a-z\d][\w\-*/]{0,255}|[a-z\d][\w\-*/]{0,240}@[a-z][\w\-*/]{0,13})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/
const maxMembers = 32
/** What has to be passed on at least, and what is at most: members behind it are left out. */
const maxStateChars = 512

/** The list as it may be passed on; undefined where it is empty or malformed. */
export function readTracestate(header: string): string | undefined {
  const members = header
    .split(',')
    .map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ''))
    .filter((member) => member !== '')
  const keys = new Set(members.map((member) => member.slice(0, member.indexOf('='))))
  const isWell = members.length <= maxMembers && keys.size === members.length && members.every(isMember)
  if (!isWell) return undefined
  let state = ''
  for (const member of members) {
    if (state.length + member.length + 1 > maxStateChars) break
    state += state === '' ? member : `,${member}`
  }
  return state === '' ? undefined : state
}

function isMember(member: string): boolean {
  // `\w` also takes capitals, which keys do not have.
  return memberForm.test(member) && !/[A-Z]/.test(member.slice(0, member.indexOf('=')))
}
