// The simulator's public face.
export type {
  AnswerBehaviour,
  Behaviour,
  CutBehaviour,
  DelayBehaviour,
  ErrorInStreamBehaviour,
  GarbageBehaviour,
  GzipBombBehaviour,
  HalfOpenBehaviour,
  RawBehaviour,
  RedirectBehaviour,
  ResetBehaviour,
  ScriptBehaviour,
  ScriptedStop,
  ScriptedToolCall,
  ScriptedUsage,
  StatusBehaviour,
  UnsolicitedBehaviour,
} from './behaviour.ts'
export type { RecordedRequest } from './recorded-requests.ts'
export { type Simulator, type SimulatorOptions, startSimulator } from './simulator.ts'
