// `node scripts/build-redaction-rules.js` writes the redactor's rules and their reference page from gitleaks.toml.
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { leastRun, longestMatch, parseRegex, sampleOf } from './regex-shape.js'
import { readToml } from './read-toml.js'

const folder = new URL('../packages/ai-service/data/gitleaks/', import.meta.url)

/**
 * Rules that go by the name before a value alone, so that without their exceptions ordinary words would go. The other
 * rules know a vendor's form: what they except are published samples, and nothing is lost with one of those.
 */
const excepting = new Set(['generic-api-key'])

/** Rules whose only endless part holds no blank: their match ends with the word that it is in. */
const endingWithTheWord = new Set(['generic-api-key'])
const samples = 200
/**
 * The word before a name, which many rules let into their match though not into the secret. It finds nothing more, and
 * costs fifty states on every letter of a long word: without it those rules are ten times as fast.
 */
const lead = String.raw`[\w.-]{0,50}?`

/** What stands between a name and its value, in the rules that look for both. */
const assignment = String.raw`(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'"\s=]{0,5}(`

/** The data that the service loads: what decides, without descriptions. */
export function compileRules(toml) {
  const { rules, allowlist } = readToml(toml)
  return rules.filter(({ regex }) => regex !== undefined).map((rule) => compileRule(rule, allowlist))
}

function compileRule({ id, regex: published, keywords, entropy, secretGroup, allowlists = [] }, everywhere) {
  if (!keywords?.length) throw new Error(`${id}: a rule without keywords would be tried on every text`)
  const known = keywords.map((keyword) => keyword.toLowerCase())
  const regex = withoutLead(published)
  const tree = parseRegex(regex)
  return {
    id,
    keywords: known,
    regex,
    ...runOf(regex, tree),
    ...reachOf(id, tree, known),
    ...(entropy === undefined ? {} : { entropy }),
    ...(secretGroup === undefined ? {} : { group: secretGroup }),
    ...(excepting.has(id) ? { except: exceptions([everywhere, ...allowlists]) } : {}),
  }
}

/** What a text must have beside the keyword, which is quicker seen than the pattern tried. */
function runOf(regex, tree) {
  const [, value] = regex.split(assignment)
  return value === undefined ? { run: leastRun(tree) } : { run: leastRun(parseRegex(`(${value}`)), assigns: true }
}

/**
 * How far from its keyword a match can lie, so that the service need not try the rule on a whole text. Absent where a
 * match may be endless, or stand apart from its keyword.
 */
function reachOf(id, tree, keywords) {
  const reach = longestMatch(tree, endingWithTheWord.has(id) ? 0 : Infinity)
  const draw = drawing()
  const holdsKeyword = () => {
    const sample = sampleOf(tree, draw).toLowerCase()
    return keywords.some((keyword) => sample.includes(keyword))
  }
  if (reach === Infinity || !Array.from({ length: samples }, holdsKeyword).every(Boolean)) return {}
  return { reach, ...(endingWithTheWord.has(id) ? { endsWithWord: true } : {}) }
}

/** The same draws on every run. */
function drawing(seed = 1) {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % below
  }
}

export function withoutLead(regex) {
  const leading = `(?i)${lead}(?:`
  // Where nothing is captured the whole match is the secret, and its beginning matters.
  const hasSecret = regex.slice(leading.length).replaceAll('(?', '').replaceAll(String.raw`\(`, '').includes('(')
  return regex.startsWith(leading) && hasSecret ? regex.replace(lead, '') : regex
}

function exceptions(lists) {
  const regexes = (isTarget) => lists.flatMap((list) => (isTarget(list.regexTarget) ? (list.regexes ?? []) : []))
  return {
    secret: regexes((target) => target === undefined),
    match: regexes((target) => target === 'match'),
    words: lists.flatMap(({ stopwords = [] }) => stopwords),
  }
}

/** One rule a line, so that an update shows what changed. */
export function renderRules(rules) {
  return `[\n${rules.map((rule) => JSON.stringify(rule)).join(',\n')}\n]\n`
}

const intro = `# Redaction rules

<!-- Written by \`node scripts/build-redaction-rules.js\` from packages/ai-service/data/gitleaks/gitleaks.toml; do not edit. -->

The service's redactor knows these rules besides the configured secrets and its own forms
([data-protection.md](../how-to/data-protection.md)). They are those of [gitleaks](https://github.com/gitleaks/gitleaks)
(MIT). A rule is tried where one of its keywords stands in the text, upper or lower case; what it finds must be at least
as irregular as its entropy says, in bits per character. Rules that gitleaks tries in files of some name alone are tried
everywhere.
`

export function renderRulesReference(rules) {
  const rows = rules.map(
    ({ id, keywords, entropy }) =>
      `| \`${id}\` | ${keywords.map((keyword) => `\`${keyword}\``).join(' ')} | ${entropy ?? '–'} |`,
  )
  return `${intro}\n| rule | keywords | entropy |\n|---|---|---|\n${rows.join('\n')}\n`
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const rules = compileRules(readFileSync(new URL('gitleaks.toml', folder), 'utf8'))
  writeFileSync(new URL('rules.json', folder), renderRules(rules))
  writeFileSync(new URL('../docs/reference/redaction-rules.md', import.meta.url), renderRulesReference(rules))
}
