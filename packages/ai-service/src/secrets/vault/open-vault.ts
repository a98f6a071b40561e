// Opens the connection to Vault that settings describe; nothing is sent before the first reference is read.
import { resolveProxy } from 'ai-lib/internal/transport/resolve-proxy'
import type { Transport } from 'ai-lib/internal/transport/transport'
import { VaultClient, type VaultClientParts } from './vault-client.ts'

export function openVault(
  transport: Transport,
  { settings, env, onSecret }: Omit<VaultClientParts, 'channel'>,
): VaultClient {
  const { origin } = new URL(settings.address)
  const proxy = resolveProxy({ origin, environment: env })
  const channel = transport.open({
    origin,
    ...(proxy === undefined ? {} : { proxy }),
    ca: settings.ca,
    poolSize: 4,
    // Vault stands in the company's own network, and only its operator can say where.
    allowPrivate: true,
  })
  return new VaultClient({ settings, channel, env, ...(onSecret === undefined ? {} : { onSecret }) })
}
