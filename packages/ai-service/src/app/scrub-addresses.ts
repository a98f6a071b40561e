// Takes the upstreams' addresses out of what providers say: a client learns which provider answered, not where it stands.
import type { Config } from '../config/config.ts'

/** A function that puts `[provider address]` in place of every configured base URL's host, with the URL around it. */
export function createAddressScrubber(config: Config): (text: string) => string {
  const hosts = [...new Set(baseUrls(config).flatMap((url) => URL.parse(url)?.host ?? []))]
  if (hosts.length === 0) return (text) => text
  // The longest first: of `api.example.com` and `api.example.com:8443` the port must not stay behind.
  const names = hosts
    .toSorted((left, right) => right.length - left.length)
    .map((host) => host.replaceAll(/[.[\]:]/g, '\\$&'))
  const pattern = new RegExp(
    `(?:[a-z]{2,10}://)?(?<![\\w.-])(?:${names.join('|')})(?![\\w-])(?:/[^\\s"'<>)]{0,2000})?`,
    'gi',
  )
  return (text) => text.replace(pattern, '[provider address]')
}

function baseUrls({ providers, models }: Config): readonly string[] {
  const own = [...providers.values()].flatMap(({ baseUrl }) => baseUrl ?? [])
  return [...own, ...[...models.values()].flatMap(({ endpoints }) => endpoints.flatMap(({ baseUrl }) => baseUrl ?? []))]
}
