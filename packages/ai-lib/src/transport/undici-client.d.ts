// The types of undici's client module, which undici itself declares only for its main entry.
declare module 'undici/lib/dispatcher/client.js' {
  import type { Client } from 'undici'
  const client: typeof Client
  export default client
}
