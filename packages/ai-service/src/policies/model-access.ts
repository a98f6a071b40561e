// Refuses models that the caller's key does not list; names are compared as they are written, never by prefix or case.
import { AiError } from 'ai-lib/internal/errors/ai-error'
import type { Policy } from './policy.ts'

export function modelAccess(): Policy {
  return {
    name: 'model-access',
    needs: 'head',
    around(exchange, next) {
      const model = exchange.asked?.head.model
      const { models } = exchange.caller
      if (models && (model === undefined || !models.has(model)))
        throw new AiError('policy_model_not_allowed', { param: 'model' })
      return next()
    },
  }
}
