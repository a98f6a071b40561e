// The counters in memory keep the contract of counters.
import { describeConcurrencyCounters, describeRateCounters } from '../counters.test.kit.ts'
import { createConcurrencyCounters } from './concurrency-counters.ts'
import { createRateCounters } from './rate-counters.ts'

describeRateCounters('memory', createRateCounters)
describeConcurrencyCounters('memory', createConcurrencyCounters)
