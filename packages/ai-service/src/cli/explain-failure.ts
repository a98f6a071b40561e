// Why a provider is not reached, in words: which step failed, and what to do about it. Names no secret.
import type { TransportFailure } from 'ai-lib/internal/transport/transport'

export interface Explained {
  readonly why: string
  readonly todo: string
}

export interface Asked {
  readonly provider: string
  readonly isProxied: boolean
}

export function explainFailure(failure: TransportFailure, { provider, isProxied }: Asked): Explained {
  const setting = `providers.${provider}`
  const code = codeOf(failure.cause)
  switch (failure.kind) {
    case 'proxy':
      return explainProxy(failure, setting)
    case 'tls':
      return explainTls(code, setting)
    case 'dns':
      return code === 'ENOTFOUND'
        ? { why: `its name is not known (${code})`, todo: `Look at the name in ${setting}.baseUrl.` }
        : {
            why: `its name is not resolved${code === '' ? '' : ` (${code})`}`,
            todo: 'The resolver does not answer or refuses: look at /etc/resolv.conf, or set server.dns.',
          }
    case 'timeout': {
      const why = isProxied ? 'the proxy opened no tunnel in time' : 'timeout: there is no connection within 3 s'
      return {
        why,
        todo: `Something drops what is sent: a firewall, or only a proxy leads out (HTTPS_PROXY, ${setting}.proxy).`,
      }
    }
    case 'refused':
      return explainRefused(code, setting)
    case 'address-denied':
      return { why: 'its address is private', todo: `Where that is meant, write ${setting}.private: true.` }
    case 'protocol':
      return { why: 'what answers there does not speak HTTP', todo: `Look at scheme and port of ${setting}.baseUrl.` }
    default:
      return {
        why: `the connection was closed before an answer (${failure.kind}${code === '' ? '' : `, ${code}`})`,
        todo: `Look at scheme and port of ${setting}.baseUrl, and at what lies in between.`,
      }
  }
}

function explainRefused(code: string, setting: string): Explained {
  if (code === 'ECONNREFUSED' || code === '')
    return {
      why: 'nothing listens there (ECONNREFUSED)',
      todo: `Look at host and port of ${setting}.baseUrl, and whether it runs.`,
    }
  return {
    why: `there is no way to it (${code})`,
    todo: `Look at this machine's network; where only a proxy leads out, set HTTPS_PROXY or ${setting}.proxy.`,
  }
}

const lower = (sentence: string): string => sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, '')

function explainProxy({ reason = 'The proxy does not let it through' }: TransportFailure, setting: string): Explained {
  const where = `${setting}.proxy, AI_PROXY_URL or HTTPS_PROXY`
  const why = lower(reason)
  if (reason.includes('407'))
    return {
      why,
      todo: `Put user:password@ into its URL (${where}); a reference such as env:NAME keeps it out of the file.`,
    }
  if (reason.includes('refused CONNECT'))
    return {
      why,
      todo: `Allow the provider's host and port in the proxy, or go around it: NO_PROXY, or ${setting}.disableProxy: true.`,
    }
  return { why, todo: `Look at host, port and scheme of the proxy (${where}), and whether it runs.` }
}

const untrusted = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

function explainTls(code: string, setting: string): Explained {
  if (untrusted.has(code))
    return {
      why: `TLS fails: nobody trusted has signed its certificate (${code})`,
      todo: `A company's own certificate goes into NODE_EXTRA_CA_CERTS or ${setting}.ca.`,
    }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return {
      why: `TLS fails: its certificate is ${code === 'CERT_HAS_EXPIRED' ? 'no longer' : 'not yet'} valid (${code})`,
      todo: 'It must be renewed there; or this machine’s clock is wrong.',
    }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return {
      why: `TLS fails: its certificate is for another name (${code})`,
      todo: `Look at the name in ${setting}.baseUrl.`,
    }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL'))
    return {
      why: `TLS fails: what answers there does not speak it (${code})`,
      todo: `Look at scheme and port of ${setting}.baseUrl: http: or https:?`,
    }
  return {
    why: `TLS fails${code === '' ? '' : ` (${code})`}`,
    todo: `Look at its certificate: openssl s_client -connect host:port.`,
  }
}

/** The innermost code: what failed wraps what the system said. */
function codeOf(fault: unknown): string {
  if (!(fault instanceof Error)) return ''
  const inner = codeOf(fault.cause)
  if (inner !== '') return inner
  return 'code' in fault && typeof fault.code === 'string' ? fault.code : ''
}
