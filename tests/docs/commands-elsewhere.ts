// Commands of the pages that want a cluster or an engine: which ones and with which flags, so that their spelling is looked at.

export interface ElsewhereProgram {
  /** Why its blocks are not run. */
  readonly reason: string
  /** What it is asked to do: its first words. */
  readonly verbs: readonly string[]
  readonly flags: readonly string[]
}

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/)
}

/** A block that calls one of these is looked at and not run. */
export const elsewhere: Readonly<Record<string, ElsewhereProgram>> = {
  kubectl: {
    reason: 'wants a cluster; manifests are rendered and judged by tests/deploy',
    verbs: words(`
      apply annotate config create delete describe edit exec expose get kustomize label logs patch
      port-forward rollout run scale set top version wait events`),
    flags: words(`
      -A -c -f -k -l -n -o -p -w --all --container --context --dry-run --field-selector --filename
      --follow --for --from-file --from-literal --image --kustomize --labels --namespace --output
      --overwrite --patch --port --previous --replicas --restart --selector --server-side --show-managed-fields
      --since --tail --template --timeout --type --watch -i -t -it --rm --save-config --ignore-not-found
      --from-env-file`),
  },
  helm: {
    reason: 'wants a cluster; the chart is rendered and judged by tests',
    verbs: words(`
      dependency get history install lint list package push rollback show status template test uninstall
      upgrade version`),
    flags: words(`
      -f -i -n --atomic --create-namespace --debug --description --dry-run --install --namespace
      --reset-values --reuse-values --set --set-file --set-json --set-literal --set-string --timeout
      --values --version --wait --show-only -s --strict --rollback-on-failure`),
  },
  kind: { reason: 'wants an engine', verbs: words('create delete get load'), flags: words('--name --config') },
  docker: {
    reason: 'wants an engine; the image is built and run by tests without one',
    verbs: words(`
      build buildx compose exec image images inspect load logs ps pull push run stop tag kill rm`),
    flags: words(`
      -d -e -f -i -p -t -v -it --build --build-arg --cap-drop --cpus --detach --env --env-file --file
      --follow --init --label --load --memory --mount --name --network --no-cache --platform --profile
      --publish --push --pull --read-only --rm --scale --secret --security-opt --signal --tag --target
      --tmpfs --user --volume --wait --stop-timeout -a --all --format --volumes -s --time --restart
      --health-cmd`),
  },
}

export interface Call {
  readonly program: string
  readonly words: readonly string[]
}

/** Each call of a program from the table in a block, without its assignments and its quoted texts. */
export function callsIn(code: string): readonly Call[] {
  const joined = code.replaceAll(/\\\n/g, ' ').replaceAll(/(^|\s)#.*$/gm, '')
  const bare = joined.replaceAll(/'[^']*'/g, "''").replaceAll(/"(?:\\.|\$\([^)]*\)|[^"\\])*"/g, '""')
  return bare
    .split(/[\n;|&()]+/)
    .map((part) =>
      part
        .trim()
        .replace(/^(?:\w+=\$?\S*\s+)+/, '')
        .replace(/^\w+=\$?/, '')
        .split(/\s+/),
    )
    .filter(([program = '']) => Object.hasOwn(elsewhere, program))
    .map(([program = '', ...words]) => ({ program, words }))
}

/** What is odd about a call: a verb or a flag that its program has not. */
export function oddIn({ program, words }: Call): readonly string[] {
  const known = elsewhere[program]
  if (known === undefined) return [program]
  const end = words.indexOf('--')
  const own = end === -1 ? words : words.slice(0, end)
  const flags = own.filter((word) => /^--?[a-z]/i.test(word)).map((word) => word.replace(/=.*$/, ''))
  const isValueOf = (at: number): boolean => /^(-n|--namespace|--context|-f|--file|--profile)$/.test(own[at - 1] ?? '')
  const verb = own.find((word, at) => !word.startsWith('-') && !isValueOf(at))
  return [
    ...flags.filter((flag) => !known.flags.includes(flag)),
    ...(verb !== undefined && known.verbs.includes(verb) ? [] : [`${program} ${verb ?? ''}`]),
  ]
}

/** Paths into the repository that a block names. */
export function pathsIn(code: string): readonly string[] {
  return [...code.matchAll(/(?<![\w./-])(?:\.\/)?((?:deploy|examples|docs|packages|scripts)\/[\w./-]*\w)/g)].map(
    ([, path = '']) => path,
  )
}
