// The process: arguments, environment, streams and signals. No other file touches `process`.
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { runCli } from './cli/program.ts'
import { serve } from './app/serve.ts'
