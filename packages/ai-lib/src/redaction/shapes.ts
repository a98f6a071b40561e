// What a secret looks like that nobody has told us: forms that vendors gave their keys, and the places where secrets stand.
//
// Every pattern runs in time linear in the text, on an engine that backtracks: it starts at a letter sequence that it
// cannot meet again within its own match, its repetitions are of one class each, and what follows one is not in it.

export interface Shape {
  /** Its name in the mark. */
  readonly what: string
  /** One of these stands in every text that has the shape; compared without regard to case. */
  readonly anchors: readonly string[]
  /** The secret is the first group, or the whole match where there is none. */
  readonly pattern: RegExp
  /** Says no to what has the form but is ordinary text. */
  readonly isSecret?: (found: string) => boolean
}

const token = String.raw`[^\s"'\x60<>\\,;()[\]{}]`

export const shapes: readonly Shape[] = [
  {
    what: 'private-key',
    anchors: ['private key'],
    // One without its end was cut: everything after its beginning may be key.
    pattern:
      /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[\s\S]*?-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|[\s\S]*)/dg,
  },
  {
    what: 'jwt',
    anchors: ['eyj'],
    pattern: /(?<![\w-])eyJ[\w-]{10,}\.[\w-]{10,}(?:\.[\w-]*){1,4}/dg,
  },
  prefixed('anthropic-key', ['sk-ant-'], 9),
  prefixed('openrouter-key', ['sk-or-'], 10),
  // Sixteen letters with its prefix.
  prefixed('sk-key', ['sk-'], 13),
  prefixed('caller-key', ['ais_'], 16),
  prefixed('groq-key', ['gsk_'], 20),
  prefixed('xai-key', ['xai-'], 20),
  prefixed('google-key', ['AIza'], 30),
  prefixed('huggingface-token', ['hf_', 'api_org_'], 20),
  prefixed('replicate-token', ['r8_'], 20),
  prefixed('perplexity-key', ['pplx-'], 20),
  prefixed('nvidia-key', ['nvapi-'], 20),
  prefixed('fireworks-key', ['fw_'], 20),
  prefixed('together-key', ['tgp_v1_'], 20),
  prefixed('cerebras-key', ['csk-'], 20),
  prefixed('github-token', ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'github_pat_'], 20),
  prefixed('gitlab-token', ['glpat-', 'gldt-', 'glrt-'], 16),
  prefixed('slack-token', ['xoxa-', 'xoxb-', 'xoxe-', 'xoxo-', 'xoxp-', 'xoxr-', 'xoxs-', 'xapp-'], 10),
  prefixed('stripe-key', ['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_', 'whsec_'], 10),
  prefixed('npm-token', ['npm_'], 30),
  prefixed('pypi-token', ['pypi-'], 40),
  prefixed('sendgrid-key', ['SG.'], 20),
  prefixed('vault-token', ['hvs.', 'hvb.', 'hvr.'], 20),
  prefixed('google-access-token', ['ya29.'], 20),
  {
    what: 'aws-access-key',
    anchors: ['akia', 'asia', 'abia', 'acca'],
    pattern: /(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}/dg,
  },
  // Where secrets stand: less sure of what it is, so that a vendor's name for it comes first.
  {
    what: 'bearer-token',
    anchors: ['bearer'],
    pattern: new RegExp(String.raw`bearer(?::?\s{1,8}|\+)(${token}+)`, 'dgi'),
    isSecret: isNoWordOfProse,
  },
  {
    what: 'basic-credentials',
    anchors: ['basic'],
    pattern: /basic(?:\s{1,8}|\+)([\w+/-]{6,}={0,2})/dgi,
    isSecret: (found) => Buffer.from(found, 'base64').includes(':') && /[A-Z0-9=]/.test(found),
  },
  {
    what: 'url-credentials',
    anchors: ['://'],
    pattern: /:\/\/[^\s/?#"'`<>@:]{0,256}:([^\s/"'`<>]{1,1024})@/dg,
    // The mark itself is a password like any other.
    isSecret: (found) => !/^\[redacted:[a-z0-9-]+:[0-9a-f]{8}\]$/.test(found),
  },
  { what: 'url-credentials', anchors: ['://'], pattern: /:\/\/([^\s/?#"'`<>@:[\]]{16,1024})@/dg },
  {
    what: 'url-parameter',
    anchors: ['key=', 'token=', 'secret=', 'password=', 'passwd=', 'pwd=', 'sig=', 'signature=', 'credential='],
    pattern: new RegExp(
      String.raw`[?&;](?:(?:(?:api|access|private|subscription)[_-]?)?key|(?:(?:access|auth|id|refresh|api|x-amz-security)[_-]?)?token|(?:client[_-]?)?secret|password|passwd|pwd|sig|(?:x-amz-|x-goog-)?signature|(?:x-amz-|x-goog-)credential)=([^\s"'\x60<>\\&#;,()[\]{}]{6,})`,
      'dgi',
    ),
  },
  {
    what: 'named-credential',
    anchors: ['key', 'token', 'secret', 'passw', 'pwd', 'passphrase', 'authorization'],
    pattern: new RegExp(
      String.raw`(?:(?:api|access|secret|account)[_-]?key|(?:access|refresh|auth|id|vault|security|session)[_-]?token|client[_-]?secret|password|passwd|pwd|passphrase|authorization)["']?\s{0,4}(?:=>|[:=])\s{0,4}["']?(?:(?:basic|bearer|token|digest|apikey)[\s+]{1,4})?(${token}{8,})`,
      'dgi',
    ),
    isSecret: (found) => /\d/.test(found) || /.[A-Z]/.test(found) || found.length >= 16,
  },
  {
    what: 'cookie',
    anchors: ['cookie'],
    pattern: /cookie["']?\s{0,4}[:=]\s{0,4}["']?([\w.-]{1,100}=[^\r\n"'\\[\]]{4,})/dgi,
  },
]

/** @param least letters behind the prefix. Some keys have further signs within; none ends in one. */
function prefixed(what: string, prefixes: readonly string[], least: number): Shape {
  const either = prefixes.map((prefix) => prefix.replaceAll('.', '\\.')).join('|')
  return {
    what,
    anchors: prefixes.map((prefix) => prefix.toLowerCase()),
    pattern: new RegExp(String.raw`(?<![A-Za-z0-9])(?:${either})(?:[\w-]|[.+/=~]{1,4}(?=[\w-])){${least},}`, 'dg'),
  }
}

/** What follows `Bearer` in sentences. */
const wordsOfProse = new Set(
  'a an and api are as auth authentication authorization by credential credentials error for format from header headers here in is it key keys must name not of only or prefix required scheme schemes string that the this to token tokens type value was with your'.split(
    ' ',
  ),
)

/** Nor what a server's challenge says behind it. */
function isNoWordOfProse(found: string): boolean {
  return !wordsOfProse.has(found.toLowerCase()) && !/^(?:realm|scope|error|error_description)=/i.test(found)
}
