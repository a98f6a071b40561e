// The environment's proxies of a configuration, as the library looks them up.
import type { EnvironmentProxy, GuardedUrl } from '../config/config.ts'

/** As a process has them, for `resolveProxy`. */
export function proxyVariables({ http, https, no }: EnvironmentProxy): Readonly<Record<string, string | undefined>> {
  const reveal = (url: GuardedUrl | undefined): string | undefined => url?.url.reveal()
  return { http_proxy: reveal(http), https_proxy: reveal(https), no_proxy: no }
}
