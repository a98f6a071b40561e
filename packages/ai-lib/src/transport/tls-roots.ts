// The certificate authorities of one channel: the runtime's own and the operator's, never fewer.
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'

/**
 * A context that trusts the default roots (bundled ones and `NODE_EXTRA_CA_CERTS`) and the given PEM certificates;
 * `undefined`, Node's shared default, where there are none. Built once per channel: it parses some 150 certificates.
 */
export function createTlsRoots(ca: readonly string[] | undefined): SecureContext | undefined {
  if (ca === undefined || ca.length === 0) return undefined
  return createSecureContext({ ca: [...getCACertificates('default'), ...ca], minVersion: 'TLSv1.2' })
}
