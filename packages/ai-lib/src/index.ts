// What applications import.
export type { AttemptRecord } from './attempts/attempt-record.ts'
export type { KeyEvent, KeyState, OutState } from './attempts/key-event.ts'
export type { ShownKey } from './attempts/key-pool.ts'
export {
  type KeyQuarantined,
  type KeyRecovered,
  KeyRing,
  type KeyRotated,
  type KeyRotationHooks,
  type RingKey,
  type RingKeys,
} from './attempts/key-ring.ts'
export type { SecretSource } from './attempts/secret-source.ts'
export { type CompletionCache, ResponseCache, type ResponseCacheOptions } from './cache/response-cache.ts'
export type { Clock, Random } from './attempts/clock.ts'
export type {
  BackupConfig,
  BackupEvent,
  BackupOptions,
  BackupReport,
  GenerationReport,
  RestoreOptions,
  RestoreReport,
} from './backup/backup-config.ts'
export { Backups } from './backup/backups.ts'
export { filePart } from './backup/file-part.ts'
export { FolderStorage } from './backup/folder-storage.ts'
export type { Manifest as BackupManifest, ManifestPart as BackupManifestPart } from './backup/manifest.ts'
export type { ObjectStore, StoredObject } from './backup/object-store.ts'
export type { BackupPart, OpenPart } from './backup/part.ts'
export { type S3Credentials, S3Storage, type S3StorageOptions } from './backup/s3-storage.ts'
export type { ChatEvent, PartHead, StopReason } from './chat/events.ts'
export type { Loss } from './chat/losses.ts'
export type { DialectId, Opaque } from './chat/opaque.ts'
export type { JsonObject, JsonValue } from './bytes/json-value.ts'
export type { CacheMark, Citation, MediaSource, Part, ToolCallId } from './chat/parts.ts'
export type { ChatMessage, ChatRequest, OutputFormat, ReasoningRequest, Tool, ToolChoice } from './chat/request.ts'
export type { Usage } from './chat/usage.ts'
export { AiClient, type CallOptions } from './client/ai-client.ts'
export type { BatchOptions, BatchResult } from './client/batch.ts'
export type {
  ChatCompletionChoice,
  ChatCompletionRequest,
  ChatCompletionResponse,
  ChatCompletionUsage,
} from './client/chat-completion.ts'
export { AuditLogger, type AuditSink, type RequestOutcome } from './client/audit-logger.ts'
export type { ConnectionOptions } from './client/connection-options.ts'
export type { EmbeddingRequest, EmbeddingResponse } from './client/embeddings.ts'
export type { ChatCompletionEvent } from './client/event-queue.ts'
export { Content, Message, Role } from './client/message.ts'
export type { HealthCheckOptions, HealthCheckResult } from './client/health-check.ts'
export { LoadBalancingStrategy, ModelArray, type ModelArrayOptions, type ModelEndpoint } from './client/model-array.ts'
export type { FailoverProvider, ProviderList } from './client/open-hops.ts'
export type { CallOutcome } from './client/watched-call.ts'
export { AiError, type ErrorDetails } from './errors/ai-error.ts'
export { type ErrorCode, type ErrorEntry, errorTable } from './errors/error-codes.ts'
export { Secret } from './errors/secret.ts'
export {
  type MeasuringTimer,
  type Metrics,
  type MetricTags,
  noopMetrics,
  startTimer,
  type SyncMetrics,
  type Timer,
} from './metrics/metrics.ts'
export { AuditMetrics, type EventLogger } from './metrics/audit-metrics.ts'
export { PrometheusMetrics, type PrometheusOptions } from './metrics/prometheus-metrics.ts'
export { Provider } from './providers/registry.ts'
export { sanitizeLog } from './redaction/sanitize-log.ts'
