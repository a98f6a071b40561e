// Who may import whom, as data: the arrows between rooms, the siblings that stay apart, and what only some rooms may touch.

/**
 * Per package, each room and what it may import besides itself: a room, or one file of a room. '*' is everything of the
 * package. Tests beside the code may import more: they build the world around one room.
 */
export const rooms = {
  'ai-lib': {
    errors: [],
    bytes: ['errors'],
    cache: ['errors'],
    chat: ['bytes/json-value.ts', 'errors'],
    dialects: ['chat', 'bytes', 'errors'],
    providers: ['dialects/dialect.ts', 'errors'],
    catalog: ['errors'],
    lanes: ['dialects', 'providers', 'chat', 'bytes', 'errors'],
    // HTTP/1.1 is read and written as bytes: heads and chunks are theirs, connections and timers are the transport's.
    transport: ['chat/failure.ts', 'bytes/http-head.ts', 'bytes/chunked-decoder.ts', 'errors'],
    metrics: [],
    redaction: ['errors'],
    attempts: ['lanes', 'transport', 'providers', 'dialects', 'catalog', 'metrics', 'chat', 'bytes', 'errors'],
    // Amazon's client goes through the proxy as everything else does.
    backup: [
      'attempts/clock.ts',
      'client/environment.ts',
      'errors',
      'transport/resolve-proxy.ts',
      'transport/tunnel-agents.ts',
      'transport/dial-error.ts',
    ],
    client: '*',
    'index.ts': '*',
  },
  'ai-service': {
    http: ['exchange'],
    exchange: [],
    policies: ['exchange', 'keys', 'stores', 'cache'],
    cache: ['exchange', 'stores/cache-store.ts'],
    stores: [],
    audit: ['stores', 'exchange'],
    keys: [],
    secrets: [],
    config: ['keys', 'secrets'],
    redaction: [],
    telemetry: ['exchange', 'redaction'],
    workers: [],
    overload: [],
    // It backs up what the configuration names, and restores it only where it can be loaded again.
    backup: ['audit', 'config', 'stores'],
    cli: '*',
    app: '*',
    'app.ts': '*',
    'main.ts': '*',
  },
}

/** Rooms whose members never import each other; `shared` names the files in the room that every member may import. */
export const siblings = [
  { room: 'ai-lib/src/dialects', what: 'dialect', member: 'folder', notShared: ['registry.ts'] },
  {
    room: 'ai-lib/src/providers',
    what: 'provider',
    member: 'file',
    shared: ['provider.ts', 'openai-compatible.ts'],
    exempt: ['registry.ts'],
  },
  {
    room: 'ai-lib/src/attempts/balancers',
    what: 'balancer',
    member: 'file',
    shared: ['balancer.ts'],
    exempt: ['registry.ts'],
  },
  {
    room: 'ai-service/src/policies',
    what: 'policy',
    member: 'file',
    shared: ['policy.ts'],
    exempt: ['compose.ts', 'order.ts'],
  },
  { room: 'ai-service/src/stores', what: 'store', member: 'folder', notShared: [] },
]

const inputOutput = 'child_process|cluster|dgram|dns|fs|http|https|http2|inspector|net|readline|repl|tls|worker_threads'

/** Single arrows that no room table can say. `to` also sees package names and Node's own modules. */
export const bans = [
  {
    name: 'library-stands-alone',
    from: '^packages/ai-lib/',
    to: '^(packages/|node_modules/)?(ai-service|simulator|ai-simulator)(/|$)',
    message:
      'ai-service and the simulator import ai-lib, never back: move what you need into ai-lib or pass it in as a parameter.',
  },
  {
    name: 'simulator-stands-alone',
    from: '^packages/simulator/',
    to: '^(packages/|node_modules/)?(ai-lib|ai-service)(/|$)',
    message:
      'The simulator plays a provider: sharing our code would make it agree with our bugs. Write what it needs there.',
  },
  {
    name: 'library-depends-on-nothing',
    from: '^packages/ai-lib/src/',
    // An optional peer that the application installs, loaded where it is first needed.
    fromNot: '^packages/ai-lib/src/backup/s3-(storage|upload)\\.ts$',
    to: '^node_modules/',
    toNot: '^node_modules/@types/node/',
    exceptTests: true,
    message: 'ai-lib has no runtime dependency. A first one needs a page in docs/decisions/ and a change of this rule.',
  },
  {
    name: 'pure-rooms-do-no-input-output',
    from: '^packages/ai-lib/src/(errors|bytes|cache|chat|dialects|providers|catalog|lanes|metrics)/',
    to: `^(node:)?(${inputOutput})(/|$)`,
    exceptTests: true,
    message: 'This room decides and never waits: take the bytes, the time or the answer as a parameter.',
  },
  {
    name: 'no-process-outside-main',
    from: '^packages/[^/]+/src/',
    // The library is embedded without a main of ours: one file reads the environment for it.
    fromNot: '^packages/(ai-service/src/main|ai-lib/src/client/environment)\\.ts$',
    to: '^(node:)?process$',
    exceptTests: true,
    message: 'main.ts alone touches process: take environment, arguments, streams and signals as parameters.',
  },
  {
    name: 'no-child-processes',
    from: '^packages/[^/]+/src/',
    to: '^(node:)?(child_process|cluster|repl|inspector)(/|$)',
    exceptTests: true,
    message: 'The service runs under --permission without child processes: use worker_threads.',
  },
  {
    // main.ts asks V8 for its collector, once and in so many words.
    name: 'no-vm',
    from: '^packages/(?!ai-service/src/main\\.ts$)[^/]+/src/',
    to: '^(node:)?vm(/|$)',
    exceptTests: true,
    message: 'The service runs without code from strings: use data.',
  },
]
